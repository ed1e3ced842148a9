import { keyObjectSelectionClass, isManifestTitle, isRejectionTitle, readKeyObject } from '../../standards/manifest';
import type { ManifestCode } from '../../standards/manifest';
import type { ViewerStudySource } from '../dicomweb/study-source';

/** Key object documents read for one study; a study has a few. */
const notesMax = 20;
const imagesMax = 200;

/** What a key object selection of the study says of some of its images (PS3.3 A.35.4, TID 2010). */
export interface KeyImageNote {
  readonly title: ManifestCode;
  /** Free text of the document (113012, DCM). */
  readonly text?: string;
  /** SOP Instance UIDs that the study lists. */
  readonly images: readonly string[];
}

/**
 * Key object selections of a study that have arrived, and that mark images for a reader: neither manifests nor rejection
 * notes. One that cannot be read is passed over: its images are there all the same.
 */
export async function keyImageNotes(source: ViewerStudySource, signal: AbortSignal): Promise<KeyImageNote[]> {
  const { series } = source.study;
  const listed = new Set(series.flatMap(({ instances }) => instances.map(({ sopInstanceUid }) => sopInstanceUid)));
  const documents = series
    .flatMap(({ instances }) => instances)
    .filter((each) => each.sopClassUid === keyObjectSelectionClass && source.hasArrived(each.sopInstanceUid));
  const notes: KeyImageNote[] = [];
  for (const { sopInstanceUid } of documents.slice(0, notesMax)) {
    const { dataset } = await source.instance(sopInstanceUid, signal);
    const read = readKeyObject(dataset);
    if (!read.ok || isManifestTitle(read.manifest.title) || isRejectionTitle(read.manifest.title)) continue;
    const images = read.manifest.studies
      .flatMap((study) => study.series.flatMap(({ instances }) => instances.map((each) => each.sopInstanceUid)))
      .filter((uid) => listed.has(uid));
    notes.push({ title: read.manifest.title, text: read.description, images: images.slice(0, imagesMax) });
  }
  return notes;
}
