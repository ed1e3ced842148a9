import { readFileSync } from 'node:fs';
import { parseDicom } from 'dicom-parser';
import { demoPatients, localIssuer } from '../../sandbox/demo-data';
import type { LoadedStudy } from '../../sandbox/load-studies';
import { partTenHead } from '../../sandbox/pacs/embedded/part-ten-head';
import { dicomFilesBelow } from './dicom-files';

/** A real file as a PACS can hold it. */
export interface RealObject {
  readonly name: string;
  /** Part 10 bytes; given a preamble and a meta group when the file came without. */
  readonly bytes: Buffer;
  readonly sopClassUid: string;
  readonly sopInstanceUid: string;
  readonly seriesInstanceUid: string;
  readonly studyInstanceUid: string;
  readonly transferSyntaxUid: string;
}

/** Files without preamble whose data set is sound: what they are, as a C-STORE would have told. */
const bareDataSets: Readonly<
  Record<string, { sopClassUid: string; transferSyntaxUid: string; sopInstanceUid: string }>
> = {
  'rtstruct.dcm': {
    sopClassUid: '1.2.840.10008.5.1.4.1.1.481.3',
    sopInstanceUid: '1.2.826.0.1.3680043.8.498.2010020400001',
    transferSyntaxUid: '1.2.840.10008.1.2',
  },
};

/** Cut pixel data; a data set with a byte too many and no meta; an invalid VR. */
export const brokenFiles = ['MR_truncated.dcm', 'no_meta.dcm', 'badVR.dcm'] as const;

export function realObject(name: string, path: string): RealObject {
  const file = readFileSync(path);
  const bare = bareDataSets[name];
  const bytes = bare ? Buffer.concat([partTenHead(bare), file]) : file;
  const head = parseDicom(bytes, { untilTag: 'x00200010' });
  const text = (tag: string) => head.string(tag)?.trim() ?? '';
  return {
    name,
    bytes,
    sopClassUid: text('x00080016'),
    sopInstanceUid: text('x00080018'),
    seriesInstanceUid: text('x0020000e'),
    studyInstanceUid: text('x0020000d'),
    transferSyntaxUid: text('x00020010'),
  };
}

export function realObjects(folder: string): RealObject[] {
  return dicomFilesBelow(folder)
    .filter(([name]) => !(brokenFiles as readonly string[]).includes(name))
    .map(([name, path]) => realObject(name, path));
}

/** Studies that list the objects, each instance once though several files may bear its UID. */
export function studiesOf(objects: readonly RealObject[]): LoadedStudy[] {
  const studies = new Map<string, Map<string, RealObject>>();
  for (const object of objects) {
    const study = studies.get(object.studyInstanceUid) ?? new Map<string, RealObject>();
    studies.set(object.studyInstanceUid, study.set(object.sopInstanceUid, object));
  }
  return [...studies].map(([studyInstanceUid, instances], at) => ({
    studyInstanceUid,
    accessionNumber: `REAL${at}`,
    accessionIssuer: localIssuer,
    description: 'real objects',
    patient: demoPatients.head,
    objects: [...instances.values()].map(({ sopClassUid, sopInstanceUid, seriesInstanceUid }) => ({
      sopClassUid,
      sopInstanceUid,
      seriesInstanceUid,
    })),
  }));
}
