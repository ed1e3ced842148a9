import fc from 'fast-check';
import openjph from '@cornerstonejs/codec-openjph';
import { generatedImages } from '../../../test/support/transcoding-images';
import { encodeFrame } from './codecs/encode';
import { ConversionError } from './conversion-error';
import { convertDataset } from './convert';
import { element, unsignedShort } from './dataset/edit';
import { elementsOf, explicitLittle } from './dataset/elements';
import { DatasetView, ImageFacts, tags } from './dataset/image';
import { encapsulate } from './pixels/encapsulation';
import { syntaxes } from './syntaxes';

const limits = { maxObjectBytes: 16 * 1024 * 1024, cancelled: () => false };
const convert = async (data: Buffer, from: string, to: string, more = limits) =>
  Buffer.concat(await convertDataset(data, from, to, more));
const viewOf = (data: Buffer) => new DatasetView(data, elementsOf(data, explicitLittle));
const reasonOf = (work: Promise<unknown>) =>
  work.then(
    () => 'no error',
    (error: unknown) => (error instanceof ConversionError ? error.reason : `not named: ${String(error)}`),
  );

interface Shape {
  samples?: number;
  bits?: number;
  stored?: number;
  signed?: boolean;
  photometric?: string;
}
const rows = 9;
const columns = 11;
const factsOf = ({ samples = 1, bits = 16, stored = bits, signed = false, photometric }: Shape): ImageFacts => ({
  ...{
    rows,
    columns,
    frames: 1,
    samplesPerPixel: samples,
    bitsAllocated: bits,
    bitsStored: stored,
    highBit: stored - 1,
  },
  ...{ signed, photometric: photometric ?? (samples === 3 ? 'RGB' : 'MONOCHROME2'), planar: 0 as const },
});

/** The image pixel module of `facts`, then the chunks of (7FE0,0010). */
function dataset(facts: ImageFacts, pixels: Buffer[], before: Buffer[] = []): Buffer {
  return Buffer.concat([
    ...unsignedShort(tags.samplesPerPixel, facts.samplesPerPixel),
    ...element(tags.photometricInterpretation, 'CS', Buffer.from(facts.photometric)),
    ...(facts.samplesPerPixel > 1 ? unsignedShort(tags.planarConfiguration, facts.planar) : []),
    ...unsignedShort(tags.rows, facts.rows),
    ...unsignedShort(tags.columns, facts.columns),
    ...unsignedShort(tags.bitsAllocated, facts.bitsAllocated),
    ...unsignedShort(tags.bitsStored, facts.bitsStored),
    ...unsignedShort(tags.highBit, facts.highBit),
    ...unsignedShort(tags.pixelRepresentation, facts.signed ? 1 : 0),
    ...before,
    ...pixels,
  ]);
}

/** Cells over the whole range, sign-extended where signed. */
function cellsOf(facts: ImageFacts): Buffer {
  const count = rows * columns * facts.samplesPerPixel;
  const bytes = Buffer.alloc((count * facts.bitsAllocated) / 8);
  for (let at = 0; at < count; at++) {
    const value = ((at * 2_654_435_761) >>> 7) % 2 ** facts.bitsStored;
    const cell = facts.signed ? value - 2 ** (facts.bitsStored - 1) : value;
    if (facts.bitsAllocated === 8) bytes[at] = cell & 0xff;
    else bytes.writeUInt16LE(cell & 0xffff, at * 2);
  }
  return bytes;
}
const native = (facts: ImageFacts, cells: Buffer) =>
  dataset(facts, element(tags.pixelData, facts.bitsAllocated > 8 ? 'OW' : 'OB', cells));

