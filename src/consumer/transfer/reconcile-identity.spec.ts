import {
  DicomRefusal,
  encodeElement,
  encodeItem,
  encodeSequence,
  encodeText,
  EXPLICIT_LITTLE,
  IMPLICIT_LITTLE,
  inflateDataSet,
  readAttributes,
  readDataSet,
  type DataSetEncoding,
  DeflateStream,
} from '../../standards/dicom';
import { reconcileIdentity, type Reconciliation } from './reconcile-identity';

const rules: Reconciliation = {
  localId: { value: 'IPP1', authority: { namespaceId: 'CHU', universalId: '1.2.250.9', universalIdType: 'ISO' } },
  ins: { matricule: '279035121518989', oid: '1.2.250.1.213.1.4.8' },
  insIssuer: 'ASIP-SANTE-INS-NIR',
  modifyingSystem: 'DRIMBOX',
  source: 'DRIM-M',
  at: '20260321101500+0000',
};
const bigEndian: DataSetEncoding = { explicitVr: true, littleEndian: false };
const syntaxes: [string, string, DataSetEncoding][] = [
  ['explicit little endian', '1.2.840.10008.1.2.1', EXPLICIT_LITTLE],
  ['implicit little endian', '1.2.840.10008.1.2', IMPLICIT_LITTLE],
  ['explicit big endian', '1.2.840.10008.1.2.2', bigEndian],
  ['encapsulated', '1.2.840.10008.1.2.4.80', EXPLICIT_LITTLE],
];
const pixels = Buffer.from('pixel data, never touched!');

function dataset(encoding: DataSetEncoding, original: Buffer[] = []): Buffer {
  const text = (tag: number, vr: string, value: string) => encodeText(tag, vr, value, encoding);
  return Buffer.concat([
    text(0x00080016, 'UI', '1.2.840.10008.5.1.4.1.1.2'),
    text(0x00100010, 'PN', 'PAT^DOMINIQUE'),
    text(0x00100020, 'LO', 'REMOTE-7'),
    text(0x00100030, 'DA', '19790328'),
    text(0x0020000d, 'UI', '1.2.3'),
    ...original,
    encodeElement(0x7fe00010, 'OW', pixels, encoding),
  ]);
}

const modifications = (bytes: Buffer, encoding: DataSetEncoding) =>
  readDataSet(bytes, { encoding }).elements.find(({ tag }) => tag === 0x04000561)?.items ?? [];

describe('local identity', () => {
  it.each(syntaxes)(
    'replaces the number and its issuer, keeps the INS and what was there: %s',
    (_name, uid, encoding) => {
      const before = dataset(encoding);
      const after = Buffer.concat(reconcileIdentity(before, uid, rules));
      const values = readAttributes(after, {
        transferSyntaxUid: uid,
        tags: [0x00100010, 0x00100020, 0x00100021, 0x00100030],
      });
      expect([...values.values()]).toEqual([['PAT^DOMINIQUE'], ['IPP1'], ['CHU'], ['19790328']]);
      const { elements } = readDataSet(after, { encoding });
      const tags = elements.map(({ tag }) => tag);
      expect(tags).toEqual([...tags].sort((one, other) => one - other));
      expect(elements.find(({ tag }) => tag === 0x00101002)?.items).toHaveLength(1);
      const [item = []] = modifications(after, encoding);
      expect(item.map(({ tag }) => tag)).toEqual([0x04000550, 0x04000562, 0x04000563, 0x04000564, 0x04000565]);
      const [old] = item[0]?.items?.[0] ?? [];
      expect(after.toString('latin1', old?.valueOffset, (old?.valueOffset ?? 0) + (old?.length ?? 0))).toBe('REMOTE-7');
      expect(after.subarray(-pixels.length).equals(pixels)).toBe(true);
    },
  );

  it.each(['defined', 'undefined'])('adds to a sequence of %s length that is there already', (length) => {
    const item = encodeItem([encodeText(0x04000563, 'LO', 'OTHER', EXPLICIT_LITTLE)], EXPLICIT_LITTLE);
    const sequence = encodeSequence(0x04000561, [item], EXPLICIT_LITTLE);
    if (length === 'undefined') sequence.writeUInt32LE(0xffffffff, 8);
    const end = length === 'undefined' ? [Buffer.from('feffdde000000000', 'hex')] : [];
    const before = dataset(EXPLICIT_LITTLE, [sequence, ...end]);
    const after = Buffer.concat(reconcileIdentity(before, '1.2.840.10008.1.2.1', rules));
    expect(modifications(after, EXPLICIT_LITTLE)).toHaveLength(2);
    expect(after.subarray(-pixels.length).equals(pixels)).toBe(true);
  });

  it('inflates and deflates a deflated object', () => {
    const deflate = new DeflateStream();
    const before = Buffer.concat([...deflate.push(dataset(EXPLICIT_LITTLE)), ...deflate.end()]);
    const after = Buffer.concat(reconcileIdentity(before, '1.2.840.10008.1.2.1.99', rules));
    const plain = inflateDataSet(after, { inflatedBytesMax: 1e6 });
    expect(
      readAttributes(plain, { transferSyntaxUid: '1.2.840.10008.1.2.1', tags: [0x00100020] }).get(0x00100020),
    ).toEqual(['IPP1']);
  });

  it('writes an authority that has only a name, or only an OID', () => {
    const named = {
      ...rules,
      localId: { value: 'A', authority: { namespaceId: 'CHU', universalId: '', universalIdType: '' } },
    };
    const after = Buffer.concat(reconcileIdentity(dataset(EXPLICIT_LITTLE), '1.2.840.10008.1.2.1', named));
    expect(readDataSet(after, { encoding: EXPLICIT_LITTLE }).elements.some(({ tag }) => tag === 0x00100024)).toBe(
      false,
    );
  });

  it.each(['', 'A\\B', 'é', 'A\n', 'x'.repeat(65)])('refuses the local number %j', (value) => {
    const wrong = { ...rules, localId: { ...rules.localId, value } };
    expect(() => reconcileIdentity(dataset(EXPLICIT_LITTLE), '1.2.840.10008.1.2.1', wrong)).toThrow(TypeError);
  });

  it('refuses a head that is cut', () => {
    const cut = dataset(EXPLICIT_LITTLE).subarray(0, 40);
    expect(() => reconcileIdentity(cut, '1.2.840.10008.1.2.1', rules)).toThrow(DicomRefusal);
  });
});
