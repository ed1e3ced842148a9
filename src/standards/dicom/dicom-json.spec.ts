import { deflateRawSync } from 'node:zlib';
import { dicomJson, type DicomJsonOptions } from './dicom-json';
import type { DataSetEncoding } from './dicom.types';
import { encodeElement, encodeItem, encodeSequence, encodeText } from './element-encoder';
import { readAttributes } from './read-attributes';
import { transferSyntax, TRANSFER_SYNTAX as T } from './transfer-syntaxes';

const LITTLE = transferSyntax(T.explicitVrLittleEndian) as DataSetEncoding;
const BIG = transferSyntax(T.explicitVrBigEndian) as DataSetEncoding;
const IMPLICIT = transferSyntax(T.implicitVrLittleEndian) as DataSetEncoding;
const json = (elements: Buffer[], options: Partial<DicomJsonOptions> = {}): Record<string, unknown> =>
  dicomJson(Buffer.concat(elements), {
    transferSyntaxUid: T.explicitVrLittleEndian,
    bulkDataUri: (path) => `bulk/${path}`,
    ...options,
  });
const raw = (tag: number, vr: string, hex: string, encoding = LITTLE): Buffer =>
  encodeElement(tag, vr, Buffer.from(hex.replace(/\s/g, ''), 'hex'), encoding);
const text = (tag: number, vr: string, value: string, encoding = LITTLE): Buffer =>
  encodeText(tag, vr, value, encoding);

describe('dicomJson', () => {
  it.each<[string, Buffer, string, unknown]>([
    ['text, padding removed', text(0x00080060, 'CS', ' CT  '), '00080060', { vr: 'CS', Value: ['CT'] }],
    ['several values, one empty', text(0x00080008, 'CS', 'A\\\\B '), '00080008', { vr: 'CS', Value: ['A', null, 'B'] }],
    ['no value', text(0x00080050, 'SH', ''), '00080050', { vr: 'SH' }],
    ['only padding', text(0x00080050, 'SH', '  '), '00080050', { vr: 'SH' }],
    ['a backslash in a long text', text(0x00104000, 'LT', ' a\\b'), '00104000', { vr: 'LT', Value: [' a\\b'] }],
    ['UID', text(0x0020000d, 'UI', '1.2.3'), '0020000D', { vr: 'UI', Value: ['1.2.3'] }],
    ['decimal strings', text(0x00280030, 'DS', '0.5\\ 1e-3\\x'), '00280030', { vr: 'DS', Value: [0.5, 0.001, 'x'] }],
    ['integer string', text(0x00200013, 'IS', '+07'), '00200013', { vr: 'IS', Value: [7] }],
    [
      'name groups',
      text(0x00100010, 'PN', 'A^B=C=D'),
      '00100010',
      { vr: 'PN', Value: [{ Alphabetic: 'A^B', Ideographic: 'C', Phonetic: 'D' }] },
    ],
    [
      'name without alphabetic group',
      text(0x00100010, 'PN', '=C'),
      '00100010',
      { vr: 'PN', Value: [{ Ideographic: 'C' }] },
    ],
    ['name of delimiters only', text(0x00100010, 'PN', '^^^^'), '00100010', { vr: 'PN' }],
    ['signed shorts', raw(0x00189219, 'SS', 'feff 0200'), '00189219', { vr: 'SS', Value: [-2, 2] }],
    ['double', raw(0x00189073, 'FD', '000000000000f83f'), '00189073', { vr: 'FD', Value: [1.5] }],
    ['not a number', raw(0x00189073, 'FD', '000000000000f87f'), '00189073', { vr: 'FD', InlineBinary: 'AAAAAAAA+H8=' }],
    ['tag as value', raw(0x00280009, 'AT', '1800 6310'), '00280009', { vr: 'AT', Value: ['00181063'] }],
    [
      '64 bits',
      raw(0x7fe00001, 'UV', '0100000000000000 ffffffffffffffff'),
      '7FE00001',
      { vr: 'UV', Value: [1, '18446744073709551615'] },
    ],
    ['small binary', raw(0x00091001, 'UN', '0102'), '00091001', { vr: 'UN', InlineBinary: 'AQI=' }],
    [
      'large binary',
      encodeElement(0x00091001, 'OB', Buffer.alloc(2000), LITTLE),
      '00091001',
      { vr: 'OB', BulkDataURI: 'bulk/00091001' },
    ],
    [
      'pixel data, however small',
      raw(0x7fe00010, 'OW', '0102'),
      '7FE00010',
      { vr: 'OW', BulkDataURI: 'bulk/7FE00010' },
    ],
    ['a known tag written as UN', raw(0x00100020, 'UN', '4142'), '00100020', { vr: 'LO', Value: ['AB'] }],
    ['a number of a wrong length', raw(0x00280010, 'US', '010203'), '00280010', { vr: 'US', InlineBinary: 'AQID' }],
    [
      'character set told as UTF-8',
      text(0x00080005, 'CS', 'ISO_IR 100'),
      '00080005',
      { vr: 'CS', Value: ['ISO_IR 192'] },
    ],
  ])('%s', (_name, element, key, wanted) => {
    expect(json([element])).toEqual({ [key]: wanted });
  });

  it('leaves out group lengths and trailing padding', () => {
    expect(json([raw(0x00080000, 'UL', '04000000'), encodeElement(0xfffcfffc, 'OB', Buffer.alloc(4), LITTLE)])).toEqual(
      {},
    );
  });

  it('names what is nested, references included', () => {
    const icon = encodeItem([raw(0x7fe00010, 'OW', '0102')], LITTLE);
    expect(json([encodeSequence(0x00880200, [encodeItem([], LITTLE), icon], LITTLE)])).toEqual({
      '00880200': { vr: 'SQ', Value: [{}, { '7FE00010': { vr: 'OW', BulkDataURI: 'bulk/00880200/1/7FE00010' } }] },
    });
  });

  it('reads big endian, giving binary in little endian', () => {
    const elements = [raw(0x00280010, 'US', '0102', BIG), raw(0x00281201, 'OW', '0102', BIG)];
    expect(json(elements, { transferSyntaxUid: T.explicitVrBigEndian })).toEqual({
      '00280010': { vr: 'US', Value: [258] },
      '00281201': { vr: 'OW', InlineBinary: 'AgE=' },
    });
  });

  it('reads implicit, the sign of the pixels deciding US or SS', () => {
    const padding = raw(0x00280120, 'US', 'feff', IMPLICIT);
    const signed = raw(0x00280103, 'US', '0100', IMPLICIT);
    const options = { transferSyntaxUid: T.implicitVrLittleEndian };
    expect(json([signed, padding], options)['00280120']).toEqual({ vr: 'SS', Value: [-2] });
    expect(json([padding], options)['00280120']).toEqual({ vr: 'US', Value: [65534] });
  });

  it('takes a head whose pixel data are cut or absent, and refuses any other cut', () => {
    const pixels = raw(0x7fe00010, 'OW', '01020304').subarray(0, 14);
    const wanted = { '7FE00010': { vr: 'OW', BulkDataURI: 'bulk/7FE00010' } };
    expect(json([pixels])).toEqual(wanted);
    expect(json([], { pixelDataFollows: true })).toEqual(wanted);
    expect(() => json([text(0x00100020, 'LO', 'ABCD').subarray(0, 10)])).toThrow(
      expect.objectContaining({ reason: 'truncated' }),
    );
  });

  it('inflates', () => {
    const deflated = deflateRawSync(text(0x00080060, 'CS', 'CT'));
    expect(json([deflated], { transferSyntaxUid: T.deflatedExplicitVrLittleEndian })).toEqual({
      '00080060': { vr: 'CS', Value: ['CT'] },
    });
  });

  it('refuses a bomb of nested sequences', () => {
    const open = Buffer.from('080011115351 0000ffffffff feff00e0ffffffff'.replace(/ /g, ''), 'hex');
    expect(() => json(Array.from({ length: 5000 }, () => open))).toThrow(
      expect.objectContaining({ reason: 'nesting-too-deep' }),
    );
  });
});

