import type { DataSetEncoding } from './dicom.types';
import { encodeElement, encodeItem, encodeText } from './element-encoder';
import { framesOf } from './frames';
import { transferSyntax, TRANSFER_SYNTAX as T } from './transfer-syntaxes';

const LITTLE = transferSyntax(T.explicitVrLittleEndian) as DataSetEncoding;
const BIG = transferSyntax(T.explicitVrBigEndian) as DataSetEncoding;

function short(tag: number, value: number, encoding = LITTLE): Buffer {
  const bytes = Buffer.alloc(2);
  if (encoding.littleEndian) bytes.writeUInt16LE(value);
  else bytes.writeUInt16BE(value);
  return encodeElement(tag, 'US', bytes, encoding);
}

interface Picture {
  frames?: string;
  rows?: number;
  columns?: number;
  samples?: number;
  bits?: number;
  photometric?: string;
}

function picture(pixels: Buffer, but: Picture = {}, encoding = LITTLE): Buffer {
  const { frames, rows = 2, columns = 2, samples = 1, bits = 16, photometric = 'MONOCHROME2' } = but;
  return Buffer.concat([
    short(0x00280002, samples, encoding),
    encodeText(0x00280004, 'CS', photometric, encoding),
    ...(frames === undefined ? [] : [encodeText(0x00280008, 'IS', frames, encoding)]),
    short(0x00280010, rows, encoding),
    short(0x00280011, columns, encoding),
    short(0x00280100, bits, encoding),
    pixels,
  ]);
}

const native = (bytes: Buffer, vr = 'OW', encoding = LITTLE): Buffer => encodeElement(0x7fe00010, vr, bytes, encoding);
const all = (bytes: Buffer, uid: string = T.explicitVrLittleEndian): string[] => {
  const frames = framesOf(bytes, { transferSyntaxUid: uid });
  return Array.from({ length: frames.numberOfFrames }, (_, index) =>
    Buffer.concat(frames.frame(index + 1)).toString('hex'),
  );
};

describe('native frames', () => {
  const bytes = Buffer.from(Array.from({ length: 16 }, (_, index) => index));

  it('cuts by size, as views', () => {
    const dataSet = picture(native(bytes), { frames: '2 ' });
    expect(all(dataSet)).toEqual(['0001020304050607', '08090a0b0c0d0e0f']);
    expect(framesOf(dataSet, { transferSyntaxUid: T.explicitVrLittleEndian }).frame(1)[0].buffer).toBe(dataSet.buffer);
  });

  it('gives big endian words in little endian', () => {
    expect(all(picture(native(bytes, 'OW', BIG), { frames: '2' }, BIG), T.explicitVrBigEndian)).toEqual([
      '0100030205040706',
      '09080b0a0d0c0f0e',
    ]);
  });

  it('cuts odd frames of 8 bits packed in big endian words', () => {
    const dataSet = picture(
      native(Buffer.from('010003020504', 'hex'), 'OW', BIG),
      { frames: '2', rows: 1, columns: 3, bits: 8 },
      BIG,
    );
    expect(all(dataSet, T.explicitVrBigEndian)).toEqual(['000102', '030405']);
  });

  it('cuts single bits, frames beginning inside a byte', () => {
    const dataSet = picture(native(Buffer.from('9f01', 'hex'), 'OB'), { frames: '2', rows: 1, columns: 5, bits: 1 });
    expect(all(dataSet)).toEqual(['1f', '0c']);
  });

  it('counts two bytes per pixel of YBR_FULL_422', () => {
    expect(all(picture(native(bytes), { frames: '2', bits: 8, samples: 3, photometric: 'YBR_FULL_422' }))).toEqual([
      '0001020304050607',
      '08090a0b0c0d0e0f',
    ]);
  });

  it.each<[string, Buffer, string]>([
    ['less than told', picture(native(bytes), { frames: '3' }), 'truncated'],
    ['a value cut', picture(native(bytes)).subarray(0, -4), 'truncated'],
    ['no pixel data', picture(Buffer.alloc(0)), 'frames-absent'],
    ['no rows', picture(native(bytes), { rows: 0 }), 'frames-unresolvable'],
    ['an absurd number of frames', picture(native(bytes), { frames: '99999999999' }), 'frames-unresolvable'],
    ['no number of frames', picture(native(bytes), { frames: 'x' }), 'frames-unresolvable'],
  ])('refuses %s', (_name, dataSet, reason) => {
    expect(() => framesOf(dataSet, { transferSyntaxUid: T.explicitVrLittleEndian })).toThrow(
      expect.objectContaining({ reason }),
    );
  });

  it.each([0, 2, -1, 1.5, NaN])('has no frame %d', (number) => {
    const frames = framesOf(picture(native(bytes)), { transferSyntaxUid: T.explicitVrLittleEndian });
    expect(() => frames.frame(number)).toThrow(expect.objectContaining({ reason: 'frame-out-of-range' }));
  });
});

