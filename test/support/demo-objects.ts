import { DemoOptions, demoPatients, generateDemoStudies, localIssuer } from '../../sandbox/demo-data';
import type { LoadedStudy } from '../../sandbox/load-studies';

export interface DemoObjects {
  readonly studies: readonly LoadedStudy[];
  /** Part 10 bytes by SOP Instance UID. */
  readonly files: ReadonlyMap<string, Buffer>;
}

/** The demo studies in memory, small unless told otherwise. */
export async function demoObjects(options: DemoOptions = { instances: 12, columns: 64 }): Promise<DemoObjects> {
  const files = new Map<string, Buffer>();
  const studies: LoadedStudy[] = [];
  for (const study of generateDemoStudies(options)) {
    const objects = [];
    for await (const { bytes, ...object } of study.files()) {
      files.set(object.sopInstanceUid, bytes);
      objects.push(object);
    }
    const { studyInstanceUid, accessionNumber, accessionIssuer, description, patient } = study;
    studies.push({ studyInstanceUid, accessionNumber, accessionIssuer, description, patient, objects });
  }
  return { studies, files };
}

/** A study that no PACS holds, for its manifest alone. */
export function absentStudy(number: number, instances = 3): LoadedStudy {
  const studyInstanceUid = `2.25.77${number}`;
  return {
    studyInstanceUid,
    accessionNumber: `ABSENT${number}`,
    accessionIssuer: localIssuer,
    description: 'absent',
    patient: demoPatients.thorax,
    objects: Array.from({ length: instances }, (_, at) => ({
      sopClassUid: '1.2.840.10008.5.1.4.1.1.2',
      sopInstanceUid: `${studyInstanceUid}.2.${at + 1}`,
      seriesInstanceUid: `${studyInstanceUid}.1`,
    })),
  };
}

/** Path of the first series of a study. */
export function seriesPath(study: LoadedStudy, at = 0): string {
  const series = [...new Set(study.objects.map(({ seriesInstanceUid }) => seriesInstanceUid))];
  return `/studies/${study.studyInstanceUid}/series/${series[at]}`;
}

export function instancePath(study: LoadedStudy, at = 0): string {
  const { seriesInstanceUid, sopInstanceUid } = study.objects[at];
  return `/studies/${study.studyInstanceUid}/series/${seriesInstanceUid}/instances/${sopInstanceUid}`;
}
