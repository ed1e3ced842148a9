import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inflateRawSync } from 'node:zlib';
import { parseDicom } from 'dicom-parser';
import { readPartTen } from './wado-client';

/** dcmtk and gdcm on bytes in memory. */
export function dcmdump(file: Buffer, ...options: string[]): string {
  return withFile(file, (path) => {
    const { status, stdout, stderr } = spawnSync('dcmdump', [...options, path], {
      encoding: 'latin1',
      maxBuffer: 1 << 26,
    });
    if (status !== 0) throw new Error(`dcmdump: ${stderr.slice(0, 300)}`);
    return stdout;
  });
}

const decoders: Readonly<Record<string, string>> = {
  '1.2.840.10008.1.2.4.50': 'dcmdjpeg',
  '1.2.840.10008.1.2.4.51': 'dcmdjpeg',
  '1.2.840.10008.1.2.4.57': 'dcmdjpeg',
  '1.2.840.10008.1.2.4.70': 'dcmdjpeg',
  '1.2.840.10008.1.2.4.80': 'dcmdjpls',
  '1.2.840.10008.1.2.4.81': 'dcmdjpls',
  '1.2.840.10008.1.2.5': 'dcmdrle',
  '1.2.840.10008.1.2.4.90': 'gdcmconv',
  '1.2.840.10008.1.2.4.91': 'gdcmconv',
};

/** Pixel bytes in little endian, decoded by dcmtk or gdcm whatever the transfer syntax. */
export function decodedPixels(file: Buffer): Buffer {
  const syntax = readPartTen(file).transferSyntaxUid;
  const plain = withFile(file, (path) => {
    const out = `${path}.out`;
    const decoder = decoders[syntax] ?? 'dcmconv';
    const options =
      decoder === 'gdcmconv' ? ['--raw', path, out] : decoder === 'dcmconv' ? ['+te', path, out] : [path, out];
    execFileSync(decoder, options, { stdio: 'pipe' });
    return readFileSync(out);
  });
  const parsed = parseDicom(plain);
  const { dataOffset, length } = parsed.elements.x7fe00010;
  return Buffer.from(parsed.byteArray.buffer, parsed.byteArray.byteOffset + dataOffset, length);
}

/** Encapsulated pixel data (PS3.5 A.4): each fragment as it is stored, without the offset table. */
export function storedFragments(file: Buffer): Buffer[] {
  const parsed = parseDicom(file);
  const bytes = Buffer.from(parsed.byteArray.buffer, parsed.byteArray.byteOffset, parsed.byteArray.length);
  return (parsed.elements.x7fe00010.fragments ?? []).map(({ position, length }) =>
    Buffer.from(bytes.subarray(position, position + length)),
  );
}

/** The object with an identity in (0010,1002), written by dcmtk. */
export function withOtherPatientId(file: Buffer, { ins, oid }: { ins: string; oid: string }): Buffer {
  const item = '(0010,1002)[0]';
  const change = [`${item}.(0010,0020)=${ins}`, `${item}.(0010,0024)[0].(0040,0032)=${oid}`];
  return withFile(file, (path) => {
    execFileSync('dcmodify', ['-nb', ...change.flatMap((one) => ['-i', one]), path], { stdio: 'pipe' });
    return readFileSync(path);
  });
}

/** The data set as it is once inflated. */
export function plainDataSet({ transferSyntaxUid, dataSet }: { transferSyntaxUid: string; dataSet: Buffer }): Buffer {
  return transferSyntaxUid === '1.2.840.10008.1.2.1.99' ? inflateRawSync(dataSet) : dataSet;
}

/** What was put into `before` to make `after`: one run of bytes, and the bytes of `before` that it replaced. */
export function insertion(before: Buffer, after: Buffer): { at: number; inserted: Buffer; replaced: Buffer } {
  let head = 0;
  while (head < before.length && before[head] === after[head]) head += 1;
  let tail = 0;
  const most = Math.min(before.length, after.length) - head;
  while (tail < most && before[before.length - 1 - tail] === after[after.length - 1 - tail]) tail += 1;
  return {
    at: head,
    inserted: after.subarray(head, after.length - tail),
    replaced: before.subarray(head, before.length - tail),
  };
}

/** Sequences and items brought to undefined lengths, so that only what they hold is compared. */
export function sameLengths(file: Buffer): Buffer {
  return withFile(file, (path) => {
    execFileSync('dcmconv', ['-e', path, `${path}.out`], { stdio: 'pipe' });
    return readPartTen(readFileSync(`${path}.out`)).dataSet;
  });
}

function withFile<T>(file: Buffer, work: (path: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'dicom-tools-'));
  try {
    const path = join(folder, 'object.dcm');
    writeFileSync(path, file);
    return work(path);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
