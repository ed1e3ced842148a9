import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseDicom } from 'dicom-parser';

/** One 16-bit grey frame as dcmtk decodes it, read by a library that the gateway does not use for pixels. */
export function decodeOneFrame(partTen: Buffer): {
  columns: number;
  rows: number;
  readonly valueAt: (x: number, y: number) => number;
} {
  const folder = mkdtempSync(join(tmpdir(), 'drimbox-frame-'));
  try {
    const [from, to] = [join(folder, 'in.dcm'), join(folder, 'out.dcm')];
    writeFileSync(from, partTen);
    const syntax = parseDicom(partTen).string('x00020010') ?? '';
    const tool = /4\.8[01]$/.test(syntax) ? 'dcmdjpls' : /4\.(50|51|57|70)$/.test(syntax) ? 'dcmdjpeg' : 'dcmconv';
    execFileSync(tool, tool === 'dcmconv' ? ['+te', from, to] : ['+te', from, to]);
    const plain = parseDicom(readFileSync(to));
    const columns = plain.uint16('x00280011') ?? 0;
    const rows = plain.uint16('x00280010') ?? 0;
    const signed = plain.uint16('x00280103') === 1;
    const offset = plain.elements.x7fe00010?.dataOffset ?? 0;
    const bytes = Buffer.from(plain.byteArray.buffer, plain.byteArray.byteOffset);
    return {
      columns,
      rows,
      valueAt: (x, y) => {
        const at = offset + 2 * (y * columns + x);
        return signed ? bytes.readInt16LE(at) : bytes.readUInt16LE(at);
      },
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
