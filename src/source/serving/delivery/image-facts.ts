import type { ConversionTarget, Transcoder } from '../../../platform/transcoding';
import { HeadWalker, readDataSet, transferSyntax } from '../../../standards/dicom';

const PIXEL_DATA_GROUP = 0x7fe00000;
const tags = {
  samplesPerPixel: 0x00280002,
  photometric: 0x00280004,
  bitsAllocated: 0x00280100,
  bitsStored: 0x00280101,
} as const;

/** Syntaxes the gateway can write, the closest to the stored object first. */
const writable = [
  '1.2.840.10008.1.2.4.80',
  '1.2.840.10008.1.2.4.70',
  '1.2.840.10008.1.2.4.57',
  '1.2.840.10008.1.2.4.90',
  '1.2.840.10008.1.2.4.91',
  '1.2.840.10008.1.2.5',
  '1.2.840.10008.1.2.1',
  '1.2.840.10008.1.2',
  '1.2.840.10008.1.2.1.99',
  '1.2.840.10008.1.2.2',
  '1.2.840.10008.1.2.4.81',
  '1.2.840.10008.1.2.4.50',
] as const;

type Facts = Omit<ConversionTarget, 'to'>;

/** What decides to which syntaxes an object can be converted, read from the head of its data set. */
export function imageFacts(dataset: readonly Buffer[], transferSyntaxUid: string): Facts {
  const walker = new HeadWalker({ transferSyntaxUid, stopAt: PIXEL_DATA_GROUP, headBytesMax: 64 * 1024 * 1024 });
  for (const chunk of dataset) if (walker.push(chunk)) break;
  if (!walker.done) walker.end();
  const head = walker.head();
  const encoding = transferSyntax(transferSyntaxUid) ?? { explicitVr: true, littleEndian: true };
  const { elements } = readDataSet(head, { encoding, stopAt: PIXEL_DATA_GROUP });
  const at = (tag: number) => elements.find((element) => element.tag === tag);
  const short = (tag: number) => {
    const element = at(tag);
    if (!element || element.length < 2) return undefined;
    return element.littleEndian ? head.readUInt16LE(element.valueOffset) : head.readUInt16BE(element.valueOffset);
  };
  const photometric = at(tags.photometric);
  return {
    samplesPerPixel: short(tags.samplesPerPixel),
    bitsAllocated: short(tags.bitsAllocated),
    bitsStored: short(tags.bitsStored),
    photometric:
      photometric &&
      head.toString('latin1', photometric.valueOffset, photometric.valueOffset + photometric.length).trim(),
    hasPixelData: short(tags.bitsAllocated) !== undefined,
  };
}

/** Without facts the answer depends on the stored syntax alone, of which there are few: found out once, not for each request. */
const withoutFacts = new WeakMap<Transcoder, Map<string, string[]>>();

/** Syntaxes to which an object stored as `from` may be converted; without facts, those to which some object could be. */
export function conversionTargets(transcoder: Transcoder, from: string, facts?: Facts): string[] {
  const find = () => writable.filter((to) => transcoder.canConvert(from, { to, ...facts }));
  if (facts || !transferSyntax(from)) return find();
  const known = withoutFacts.get(transcoder) ?? new Map<string, string[]>();
  withoutFacts.set(transcoder, known);
  const targets = known.get(from) ?? find();
  known.set(from, targets);
  return targets;
}
