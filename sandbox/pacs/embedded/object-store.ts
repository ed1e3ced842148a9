import { appendFileSync, createWriteStream, existsSync, mkdirSync, readFileSync, WriteStream } from 'node:fs';
import { rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DataSet, parseDicom } from 'dicom-parser';

/** One stored object: what queries may ask about it, and where its bytes are. */
export interface StoredObject {
  sopClassUid: string;
  sopInstanceUid: string;
  seriesInstanceUid: string;
  studyInstanceUid: string;
  transferSyntaxUid: string;
  /** First byte of the data set in the file. */
  datasetOffset: number;
  /** Values by keyword, multiple values separated by a backslash. */
  values: Record<string, string>;
}

/** Attributes kept for queries. */
export const indexedTags: Record<string, string> = {
  SOPClassUID: 'x00080016',
  SOPInstanceUID: 'x00080018',
  StudyDate: 'x00080020',
  SeriesDate: 'x00080021',
  ContentDate: 'x00080023',
  StudyTime: 'x00080030',
  SeriesTime: 'x00080031',
  AccessionNumber: 'x00080050',
  Modality: 'x00080060',
  InstitutionName: 'x00080080',
  ReferringPhysicianName: 'x00080090',
  StudyDescription: 'x00081030',
  SeriesDescription: 'x0008103e',
  PatientName: 'x00100010',
  PatientID: 'x00100020',
  IssuerOfPatientID: 'x00100021',
  PatientBirthDate: 'x00100030',
  PatientSex: 'x00100040',
  BodyPartExamined: 'x00180015',
  StudyInstanceUID: 'x0020000d',
  SeriesInstanceUID: 'x0020000e',
  StudyID: 'x00200010',
  SeriesNumber: 'x00200011',
  InstanceNumber: 'x00200013',
  NumberOfFrames: 'x00280008',
  Rows: 'x00280010',
  Columns: 'x00280011',
};
const numeric = new Set(['Rows', 'Columns']);

/** Part 10 files in a folder and an index, one line per object, that is read again after a restart. */
export class ObjectStore {
  private readonly objects = new Map<string, StoredObject>();
  private readonly folder: string;
  private readonly indexFile: string;

  constructor(dataDir: string) {
    this.folder = join(dataDir, 'objects');
    this.indexFile = join(dataDir, 'index.jsonl');
    mkdirSync(this.folder, { recursive: true });
    if (!existsSync(this.indexFile)) return;
    for (const line of readFileSync(this.indexFile, 'utf8').split('\n')) {
      const object = parsedLine(line);
      if (object && existsSync(this.pathOf(object))) this.objects.set(object.sopInstanceUid, object);
    }
  }

  all(): StoredObject[] {
    return [...this.objects.values()];
  }

  pathOf(object: { sopInstanceUid: string }): string {
    return join(this.folder, `${legalUid(object.sopInstanceUid)}.dcm`);
  }

  /** Bytes of the data set as they came, without the file meta group. */
  dataset(object: StoredObject): Buffer {
    return readFileSync(this.pathOf(object)).subarray(object.datasetOffset);
  }

  /** A file to receive an object into; `adopt` makes it a stored object. */
  incoming(sopInstanceUid: string): WriteStream {
    return createWriteStream(join(this.folder, `${legalUid(sopInstanceUid)}.${process.hrtime.bigint()}.part`));
  }

  async add(bytes: Buffer): Promise<StoredObject> {
    const object = describe(bytes);
    const part = `${this.pathOf(object)}.${process.hrtime.bigint()}.part`;
    await writeFile(part, bytes);
    await this.keep(object, part);
    return object;
  }

  async adopt(part: string): Promise<StoredObject> {
    try {
      const object = describe(readFileSync(part));
      await this.keep(object, part);
      return object;
    } catch (cause) {
      await rm(part, { force: true });
      throw cause;
    }
  }

  private async keep(object: StoredObject, part: string): Promise<void> {
    await rename(part, this.pathOf(object));
    appendFileSync(this.indexFile, `${JSON.stringify(object)}\n`);
    this.objects.set(object.sopInstanceUid, object);
  }
}

function legalUid(uid: string): string {
  if (!/^[0-9.]{1,64}$/.test(uid)) throw new Error('not a UID');
  return uid;
}

function parsedLine(line: string): StoredObject | undefined {
  try {
    return line ? (JSON.parse(line) as StoredObject) : undefined;
  } catch {
    // The last line of a process that was killed while writing.
    return undefined;
  }
}

/** Reads the head of a Part 10 file. */
function describe(bytes: Buffer): StoredObject {
  const dataset = parseDicom(bytes, { untilTag: 'x7fe00010' });
  const values: Record<string, string> = {};
  for (const [keyword, tag] of Object.entries(indexedTags)) {
    const value = numeric.has(keyword) ? dataset.uint16(tag)?.toString() : textOf(dataset, tag);
    if (value) values[keyword] = value;
  }
  const meta = (tag: string) => dataset.string(tag) ?? '';
  return {
    sopClassUid: legalUid(values.SOPClassUID ?? ''),
    sopInstanceUid: legalUid(values.SOPInstanceUID ?? ''),
    seriesInstanceUid: legalUid(values.SeriesInstanceUID ?? ''),
    studyInstanceUid: legalUid(values.StudyInstanceUID ?? ''),
    transferSyntaxUid: legalUid(meta('x00020010')),
    datasetOffset: metaEnd(dataset),
    values,
  };
}

/** dicom-parser gives bytes as Latin-1: turned into text by the character set that the object names. */
function textOf(dataset: DataSet, tag: string): string | undefined {
  const raw = dataset.string(tag);
  if (raw === undefined) return undefined;
  const utf8 = dataset.string('x00080005')?.includes('ISO_IR 192') ?? false;
  return utf8 ? Buffer.from(raw, 'latin1').toString('utf8') : raw;
}

/** End of the file meta group, from its group length (PS3.10 section 7.1). */
function metaEnd(dataset: DataSet): number {
  const length = dataset.uint32('x00020000');
  const element = dataset.elements.x00020000;
  if (length === undefined || !element) throw new Error('the file meta group has no length');
  return element.dataOffset + element.length + length;
}