describe('lossless conversion keeps every value', () => {
  const shapes: [string, Shape][] = [
    ['8 bits signed', { bits: 8, signed: true }],
    ['7 bits signed in 8', { bits: 8, stored: 7, signed: true }],
    ['9 bits signed', { stored: 9, signed: true }],
    ['12 bits signed', { stored: 12, signed: true }],
    ['14 bits signed', { stored: 14, signed: true }],
    ['5 bits in 8', { bits: 8, stored: 5 }],
    ['16 bits RGB', { samples: 3 }],
    ['8 bits signed RGB', { samples: 3, bits: 8, signed: true }],
  ];
  const targets = [syntaxes.rle, syntaxes.jpegLosslessSv1, syntaxes.jpegLsLossless, syntaxes.jpeg2000Lossless];
  it.each(shapes)('%s: exact, or refused before anything is written', async (_, shape) => {
    const facts = factsOf(shape);
    const cells = cellsOf(facts);
    const outcomes = await Promise.all(
      targets.map(async (to) => {
        const there = await convert(native(facts, cells), syntaxes.explicitLittle, to).catch(
          (error: ConversionError) => error,
        );
        if (there instanceof Error) return there.reason;
        const back = viewOf(await convert(there, to, syntaxes.explicitLittle)).value(tags.pixelData);
        return back?.subarray(0, cells.length).equals(cells);
      }),
    );
    const colour = shape.samples === 3;
    expect(outcomes).toEqual([true, true, true, colour ? 'unsupported-pixel-format' : true]);
  });

  it('an extended offset table that no longer holds is left out', async () => {
    const facts = { ...factsOf({}), frames: 2 };
    const { stream } = await encodeFrame(syntaxes.rle, cellsOf(facts), facts);
    const table = Buffer.alloc(16);
    table.writeBigUInt64LE(BigInt(stream.length + 8), 8);
    const frames = element(tags.numberOfFrames, 'IS', Buffer.from('2'));
    const data = Buffer.concat(
      [
        dataset(facts, []).subarray(0, 0),
        ...unsignedShort(tags.samplesPerPixel, 1),
        ...element(tags.photometricInterpretation, 'CS', Buffer.from('MONOCHROME2')),
        ...frames,
        dataset(facts, []).subarray(10 + 8 + 12),
        ...element(tags.extendedOffsetTable, 'OV', table),
        ...element(tags.extendedOffsetTableLengths, 'OV', Buffer.alloc(16)),
        ...encapsulate([stream, stream]),
      ].filter((chunk) => chunk.length > 0),
    );
    const view = viewOf(await convert(data, syntaxes.rle, syntaxes.explicitLittle));
    expect(view.find(tags.extendedOffsetTable)).toBeUndefined();
    expect(view.find(tags.extendedOffsetTableLengths)).toBeUndefined();
    expect(view.value(tags.pixelData)?.length).toBe(2 * rows * columns * 2 + 0);
  });
});

describe('HTJ2K is read', () => {
  interface Encoder {
    getDecodedBuffer(info: object): Uint8Array;
    setQuality(lossless: boolean, step: number): void;
    encode(): void;
    getEncodedBuffer(): Uint8Array;
  }
  const shapes: [string, Shape][] = [
    ['12 bits', { stored: 12 }],
    ['16 bits signed', { signed: true }],
    ['8 bits', { bits: 8 }],
    ['RGB', { samples: 3, bits: 8 }],
  ];
  it.each(shapes)('%s', async (_, shape) => {
    const facts = factsOf(shape);
    const cells = cellsOf(facts);
    const codec = (await openjph({ print: () => undefined, printErr: () => undefined })) as unknown as {
      HTJ2KEncoder: new () => Encoder;
    };
    const encoder = new codec.HTJ2KEncoder();
    const colour = facts.samplesPerPixel === 3;
    const info = {
      width: columns,
      height: rows,
      bitsPerSample: facts.bitsStored,
      componentCount: facts.samplesPerPixel,
    };
    encoder.getDecodedBuffer({ ...info, isSigned: facts.signed, isUsingColorTransform: colour }).set(cells);
    encoder.setQuality(true, 0);
    encoder.encode();
    const stream = Buffer.from(encoder.getEncodedBuffer());
    const data = dataset({ ...facts, photometric: colour ? 'YBR_RCT' : facts.photometric }, encapsulate([stream]));
    for (const from of [syntaxes.htj2kLossless, syntaxes.htj2kLosslessRpcl, syntaxes.htj2k]) {
      const view = viewOf(await convert(data, from, syntaxes.explicitLittle));
      expect(view.value(tags.pixelData)?.subarray(0, cells.length).equals(cells)).toBe(true);
      expect(view.text(tags.photometricInterpretation)).toBe(facts.photometric);
    }
  });
});

