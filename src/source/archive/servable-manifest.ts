import type { ExpectedInstance } from '../../connectors/pacs';
import type { Ins } from '../../standards/identity';
import type { ManifestRecord } from './manifest-record.entity';

/** What is asked of a study: all of it, one series, or one instance. */
export interface Wanted {
  readonly studyInstanceUid: string;
  readonly seriesInstanceUid?: string;
  readonly sopInstanceUid?: string;
}

/** An LO value in the default repertoire (PS3.5 6.2). */
const plainText = /^[\x20-\x5b\x5d-\x7e]{1,64}$/;

/** A manifest as serving needs it: whose study, which instances, from which PACS. Immutable and shared. */
export class ServableManifest {
  readonly kosSopInstanceUid: string;
  readonly studyInstanceUid: string;
  readonly patient: Ins;
  /** IssuerOfPatientID (0010,0021); undefined when an object of any character set could not hold it: the OID says it all. */
  readonly patientIssuer: string | undefined;
  readonly pacsId: string | undefined;
  readonly instanceCount: number;
  private readonly series = new Map<string, ReadonlyMap<string, ExpectedInstance>>();

  constructor(record: ManifestRecord) {
    this.kosSopInstanceUid = record.kosSopInstanceUid;
    this.studyInstanceUid = record.studyInstanceUid;
    this.patient = { matricule: record.patientMatricule, oid: record.patientOid };
    const { insIssuer } = record.patient;
    this.patientIssuer = insIssuer && plainText.test(insIssuer) ? insIssuer : undefined;
    this.pacsId = record.pacsId ?? undefined;
    let count = 0;
    for (const { seriesInstanceUid, instances } of record.content.studies.flatMap((study) => study.series)) {
      count += instances.length;
      const expected = instances.map(({ sopInstanceUid, sopClassUid }) => ({
        seriesInstanceUid,
        sopInstanceUid,
        sopClassUid,
      }));
      this.series.set(seriesInstanceUid, new Map(expected.map((instance) => [instance.sopInstanceUid, instance])));
    }
    this.instanceCount = count;
  }

  /** Series listed, in the order of the manifest. */
  get seriesInstanceUids(): string[] {
    return [...this.series.keys()];
  }

  /** Why what is asked is not in this manifest, or nothing when it is. */
  lacks(wanted: Wanted): 'series-not-listed' | 'instance-not-listed' | undefined {
    if (wanted.seriesInstanceUid === undefined) return undefined;
    const series = this.series.get(wanted.seriesInstanceUid);
    if (!series) return 'series-not-listed';
    if (wanted.sopInstanceUid !== undefined && !series.has(wanted.sopInstanceUid)) return 'instance-not-listed';
    return undefined;
  }

  /** The listed instances of what is asked, in the order of the manifest; none when it is not listed. */
  expected(wanted: Wanted): readonly ExpectedInstance[] {
    if (wanted.seriesInstanceUid === undefined)
      return [...this.series.values()].flatMap((series) => [...series.values()]);
    const series = this.series.get(wanted.seriesInstanceUid);
    if (wanted.sopInstanceUid === undefined) return series ? [...series.values()] : [];
    const instance = series?.get(wanted.sopInstanceUid);
    return instance ? [instance] : [];
  }
}
