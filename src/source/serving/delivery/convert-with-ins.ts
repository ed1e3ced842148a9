import type { ConversionRequest, Transcoder } from '../../../platform/transcoding';
import { InsInserter, type InsToInsert, TRANSFER_SYNTAX } from '../../../standards/dicom';

/**
 * Converts a data set and adds the patient's INS, each where it belongs: pixels in a worker thread, the head here. Into a deflated
 * stream nothing can be put without making it anew, whole, so that the INS is added before a worker deflates.
 */
export async function convertWithIns(
  transcoder: Pick<Transcoder, 'convert'>,
  { dataset, from, to }: ConversionRequest & { readonly dataset: readonly Buffer[] },
  ins: InsToInsert | undefined,
  signal: AbortSignal,
): Promise<readonly Buffer[]> {
  if (!ins) return transcoder.convert({ dataset, from, to }, signal);
  const via = to === TRANSFER_SYNTAX.deflatedExplicitVrLittleEndian ? TRANSFER_SYNTAX.explicitVrLittleEndian : to;
  const plain = from === via ? dataset : await transcoder.convert({ dataset, from, to: via }, signal);
  const inserter = new InsInserter({ transferSyntaxUid: via, ins });
  const withIns = [...plain.flatMap((part) => inserter.push(part)), ...inserter.end()];
  return via === to ? withIns : transcoder.convert({ dataset: withIns, from: via, to }, signal);
}