describe('character sets (PS3.5 annexes H to K, their own examples)', () => {
  it.each<[string, string, string, string]>([
    ['Latin-1', 'ISO_IR 100', 'c46e656173 5e 52fc646967657220', 'Äneas^Rüdiger'],
    ['UTF-8', 'ISO_IR 192', '4d c3a9 64 65 63 69 6e 5e c389 6c', 'Médecin^Él'],
    ['UTF-8 undeclared', '', '4d c3a9 6420', 'Méd'],
    ['Latin-1 undeclared', '', '4d e9 6420', 'Méd'],
    ['Greek', 'ISO_IR 126', 'c4e9efedf5f3e9eff220', 'Διονυσιος'],
    ['Cyrillic', 'ISO_IR 144', 'bbeedaec', 'Люкь'],
    ['GB18030', 'GB18030', 'cdf5 5e d0a1b6ab', '王^小东'],
    [
      'Japanese, kanji after an escape',
      '\\ISO 2022 IR 87',
      '59 5e 54 3d 1b2442 3b33 45 44 1b2842 5e 1b2442 4240 4f3a 1b2842',
      'Y^T=山田^太郎',
    ],
    ['Korean', '\\ISO 2022 IR 149', '48 3d 1b242943 fbf3 5e 1b242943 d1ce d4d7', 'H=洪^吉洞'],
  ])('%s', (_name, set, hex, wanted) => {
    const elements = [...(set ? [text(0x00080005, 'CS', set)] : []), raw(0x00100010, 'LO', hex)];
    expect(json(elements)['00100010']).toEqual({ vr: 'LO', Value: [wanted] });
  });

  it('lets an item declare its own set', () => {
    const item = encodeItem([text(0x00080005, 'CS', 'ISO_IR 192'), raw(0x00080104, 'LO', 'c3a9')], LITTLE);
    const after = raw(0x00081030, 'LO', 'e920');
    const read = json([text(0x00080005, 'CS', 'ISO_IR 100'), encodeSequence(0x00081032, [item], LITTLE), after]);
    expect(read['00081032']).toMatchObject({ Value: [{ '00080104': { Value: ['é'] } }] });
    expect(read['00081030']).toEqual({ vr: 'LO', Value: ['é'] });
  });
});

describe('readAttributes', () => {
  it('gives the values asked for, decoded, and stops after the last', () => {
    const bytes = Buffer.concat([
      text(0x00080005, 'CS', 'ISO_IR 192'),
      raw(0x00100010, 'PN', 'c389 6c6f'),
      raw(0x00280010, 'US', '0002'),
      Buffer.from('rubbish'),
    ]);
    const found = readAttributes(bytes.subarray(0, -7), {
      transferSyntaxUid: T.explicitVrLittleEndian,
      tags: [0x00100010, 0x00280010, 0x00100020],
    });
    expect([...found]).toEqual([
      [0x00100010, ['Élo']],
      [0x00280010, [512]],
    ]);
  });
});
