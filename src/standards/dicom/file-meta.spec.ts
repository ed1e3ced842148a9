import { encodeFileMeta, Part10Splitter, splitPart10 } from './file-meta';
import { HeadWalker } from './head-walker';
import { TRANSFER_SYNTAX as T } from './transfer-syntaxes';

const fields = {
  transferSyntaxUid: T.explicitVrLittleEndian,
  mediaStorageSopClassUid: '1.2.840.10008.5.1.4.1.1.2',
  mediaStorageSopInstanceUid: '1.2.3',
  sourceAeTitle: 'PACS',
};
const dataSet = Buffer.from('080060004353020043540010', 'hex').subarray(0, 10);
const file = Buffer.concat([encodeFileMeta(fields), dataSet]);

function split(bytes: Buffer, chunkBytes: number): { splitter: Part10Splitter; out: Buffer[] } {
  const splitter = new Part10Splitter();
  const out: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += chunkBytes) out.push(...splitter.push(bytes.subarray(at, at + chunkBytes)));
  return { splitter, out: [...out, ...splitter.end()] };
}

describe('file meta group', () => {
  it('reads what it writes, whatever the cuts', () => {
    for (let size = 1; size <= file.length; size++) {
      const { splitter, out } = split(file, size);
      expect(splitter.meta).toMatchObject(fields);
      expect(Buffer.concat(out)).toEqual(dataSet);
    }
    expect(splitPart10(file)).toMatchObject({ meta: fields, dataSet });
  });

  it('tells the length of the group', () => {
    expect(file.toString('latin1', 128, 132)).toBe('DICM');
    expect(file.readUInt32LE(140)).toBe(file.length - dataSet.length - 144);
  });

  it('gives the data set back as views', () => {
    const splitter = new Part10Splitter();
    expect(splitter.push(file)[0].buffer).toBe(file.buffer);
    const chunk = Buffer.alloc(10);
    expect(splitter.push(chunk)[0]).toBe(chunk);
  });

  it('does without a group length, and in spite of a wrong one', () => {
    const without = Buffer.concat([file.subarray(0, 132), file.subarray(144)]);
    const wrong = Buffer.from(file);
    wrong.writeUInt32LE(7, 140);
    expect(splitPart10(without).dataSet).toEqual(dataSet);
    expect(splitPart10(wrong).dataSet).toEqual(dataSet);
  });

  it('trusts the group length when deflated bytes look like one more element', () => {
    const deflated = Buffer.from('0200ffff4f420000', 'hex');
    const meta = encodeFileMeta({ ...fields, transferSyntaxUid: T.deflatedExplicitVrLittleEndian });
    expect(splitPart10(Buffer.concat([meta, deflated])).dataSet).toEqual(deflated);
  });

  it.each<[string, Buffer, string]>([
    ['no preamble', dataSet, 'preamble-absent'],
    ['nothing', Buffer.alloc(0), 'preamble-absent'],
    ['a preamble alone', file.subarray(0, 132), 'transfer-syntax-absent'],
    ['a cut group', file.subarray(0, 160), 'truncated'],
    [
      'a VR that is none',
      Buffer.concat([file.subarray(0, 132), Buffer.from('0200010000000000', 'hex')]),
      'file-meta-malformed',
    ],
    [
      'an endless element',
      Buffer.concat([file.subarray(0, 132), Buffer.from('020001004f420000ffffff7f', 'hex'), Buffer.alloc(70_000)]),
      'file-meta-too-long',
    ],
  ])('refuses %s', (_name, bytes, reason) => {
    expect(() => split(bytes, 1000)).toThrow(expect.objectContaining({ reason }));
  });

  it('refuses to write a UID that is none', () => {
    expect(() => encodeFileMeta({ ...fields, mediaStorageSopInstanceUid: 'x' })).toThrow(TypeError);
  });
});

describe('HeadWalker', () => {
  it('stops before the tag asked for and gives the rest', () => {
    const walker = new HeadWalker({ transferSyntaxUid: T.explicitVrLittleEndian, stopAt: 0x00100000 });
    const next = Buffer.from('10002000 4c4f0200 4142'.replace(/ /g, ''), 'hex');
    const bytes = Buffer.concat([dataSet, next]);
    for (let at = 0; at < bytes.length && !walker.done; at++) walker.push(bytes.subarray(at, at + 1));
    expect([walker.done, walker.headLength]).toEqual([true, dataSet.length]);
    expect(walker.head()).toEqual(dataSet);
    expect(Buffer.concat(walker.rest())).toEqual(next.subarray(0, 8));
    expect(walker.elements).toEqual([
      { tag: 0x00080060, vr: 'CS', offset: 0, valueOffset: 8, length: 2, endOffset: 10 },
    ]);
  });
});
