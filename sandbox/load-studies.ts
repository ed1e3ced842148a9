import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DataSet, parseDicom } from 'dicom-parser';
import { DemoStudy, generateDemoStudies, localIssuer, demoPatients, DemoPatient } from './demo-data';
import { ListedObject, manifestFile } from './demo-data/manifest-file';

/** A study of the PACS with what the ready file and its manifest tell of it. */
export interface LoadedStudy {
  readonly studyInstanceUid: string;
  readonly accessionNumber: string;
  readonly accessionIssuer: string;
  readonly description: string;
  readonly modality?: string;
  /** YYYYMMDD and HHMMSS. */
  readonly date?: string;
  readonly time?: string;
  readonly patient: DemoPatient;
  readonly objects: readonly ListedObject[];
}

export type StoreFile = (bytes: Buffer) => Promise<void>;

/** Makes the demo studies and stores them in the PACS one file at a time. */
export async function loadDemoStudies(
  store: StoreFile,
  wanted: (study: DemoStudy) => boolean = () => true,
): Promise<LoadedStudy[]> {
  const loaded: LoadedStudy[] = [];
  for (const study of generateDemoStudies().filter(wanted)) loaded.push(await loadOne(study, store));
  return loaded;
}

async function loadOne(study: DemoStudy, store: StoreFile): Promise<LoadedStudy> {
  const objects: ListedObject[] = [];
  for await (const { bytes, ...object } of study.files()) {
    await store(bytes);
    objects.push(object);
  }
  const { studyInstanceUid, accessionNumber, accessionIssuer, description, modality, date, time, patient } = study;
  return { studyInstanceUid, accessionNumber, accessionIssuer, description, modality, date, time, patient, objects };
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder)
    .sort()
    .flatMap((name) => {
      const path = join(folder, name);
      return statSync(path).isDirectory() ? filesBelow(path) : [path];
    });
}

function headOf(bytes: Buffer): DataSet | undefined {
  try {
    return parseDicom(bytes, { untilTag: 'x00200010' });
  } catch {
    return undefined;
  }
}

/** Stores the DICOM files of a folder; what is not DICOM is passed over. Their patient keeps the test identity of the demo. */
export async function loadFolder(folder: string, store: StoreFile): Promise<LoadedStudy[]> {
  const studies = new Map<string, LoadedStudy & { objects: ListedObject[] }>();
  for (const path of filesBelow(folder)) {
    const bytes = readFileSync(path);
    const head = headOf(bytes);
    const text = (tag: string) => head?.string(tag)?.trim() ?? '';
    if (!head || text('x0020000d') === '') continue;
    await store(bytes);
    const studyInstanceUid = text('x0020000d');
    const known = studies.get(studyInstanceUid) ?? {
      studyInstanceUid,
      accessionNumber: text('x00080050') || 'SANS-NUMERO',
      accessionIssuer: localIssuer,
      description: text('x00081030'),
      modality: text('x00080060'),
      date: text('x00080020'),
      time: text('x00080030').slice(0, 6),
      patient: { ...demoPatients.thorax, patientId: text('x00100020') || demoPatients.thorax.patientId },
      objects: [],
    };
    known.objects.push({
      sopClassUid: text('x00080016'),
      sopInstanceUid: text('x00080018'),
      seriesInstanceUid: text('x0020000e'),
    });
    studies.set(studyInstanceUid, known);
  }
  return [...studies.values()];
}

/** Writes a manifest file for each study; resolves with the UID of each, in the same order, and the files. */
export function writeManifests(
  studies: readonly LoadedStudy[],
  folder: string,
  retrieveBase: string,
): { file: string; sopInstanceUid: string }[] {
  mkdirSync(folder, { recursive: true });
  return studies.map((study) => {
    const { sopInstanceUid, bytes } = manifestFile({ ...study, retrieveBase });
    const file = join(folder, `${study.studyInstanceUid}.dcm`);
    writeFileSync(file, bytes, { mode: 0o600 });
    return { file, sopInstanceUid };
  });
}