describe('encapsulated frames', () => {
  const END = Buffer.from('feffdde000000000', 'hex');
  const fragment = (hex: string): Buffer => encodeItem([Buffer.from(hex, 'hex')], LITTLE);
  const pixelData = (table: string, ...fragments: string[]): Buffer =>
    Buffer.concat([Buffer.from('e07f10004f420000ffffffff', 'hex'), fragment(table), ...fragments.map(fragment), END]);
  const longs = (tag: number, ...values: number[]): Buffer => {
    const bytes = Buffer.alloc(values.length * 8);
    values.forEach((value, index) => bytes.writeBigUInt64LE(BigInt(value), index * 8));
    return encodeElement(tag, 'OV', bytes, LITTLE);
  };

  it.each<[string, Buffer, string[]]>([
    ['one frame, many fragments', picture(pixelData('', 'ffd8', 'aaaa')), ['ffd8aaaa']],
    ['one fragment per frame', picture(pixelData('', 'aaaa', 'bbbb'), { frames: '2' }), ['aaaa', 'bbbb']],
    [
      'a basic offset table',
      picture(pixelData('00000000 14000000'.replace(' ', ''), 'aaaa', 'bbbb', 'cccc'), { frames: '2' }),
      ['aaaabbbb', 'cccc'],
    ],
    [
      'a table that points nowhere: the codestreams decide',
      picture(pixelData('0000000013000000', 'ffd8', 'bbbb', 'ffd8'), { frames: '2' }),
      ['ffd8bbbb', 'ffd8'],
    ],
    [
      'JPEG 2000 codestreams',
      picture(pixelData('', 'ff4fff51', 'aaaa', 'ff4fff51'), { frames: '2' }),
      ['ff4fff51aaaa', 'ff4fff51'],
    ],
    [
      'an extended offset table, with exact lengths',
      picture(Buffer.concat([longs(0x7fe00001, 0, 10), longs(0x7fe00002, 1, 2), pixelData('', 'aa00', 'bbbb')]), {
        frames: '2',
      }),
      ['aa', 'bbbb'],
    ],
  ])('%s', (_name, dataSet, wanted) => {
    expect(all(dataSet, T.jpegLsLossless)).toEqual(wanted);
  });

  it.each<[string, Buffer, string]>([
    ['no fragment', picture(pixelData('')), 'frames-absent'],
    [
      'frames that nothing tells apart',
      picture(pixelData('', 'aaaa', 'bbbb', 'cccc'), { frames: '2' }),
      'frames-unresolvable',
    ],
    ['a cut', picture(pixelData('', 'aaaa')).subarray(0, -9), 'truncated'],
    [
      'something other than fragments',
      picture(Buffer.concat([pixelData('').subarray(0, -8), short(0x00280010, 1)])),
      'sequence-malformed',
    ],
  ])('refuses %s', (_name, dataSet, reason) => {
    expect(() => framesOf(dataSet, { transferSyntaxUid: T.jpegLsLossless })).toThrow(
      expect.objectContaining({ reason }),
    );
  });
});
