import fc from 'fast-check';
import { ConversionError } from '../conversion-error';
import { ImageFacts } from '../dataset/image';
import { decodeRle, encodeRle } from './rle';

const factsOf = (rows: number, columns: number, samplesPerPixel = 1, bitsAllocated = 8): ImageFacts => ({
  ...{
    rows,
    columns,
    frames: 1,
    samplesPerPixel,
    bitsAllocated,
    bitsStored: bitsAllocated,
    highBit: bitsAllocated - 1,
  },
  ...{ signed: false, photometric: samplesPerPixel === 3 ? 'RGB' : 'MONOCHROME2', planar: 0 as const },
});
const reasonOf = (work: () => unknown) => {
  try {
    work();
    return 'no error';
  } catch (error) {
    return error instanceof ConversionError ? error.reason : `not named: ${String(error)}`;
  }
};

describe('RLE (PS3.5 annex G)', () => {
  it('comes back whatever the cells, depth and colour', () => {
    const shapes = fc.record({
      rows: fc.integer({ min: 1, max: 20 }),
      columns: fc.integer({ min: 1, max: 300 }),
      samples: fc.constantFrom(1, 3),
      bits: fc.constantFrom(8, 16, 32),
      palette: fc.uint8Array({ minLength: 1, maxLength: 6 }),
      seed: fc.nat(),
    });
    fc.assert(
      fc.property(shapes, ({ rows, columns, samples, bits, palette, seed }) => {
        const facts = factsOf(rows, columns, samples, bits);
        let state = seed;
        const frame = Buffer.alloc((rows * columns * samples * bits) / 8).map(() => {
          state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
          return palette[(state >>> 20) % palette.length];
        });
        const stream = encodeRle(Buffer.from(frame), facts);
        expect(stream.length % 2).toBe(0);
        expect(decodeRle(stream, facts).equals(frame)).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  it.each([1, 2, 3, 127, 128, 129, 130, 255, 256, 257])(
    'keeps a run and a run of differences of %i bytes',
    (length) => {
      for (const frame of [Buffer.alloc(length, 7), Buffer.from(Array.from({ length }, (_, at) => at & 0xff))]) {
        expect(decodeRle(encodeRle(frame, factsOf(1, length)), factsOf(1, length)).equals(frame)).toBe(true);
      }
    },
  );

  it('packs each row by itself (G.3.1) and orders segments from the highest byte', () => {
    const stream = encodeRle(Buffer.from([1, 2, 1, 2, 1, 2, 1, 2]), factsOf(2, 2, 1, 16));
    expect(stream.readUInt32LE(0)).toBe(2);
    expect([...stream.subarray(64, 68)]).toEqual([255, 2, 255, 2]);
    expect([...stream.subarray(68, 72)]).toEqual([255, 1, 255, 1]);
  });

  it('takes the byte -128 for nothing (G.3.2)', () => {
    const stream = Buffer.concat([Buffer.alloc(64), Buffer.from([128, 1, 5, 6])]);
    stream.writeUInt32LE(1, 0);
    stream.writeUInt32LE(64, 4);
    expect([...decodeRle(stream, factsOf(1, 2))]).toEqual([5, 6]);
  });

  it('names what is wrong with any other bytes, and reads nothing outside', () => {
    const facts = factsOf(4, 9, 3, 16);
    const good = encodeRle(Buffer.alloc(4 * 9 * 6, 3), facts);
    const damage = fc.array(fc.tuple(fc.nat({ max: good.length - 1 }), fc.nat({ max: 255 })), {
      minLength: 1,
      maxLength: 8,
    });
    fc.assert(
      fc.property(damage, fc.nat({ max: good.length }), (bytes, cut) => {
        const stream = Buffer.from(good);
        for (const [at, value] of bytes) stream[at] = value;
        expect(['no error', 'corrupt-code-stream']).toContain(reasonOf(() => decodeRle(stream, facts)));
        expect(['no error', 'corrupt-code-stream']).toContain(
          reasonOf(() => decodeRle(stream.subarray(0, cut), facts)),
        );
      }),
      { numRuns: 200 },
    );
  });

  it('has at most 15 segments', () => {
    expect(reasonOf(() => encodeRle(Buffer.alloc(16), factsOf(1, 1, 4, 32)))).toBe('unsupported-pixel-format');
  });
});