describe('the lossy target, JPEG baseline', () => {
  it.each([
    ['grey', { bits: 8 }, 'MONOCHROME2'],
    ['colour', { bits: 8, samples: 3 }, 'YBR_FULL'],
  ])('%s: near values, and the object says so (PS3.3 section C.7.6.1.1.5)', async (_, shape: Shape, photometric) => {
    const facts = factsOf(shape);
    const cells = Buffer.from(
      Array.from({ length: rows * columns * facts.samplesPerPixel }, (_cell, at) => 60 + (at % 97)),
    );
    const lossy = viewOf(await convert(native(facts, cells), syntaxes.explicitLittle, syntaxes.jpegBaseline));
    expect(lossy.text(tags.lossyImageCompression)).toBe('01');
    expect(Number(lossy.text(tags.lossyImageCompressionRatio))).toBeGreaterThan(0);
    expect(lossy.text(tags.lossyImageCompressionMethod)).toBe('ISO_10918_1');
    expect(lossy.text(tags.photometricInterpretation)).toBe(photometric);
    const again = viewOf(await convert(lossy.data, syntaxes.jpegBaseline, syntaxes.explicitLittle));
    expect(again.text(tags.lossyImageCompression)).toBe('01');
    const back = again.value(tags.pixelData) ?? Buffer.alloc(0);
    const worst = cells.reduce((most, value, at) => Math.max(most, Math.abs(value - back[at])), 0);
    expect(worst).toBeLessThan(facts.samplesPerPixel === 3 ? 64 : 24);
    const twice = viewOf(await convert(again.data, syntaxes.explicitLittle, syntaxes.jpegBaseline));
    expect(twice.text(tags.lossyImageCompressionMethod)).toBe('ISO_10918_1\\ISO_10918_1');
  });
  it.each([
    ['12 bits', { stored: 12 }],
    ['signed', { bits: 8, signed: true }],
    ['palette', { bits: 8, photometric: 'PALETTE COLOR' }],
  ])('%s is refused', async (_, shape: Shape) => {
    const facts = factsOf(shape);
    const converted = convert(native(facts, cellsOf(facts)), syntaxes.explicitLittle, syntaxes.jpegBaseline);
    expect(await reasonOf(converted)).toBe('unsupported-pixel-format');
  });
});

describe('other layouts', () => {
  it('a value representation that nobody knows keeps its long form, in big endian and back', async () => {
    const facts = factsOf({});
    const unknown = Buffer.concat(element(0x00990010, 'ZZ', Buffer.from('abcd')));
    expect(unknown).toHaveLength(16);
    const data = Buffer.concat([dataset(facts, []), unknown]);
    for (const to of [syntaxes.explicitBig, syntaxes.deflated]) {
      const there = await convert(data, syntaxes.explicitLittle, to);
      expect((await convert(there, to, syntaxes.explicitLittle)).equals(data)).toBe(true);
    }
  });
});

