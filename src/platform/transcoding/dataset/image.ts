import { ConversionError } from '../conversion-error';
import { ElementSpan, tagText, undefinedLength } from './elements';

export const tags = {
  samplesPerPixel: 0x00280002,
  photometricInterpretation: 0x00280004,
  planarConfiguration: 0x00280006,
  numberOfFrames: 0x00280008,
  rows: 0x00280010,
  columns: 0x00280011,
  bitsAllocated: 0x00280100,
  bitsStored: 0x00280101,
  highBit: 0x00280102,
  pixelRepresentation: 0x00280103,
  windowCenter: 0x00281050,
  windowWidth: 0x00281051,
  rescaleIntercept: 0x00281052,
  rescaleSlope: 0x00281053,
  lossyImageCompression: 0x00282110,
  lossyImageCompressionRatio: 0x00282112,
  lossyImageCompressionMethod: 0x00282114,
  extendedOffsetTable: 0x7fe00001,
  extendedOffsetTableLengths: 0x7fe00002,
  pixelData: 0x7fe00010,
} as const;

/** The Image Pixel module (PS3.3 section C.7.6.3) of one data set. */
export interface ImageFacts {
  readonly rows: number;
  readonly columns: number;
  readonly frames: number;
  readonly samplesPerPixel: number;
  readonly bitsAllocated: number;
  readonly bitsStored: number;
  readonly highBit: number;
  readonly signed: boolean;
  readonly photometric: string;
  /** (0028,0006); 0 when absent. */
  readonly planar: 0 | 1;
}

/** Spans of a data set in explicit little endian, with easy access to values of the first level. */
export class DatasetView {
  private readonly byTag: Map<number, ElementSpan>;

  constructor(
    readonly data: Buffer,
    readonly spans: readonly ElementSpan[],
  ) {
    this.byTag = new Map(spans.map((span) => [span.tag, span]));
  }

  find(tag: number): ElementSpan | undefined {
    return this.byTag.get(tag);
  }

  value(tag: number): Buffer | undefined {
    const span = this.byTag.get(tag);
    return span && this.data.subarray(span.valueStart, span.valueEnd);
  }

  text(tag: number): string | undefined {
    return this.value(tag)
      ?.toString('latin1')
      .replace(/[\0 ]+$/, '')
      .trimStart();
  }

  unsignedShort(tag: number): number | undefined {
    const value = this.value(tag);
    return value && value.length >= 2 ? value.readUInt16LE(0) : undefined;
  }

  /** First value of a decimal string. */
  decimal(tag: number): number | undefined {
    const first = Number(this.text(tag)?.split('\\')[0] || Number.NaN);
    return Number.isFinite(first) ? first : undefined;
  }

  get pixelData(): ElementSpan | undefined {
    return this.find(tags.pixelData);
  }

  get encapsulated(): boolean {
    return this.pixelData?.length === undefinedLength;
  }
}

/** Reads the image facts, or refuses with the attribute that is missing or impossible. */
export function imageFacts(view: DatasetView): ImageFacts {
  const need = (tag: number): number => {
    const value = view.unsignedShort(tag);
    if (value === undefined) throw new ConversionError('malformed-data-set', `${tagText(tag)} is missing`);
    return value;
  };
  const bitsAllocated = need(tags.bitsAllocated);
  const bitsStored = view.unsignedShort(tags.bitsStored) ?? bitsAllocated;
  const framesText = view.text(tags.numberOfFrames);
  const facts: ImageFacts = {
    rows: need(tags.rows),
    columns: need(tags.columns),
    frames: framesText ? Number(framesText) : 1,
    samplesPerPixel: need(tags.samplesPerPixel),
    bitsAllocated,
    bitsStored,
    highBit: view.unsignedShort(tags.highBit) ?? bitsStored - 1,
    signed: view.unsignedShort(tags.pixelRepresentation) === 1,
    photometric: view.text(tags.photometricInterpretation) ?? '',
    planar: view.unsignedShort(tags.planarConfiguration) === 1 ? 1 : 0,
  };
  checkFacts(facts);
  return facts;
}

function checkFacts(facts: ImageFacts): void {
  const wrong = (tag: number) => {
    throw new ConversionError('malformed-data-set', `${tagText(tag)} has an impossible value`);
  };
  if (facts.rows < 1) wrong(tags.rows);
  if (facts.columns < 1) wrong(tags.columns);
  if (!Number.isInteger(facts.frames) || facts.frames < 1) wrong(tags.numberOfFrames);
  if (![1, 3, 4].includes(facts.samplesPerPixel)) wrong(tags.samplesPerPixel);
  if (![1, 8, 16, 32, 64].includes(facts.bitsAllocated)) wrong(tags.bitsAllocated);
  if (facts.bitsStored < 1 || facts.bitsStored > facts.bitsAllocated) wrong(tags.bitsStored);
  if (facts.highBit >= facts.bitsAllocated || facts.highBit < facts.bitsStored - 1) wrong(tags.highBit);
}

/** Bytes of one uncompressed frame whose cells are whole bytes. */
export function frameBytes(facts: ImageFacts): number {
  return facts.rows * facts.columns * facts.samplesPerPixel * (facts.bitsAllocated / 8);
}
