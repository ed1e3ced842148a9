import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describeWithShared, sharedPath } from '../../../test/support/shared-data';
import { DicomRefusal } from './dicom-refusal';
import { splitPart10 } from './file-meta';
import { HeadWalker } from './head-walker';
import { inflateDataSet } from './inflate';
import { InsInserter } from './ins-inserter';
import { transferSyntax, TRANSFER_SYNTAX } from './transfer-syntaxes';

const ins = { matricule: '123456789012345', oid: '1.2.250.1.213.1.4.10', issuer: 'ASIP-SANTE-INS-NIR' };

function filesBelow(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) return filesBelow(path);
    return name.endsWith('.md') ? [] : [path];
  });
}

/** The data set without (0010,1002), and that element's content, found by walking afresh. */
function apart(dataSet: Buffer, transferSyntaxUid: string): { others: Buffer; items: Buffer; found: number } {
  const walker = new HeadWalker({ transferSyntaxUid, stopAt: 0x00101003 });
  walker.push(dataSet);
  walker.end();
  const found = walker.elements.filter(({ tag }) => tag === 0x00101002);
  if (found.length === 0) return { others: dataSet, items: Buffer.alloc(0), found: 0 };
  const [{ offset, valueOffset, endOffset, length }] = found;
  return {
    others: Buffer.concat([dataSet.subarray(0, offset), dataSet.subarray(endOffset)]),
    items: dataSet.subarray(valueOffset, length === 0xffffffff ? endOffset - 8 : endOffset),
    found: found.length,
  };
}

function insert(dataSet: Buffer, transferSyntaxUid: string, chunkBytes: number): Buffer {
  const inserter = new InsInserter({ transferSyntaxUid, ins });
  const out: Buffer[] = [];
  for (let at = 0; at < dataSet.length; at += chunkBytes)
    out.push(...inserter.push(dataSet.subarray(at, at + chunkBytes)));
  return Buffer.concat([...out, ...inserter.end()]);
}

describeWithShared('InsInserter on every real file', () => {
  const root = sharedPath('data/dicom');
  it.each(filesBelow(root).map((path) => [path.slice(root.length + 1), path]))(
    '%s keeps every other byte',
    (name, path) => {
      if (name === 'no_meta.dcm' || name === 'rtstruct.dcm') {
        expect(() => splitPart10(readFileSync(path))).toThrow(expect.objectContaining({ reason: 'preamble-absent' }));
        return;
      }
      const { meta, dataSet } = splitPart10(readFileSync(path));
      const deflated = transferSyntax(meta.transferSyntaxUid)?.deflated ?? false;
      const plain = (bytes: Buffer): Buffer => (deflated ? inflateDataSet(bytes, { inflatedBytesMax: 1e8 }) : bytes);
      const plainUid = deflated ? TRANSFER_SYNTAX.explicitVrLittleEndian : meta.transferSyntaxUid;
      for (const chunkBytes of [dataSet.length, 1460, 7]) {
        const out = insert(dataSet, meta.transferSyntaxUid, chunkBytes);
        const before = apart(plain(dataSet), plainUid);
        const after = apart(plain(out), plainUid);
        expect(after.found).toBe(1);
        expect(after.others.equals(before.others)).toBe(true);
        expect(after.items.subarray(0, before.items.length).equals(before.items)).toBe(true);
        expect(after.items.subarray(before.items.length).includes(ins.matricule)).toBe(true);
        expect(plain(insert(out, meta.transferSyntaxUid, chunkBytes)).equals(plain(out))).toBe(true);
      }
    },
  );

  it('gives a refusal, never another error, when a real file is cut anywhere in its head', () => {
    const { meta, dataSet } = splitPart10(readFileSync(sharedPath('data/dicom/CT_small.dcm')));
    for (let length = 1; length < 700; length++) {
      const inserter = new InsInserter({ transferSyntaxUid: meta.transferSyntaxUid, ins });
      try {
        inserter.push(dataSet.subarray(0, length));
        inserter.end();
      } catch (error) {
        expect(error).toBeInstanceOf(DicomRefusal);
      }
    }
  });
});
