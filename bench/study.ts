import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { parseDicom } from 'dicom-parser';
import { demoPatients, generateDemoStudies, localIssuer } from '../sandbox/demo-data';
import type { LoadedStudy } from '../sandbox/load-studies';

const run = promisify(execFile);

/** The shape of the official performance data set: CT, 1300 images of 512 x 512, JPEG-LS lossless, about 200 MB. */
export const referenceInstances = 1300;
const studyUid = '2.25.199001300200';
const minutesMax = 20;

/** The series measured with: its files, and what a manifest says of it. */
export interface ReferenceStudy extends LoadedStudy {
  readonly files: readonly string[];
  readonly seriesInstanceUid: string;
  readonly bytes: number;
  readonly smallestBytes: number;
  readonly origin: string;
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

/** Uses the folder named, or the one made before, or makes it: by the shared generator, else by the demo data's own. */
export async function referenceStudy(folder: string | undefined, say: (step: string) => void): Promise<ReferenceStudy> {
  if (folder) return describe(resolve(folder), 'folder given');
  const kept = join(tmpdir(), 'drimbox-bench', `ct-${referenceInstances}`);
  if (!existsSync(kept)) {
    const making = `${kept}.making`;
    rmSync(making, { recursive: true, force: true });
    mkdirSync(making, { recursive: true });
    say(`making the reference study (${referenceInstances} images, some minutes, once)`);
    const origin = (await makeByTool(making)) ? 'make_ct_study.py' : await makeByDemoData(making);
    writeFileSync(`${kept}.origin`, origin);
    renameSync(making, kept);
  }
  return describe(kept, readFileSync(`${kept}.origin`, 'utf8'));
}

/** Needs Python with numpy and pydicom, and dcmtk. */
async function makeByTool(folder: string): Promise<boolean> {
  const tool = resolve(__dirname, '../../../shared/tools/make_ct_study.py');
  if (!existsSync(tool)) return false;
  try {
    await run('python3', ['-c', 'import numpy, pydicom']);
  } catch {
    return false;
  }
  const words = [tool, folder, '--count', String(referenceInstances), '--uid', studyUid];
  await run('python3', words, { timeout: minutesMax * 60_000, maxBuffer: 1e8 });
  return true;
}

async function makeByDemoData(folder: string): Promise<string> {
  const [chest] = generateDemoStudies({ instances: referenceInstances });
  if (!chest) throw new Error('the demo data have no CT');
  let number = 0;
  for await (const file of chest.files()) {
    writeFileSync(join(folder, `i${String(++number).padStart(5, '0')}.dcm`), file.bytes);
  }
  return 'demo data';
}

function describe(folder: string, origin: string): ReferenceStudy {
  const files = filesBelow(folder);
  const heads = files.map((file) => parseDicom(readFileSync(file).subarray(0, 4096), { untilTag: 'x00200010' }));
  const text = (index: number, tag: string) => heads[index]?.string(tag)?.trim() ?? '';
  const objects = files.map((_file, index) => ({
    sopClassUid: text(index, 'x00080016'),
    sopInstanceUid: text(index, 'x00080018'),
    seriesInstanceUid: text(index, 'x0020000e'),
  }));
  const sizes = files.map((file) => statSync(file).size);
  return {
    studyInstanceUid: text(0, 'x0020000d'),
    seriesInstanceUid: objects[0]?.seriesInstanceUid ?? '',
    accessionNumber: 'BENCH0001',
    accessionIssuer: localIssuer,
    description: 'Série de référence',
    patient: demoPatients.thorax,
    objects,
    files,
    bytes: sizes.reduce((sum, size) => sum + size, 0),
    smallestBytes: Math.min(...sizes),
    origin,
  };
}

/** The same study under other identifiers of the same length, for several patients at once. */
export function copyOf(study: ReferenceStudy, number: number): { study: LoadedStudy; files: () => Iterable<Buffer> } {
  const other = study.studyInstanceUid.slice(0, -1) + String((Number(study.studyInstanceUid.at(-1)) + number) % 10);
  const rename = (uid: string) => uid.replace(study.studyInstanceUid, other);
  const objects = study.objects.map((object) => ({
    ...object,
    sopInstanceUid: rename(object.sopInstanceUid),
    seriesInstanceUid: rename(object.seriesInstanceUid),
  }));
  function* files(): Iterable<Buffer> {
    for (const file of study.files) yield renamed(readFileSync(file), study.studyInstanceUid, other);
  }
  return { study: { ...study, studyInstanceUid: other, objects, accessionNumber: `BENCH000${number + 1}` }, files };
}

/** Every occurrence in the head of the file; the pixel data stay. */
function renamed(bytes: Buffer, from: string, to: string): Buffer {
  for (let at = bytes.indexOf(from); at >= 0 && at < 4096; at = bytes.indexOf(from, at + 1))
    bytes.write(to, at, 'latin1');
  return bytes;
}

/**
 * A copy of the study whose images bear a birth date (YYYYMMDD): a gateway shows no image that contradicts the patient of the call.
 * @returns the folder
 */
export function copyWithBirthDate({ files }: ReferenceStudy, birthDate: string, folder: string): string {
  mkdirSync(folder, { recursive: true });
  for (const [index, file] of files.entries()) {
    const bytes = readFileSync(file);
    const element = parseDicom(bytes, { untilTag: 'x00100040' }).elements.x00100030;
    if (element?.length === birthDate.length) bytes.write(birthDate, element.dataOffset, 'latin1');
    writeFileSync(join(folder, `${index}.dcm`), bytes);
  }
  return folder;
}
