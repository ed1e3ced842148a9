import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeFileMeta, InsInserter, splitPart10 } from '../../src/standards/dicom';
import { dicomFilesBelow } from '../support/dicom-files';
import { describeWithShared, sharedPath } from '../support/shared-data';

const ins = { matricule: '123456789012345', oid: '1.2.250.1.213.1.4.10', issuer: 'ASIP-SANTE-INS-NIR' };
const WITHOUT_PREAMBLE = new Set(['no_meta.dcm', 'rtstruct.dcm']);
/** Pixel data end early in this one: dcmdump says so of the file as it is, and must say no more of ours. */
const CUT_IN_PIXEL_DATA = new Set(['MR_truncated.dcm']);

/** Real: dcmtk's dcmdump (every element, no shortening of values). Doubled: nothing. */
const dcmdump = (path: string, tolerant: boolean): string[] =>
  execFileSync('dcmdump', ['-q', '+L', ...(tolerant ? ['+Ep'] : []), path], { maxBuffer: 1 << 28 })
    .toString('latin1')
    .split('\n');

describeWithShared('dcmdump reads what InsInserter gives', () => {
  const folder = mkdtempSync(join(tmpdir(), 'dicom-insertion-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  const files = dicomFilesBelow(sharedPath('data/dicom')).filter(([name]) => !WITHOUT_PREAMBLE.has(name));
  it.each(files)('%s', (name, path) => {
    const { meta, dataSet } = splitPart10(readFileSync(path));
    const inserter = new InsInserter({ transferSyntaxUid: meta.transferSyntaxUid, ins });
    const chunks = [
      ...inserter.push(dataSet.subarray(0, 300)),
      ...inserter.push(dataSet.subarray(300)),
      ...inserter.end(),
    ];
    const fileMeta = {
      transferSyntaxUid: meta.transferSyntaxUid,
      mediaStorageSopClassUid: meta.mediaStorageSopClassUid ?? '1.2.840.10008.5.1.4.1.1.7',
      mediaStorageSopInstanceUid: meta.mediaStorageSopInstanceUid ?? '2.25.1',
    };
    const before = join(folder, 'before.dcm');
    const after = join(folder, 'after.dcm');
    writeFileSync(before, Buffer.concat([encodeFileMeta(fileMeta), dataSet]));
    writeFileSync(after, Buffer.concat([encodeFileMeta(fileMeta), ...chunks]));
    const tolerant = CUT_IN_PIXEL_DATA.has(name);
    const was = dcmdump(before, tolerant);
    const is = dcmdump(after, tolerant);

    const item = is.findIndex(
      (line) => line.includes(`LO [${ins.matricule} ]`) || line.includes(`LO [${ins.matricule}]`),
    );
    expect(item).toBeGreaterThan(0);
    expect(is[item + 1]).toContain('(0010,0021) LO [ASIP-SANTE-INS-NIR]');
    expect(is[item + 2]).toContain('(0010,0022) CS [TEXT]');
    expect(is.slice(item, item + 8).join('\n')).toMatch(/\(0040,0032\) UT \[1\.2\.250\.1\.213\.1\.4\.10\]/);

    const start = is.findIndex((line) => line.startsWith('(0010,1002)'));
    const end = is.findIndex((line, index) => index > start && line.startsWith('(fffe,e0dd)'));
    const startBefore = was.findIndex((line) => line.startsWith('(0010,1002)'));
    const endBefore = was.findIndex((line, index) => index > startBefore && line.startsWith('(fffe,e0dd)'));
    const othersBefore = startBefore < 0 ? was : [...was.slice(0, startBefore), ...was.slice(endBefore + 1)];
    expect([...is.slice(0, start), ...is.slice(end + 1)]).toEqual(othersBefore);
  });
});