describe('cells of 32 bits', () => {
  const facts = factsOf({ bits: 32 });
  const words = Buffer.from(Array.from({ length: rows * columns * 4 }, (_, at) => (at * 37) & 0xff));
  it('big endian OW is turned round by 16-bit word (PS3.5 section 7.3), as dcmtk does', async () => {
    const big: Buffer[] = [];
    const data = dataset(facts, element(tags.pixelData, 'OW', words));
    for (const span of elementsOf(data, explicitLittle)) {
      const head = Buffer.from(data.subarray(span.start, span.valueStart));
      head.subarray(0, 4).swap16();
      if (head.length === 8) head.subarray(6).swap16();
      else head.subarray(8).swap32();
      const value = Buffer.from(data.subarray(span.valueStart, span.valueEnd));
      big.push(head, ['US', 'OW'].includes(span.vr) ? value.swap16() : value);
    }
    expect((await convert(Buffer.concat(big), syntaxes.explicitBig, syntaxes.explicitLittle)).equals(data)).toBe(true);
  });
  it('RLE holds them, the other codecs refuse them', async () => {
    const data = native(facts, words);
    const there = await convert(data, syntaxes.explicitLittle, syntaxes.rle);
    expect(viewOf(await convert(there, syntaxes.rle, syntaxes.explicitLittle)).value(tags.pixelData)).toEqual(words);
    for (const to of [syntaxes.jpegLsLossless, syntaxes.jpeg2000Lossless, syntaxes.jpegLosslessSv1]) {
      expect(await reasonOf(convert(data, syntaxes.explicitLittle, to))).toBe('unsupported-pixel-format');
    }
  });
});

describe('limits', () => {
  const facts = factsOf({});
  it('an object over the limit is refused, before and after decoding', async () => {
    const data = native(facts, cellsOf(facts));
    const small = { ...limits, maxObjectBytes: 100 };
    expect(await reasonOf(convert(data, syntaxes.explicitLittle, syntaxes.rle, small))).toBe('object-too-large');
    const { stream } = await encodeFrame(syntaxes.rle, Buffer.alloc(rows * columns * 2), facts);
    const bomb = dataset({ ...facts, rows: 65_535, columns: 65_535 }, encapsulate([stream]));
    expect(await reasonOf(convert(bomb, syntaxes.rle, syntaxes.explicitLittle))).toBe('object-too-large');
  });
  it('a caller that left is noticed between two frames', async () => {
    const data = native(facts, cellsOf(facts));
    const left = { ...limits, cancelled: () => true };
    expect(await reasonOf(convert(data, syntaxes.explicitLittle, syntaxes.rle, left))).toBe('cancelled');
  });
});

describe('damaged objects', () => {
  const images = generatedImages({ rows: 8, columns: 9 });
  const [plain, colour] = [images[0], images.find(({ name }) => name === 'three RGB frames by plane') ?? images[1]];
  const froms = [syntaxes.explicitLittle, syntaxes.implicitLittle, syntaxes.rle];

  it('any change anywhere is either harmless or named; nothing else is thrown', async () => {
    const originals = await Promise.all(
      [plain, colour].flatMap((image) =>
        froms.map(async (from) => ({ from, data: await convert(image.dataset, syntaxes.explicitLittle, from) })),
      ),
    );
    const damage = fc.array(fc.tuple(fc.double({ min: 0, max: 0.999, noNaN: true }), fc.nat({ max: 255 })), {
      minLength: 1,
      maxLength: 8,
    });
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...originals),
        damage,
        fc.double({ min: 0.2, max: 1.5, noNaN: true }),
        fc.constantFrom(syntaxes.explicitLittle, syntaxes.implicitLittle, syntaxes.rle),
        async ({ from, data }, bytes, cut, to) => {
          const hurt = Buffer.from(data.subarray(0, Math.ceil(data.length * Math.min(1, cut))));
          for (const [at, value] of bytes) hurt[Math.floor(at * hurt.length)] = value;
          expect(await reasonOf(convert(hurt, from, to))).not.toMatch(/^not named/);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('sequences nested too deep are refused, not followed', async () => {
    const open = Buffer.from([
      0x08, 0, 0x40, 0x11, 0x53, 0x51, 0, 0, 255, 255, 255, 255, 0xfe, 0xff, 0, 0xe0, 255, 255, 255, 255,
    ]);
    const data = Buffer.concat(Array.from({ length: 5_000 }, () => open));
    expect(await reasonOf(convert(data, syntaxes.explicitBig, syntaxes.rle))).toMatch(
      /^(malformed|truncated)-data-set$/,
    );
    expect(await reasonOf(convert(data, syntaxes.explicitLittle, syntaxes.rle))).toBe('malformed-data-set');
  });
});
