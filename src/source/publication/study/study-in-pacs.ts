import type { KeyImage, ManifestCode, ManifestSeries } from '../../../standards/manifest';

/** What a study's own attributes say, for the pairing with its report and for the manifest. */
export interface StudyFacts {
  readonly studyInstanceUid: string;
  readonly accessionNumber: string;
  /** OID, when the PACS tells it. */
  readonly accessionIssuer: string;
  readonly patientId: string;
  /** OID, when the PACS tells it. */
  readonly patientIdIssuer: string;
  readonly date: string;
  readonly time: string;
  readonly description: string;
  readonly studyId: string;
  readonly referringPhysician: string;
}

/** A key object of the study that was read: key images, a manifest, or a rejection note. */
export interface ReadKeyObject {
  readonly sopInstanceUid: string;
  readonly seriesInstanceUid: string;
  readonly title: ManifestCode;
  readonly comment: string | undefined;
  readonly references: readonly string[];
}

export interface StudyInPacs {
  readonly pacsId: string;
  readonly facts: StudyFacts;
  /** Everything that the PACS holds; addresses are not written yet. */
  readonly series: readonly ManifestSeries[];
  readonly instances: number;
  readonly keyObjects: readonly ReadKeyObject[];
}

/** Puts the marks of key object selections beside the images that they point to. */
export function withKeyImages(
  series: readonly ManifestSeries[],
  keyObjects: readonly ReadKeyObject[],
): ManifestSeries[] {
  const marks = new Map<string, KeyImage[]>();
  for (const { sopInstanceUid, seriesInstanceUid, title, comment, references } of keyObjects) {
    for (const reference of new Set(references)) {
      const mark = { sopInstanceUid, seriesInstanceUid, title, comment };
      marks.set(reference, [...(marks.get(reference) ?? []), mark]);
    }
  }
  return series.map((one) => ({
    ...one,
    instances: one.instances.map((instance) => {
      const keyImages = marks.get(instance.sopInstanceUid);
      return keyImages ? { ...instance, keyImages } : instance;
    }),
  }));
}
