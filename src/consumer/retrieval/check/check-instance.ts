import { DicomRefusal, HeadWalker, readAttributes, readDataSet, transferSyntax } from '../../../standards/dicom';
import type { RetrievedHead } from '../retrieval.types';

const T = { sopClass: 0x00080016, sopInstance: 0x00080018, study: 0x0020000d, series: 0x0020000e } as const;
const FLOAT_PIXEL_DATA = 0x7fe00008;
const explicitLittle = '1.2.840.10008.1.2.1';
const headBytesMax = 64 * 1024 * 1024;

/** What an object says that it is. */
export interface ObjectIdentity {
  readonly sopClassUid: string;
  readonly sopInstanceUid: string;
  readonly studyInstanceUid: string;
  readonly seriesInstanceUid: string;
}

/** The data set up to its pixel data, as a copy that does not keep the pixels alive. */
export function headOf(dataset: Buffer, transferSyntaxUid: string): RetrievedHead {
  const syntax = transferSyntax(transferSyntaxUid);
  if (!syntax) throw new DicomRefusal('transfer-syntax-unknown');
  const walker = new HeadWalker({ transferSyntaxUid, stopAt: FLOAT_PIXEL_DATA, headBytesMax });
  const pixelDataFollows = walker.push(dataset);
  if (!pixelDataFollows) walker.end();
  // A value that goes beyond the bytes: the object was cut where it was made.
  if (!syntax.deflated && readDataSet(dataset, { encoding: syntax }).cut) throw new DicomRefusal('truncated');
  const readAs = syntax.deflated ? explicitLittle : transferSyntaxUid;
  return { transferSyntaxUid: readAs, head: Buffer.from(walker.head()), pixelDataFollows };
}

export function identityOf({ head, transferSyntaxUid }: RetrievedHead): ObjectIdentity {
  const values = readAttributes(head, { transferSyntaxUid, tags: Object.values(T) });
  const text = (tag: number) => String(values.get(tag)?.[0] ?? '');
  return {
    sopClassUid: text(T.sopClass),
    sopInstanceUid: text(T.sopInstance),
    studyInstanceUid: text(T.study),
    seriesInstanceUid: text(T.series),
  };
}

/** Which identifier is not the announced one. */
export function objectMismatch(found: ObjectIdentity, announced: ObjectIdentity): keyof ObjectIdentity | undefined {
  const names = ['studyInstanceUid', 'seriesInstanceUid', 'sopClassUid', 'sopInstanceUid'] as const;
  return names.find((name) => found[name] !== announced[name]);
}
