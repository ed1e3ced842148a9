import { ConversionError } from '../conversion-error';
import { element } from '../dataset/edit';
import { elementsOf, explicitLittle } from '../dataset/elements';
import { DatasetView } from '../dataset/image';
import { header } from '../dataset/reencode';
import { encapsulate, framesOf } from './encapsulation';

const item = (bytes: Buffer): Buffer => {
  const head = Buffer.from([0xfe, 0xff, 0x00, 0xe0, 0, 0, 0, 0]);
  head.writeUInt32LE(bytes.length, 4);
  return Buffer.concat([head, bytes]);
};
const end = Buffer.from([0xfe, 0xff, 0xdd, 0xe0, 0, 0, 0, 0]);
const offsets32 = (...values: number[]) => {
  const bytes = Buffer.alloc(values.length * 4);
  values.forEach((value, index) => bytes.writeUInt32LE(value, index * 4));
  return bytes;
};
const offsets64 = (...values: number[]) => {
  const bytes = Buffer.alloc(values.length * 8);
  values.forEach((value, index) => bytes.writeBigUInt64LE(BigInt(value), index * 8));
  return bytes;
};
const viewOf = (chunks: Buffer[]) => {
  const data = Buffer.concat(chunks);
  return new DatasetView(data, elementsOf(data, explicitLittle));
};
const pixelData = (table: Buffer, fragments: Buffer[]) => [
  header(0x7fe00010, 'OB', 0xffffffff),
  item(table),
  ...fragments.map(item),
  end,
];
const texts = (lists: Buffer[][]) => lists.map((list) => Buffer.concat(list).toString('latin1'));
const [aa, bb, cc, dd] = ['aaaa', 'bbbb', 'cccc', 'dddd'].map((text) => Buffer.from(text));

describe('frames of encapsulated pixel data (PS3.5 section A.4)', () => {
  it('all fragments belong to a single frame, whatever the table', () => {
    expect(texts(framesOf(viewOf(pixelData(offsets32(0), [aa, bb])), 1))).toEqual(['aaaabbbb']);
  });
  it('one fragment per frame needs no table', () => {
    expect(texts(framesOf(viewOf(pixelData(Buffer.alloc(0), [aa, bb])), 2))).toEqual(['aaaa', 'bbbb']);
  });
  it('the basic offset table says where frames start', () => {
    const view = viewOf(pixelData(offsets32(0, 12), [aa, bb, cc]));
    expect(texts(framesOf(view, 2))).toEqual(['aaaa', 'bbbbcccc']);
  });
  it('the extended offset table goes before the basic one', () => {
    const extended = [...element(0x7fe00001, 'OV', offsets64(0, 24)), ...element(0x7fe00002, 'OV', offsets64(24, 24))];
    const view = viewOf([...extended, ...pixelData(Buffer.alloc(0), [aa, bb, cc, dd])]);
    expect(texts(framesOf(view, 2))).toEqual(['aaaabbbb', 'ccccdddd']);
  });
  it('without a table, a frame starts at the start marker of its code stream', () => {
    const soi = (marker: number) => Buffer.from([0xff, marker, 1, 1]);
    const view = viewOf(pixelData(Buffer.alloc(0), [soi(0xd8), aa, soi(0x4f), bb, cc]));
    expect(framesOf(view, 2).map((list) => list.length)).toEqual([2, 3]);
  });
  it.each([
    ['too few frames', pixelData(Buffer.alloc(0), [aa]), 2],
    ['an empty frame', pixelData(offsets32(0, 1000), [aa, bb, cc]), 2],
    ['no fragment', pixelData(Buffer.alloc(0), []), 1],
    ['a huge number of frames', pixelData(offsets32(0), [aa, bb]), 2_000_000_000],
  ])('%s is refused', (_, chunks, frames) => {
    expect(() => framesOf(viewOf(chunks), frames)).toThrow(ConversionError);
  });
  it('is written with a table for several frames and even lengths, and read back', () => {
    const view = viewOf(encapsulate([Buffer.from('odd'), Buffer.from('even'), Buffer.from('x')]));
    expect(texts(framesOf(view, 3))).toEqual(['odd\0', 'even', 'x\0']);
    expect(view.value(0x7fe00010)?.subarray(8, 20)).toEqual(offsets32(0, 12, 24));
  });
});
