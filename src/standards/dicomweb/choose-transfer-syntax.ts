import { transferSyntax, TRANSFER_SYNTAX } from '../dicom';
import type { TransferSyntaxChoice, Wish, WishList } from './dicomweb.types';

export interface ChoiceToMake {
  /** Transfer syntax UID of the object as the PACS gives it. */
  readonly stored: string;
  /** UIDs that we can write from that object, without loss wherever the syntax allows it. */
  readonly canEncodeTo: readonly string[];
  readonly wishes: WishList;
}

/**
 * As stored when the caller takes that; else converted to what the caller ranks best among what we can write (PS3.18
 * 8.7.3.5). A lossy syntax is written only when ranked above every lossless one that the caller takes, and never from
 * an object that may have lost something already.
 */
export function chooseTransferSyntax({ stored, canEncodeTo, wishes }: ChoiceToMake): TransferSyntaxChoice {
  if (qualityOf(asServed(stored, wishes), wishes) > 0) return 'as-is';
  const candidates = [...new Set(canEncodeTo)]
    .filter((uid) => uid !== stored && isWrittenFor(uid, wishes))
    .map((uid) => ({ uid, q: qualityOf(uid, wishes), lossy: isLossy(uid), rank: rankOf(uid, wishes) }))
    .filter(({ q }) => q > 0)
    .sort((one, other) => other.q - one.q || Number(one.lossy) - Number(other.lossy) || one.rank - other.rank);
  const bestLossless = Math.max(
    0,
    ...losslessQualities(wishes),
    ...candidates.filter(({ lossy }) => !lossy).map(({ q }) => q),
  );
  const mayLose = transferSyntax(stored)?.loss === 'none';
  const chosen = candidates.find(({ lossy, q }) => !lossy || (mayLose && q > bestLossless));
  return chosen ? { convertTo: chosen.uid } : 'not-acceptable';
}

/** A syntax whose encoder cannot but lose. One that allows both (JPEG 2000) is written without loss. */
const isLossy = (uid: string): boolean => transferSyntax(uid)?.loss === 'certain';

/** Frames of any native syntax are the same bytes once in little endian: those of explicit VR little endian. */
function asServed(stored: string, { resource }: WishList): string {
  const syntax = transferSyntax(stored);
  return resource === 'frames' && syntax && !syntax.encapsulated ? TRANSFER_SYNTAX.explicitVrLittleEndian : stored;
}

/** Frames have no byte order nor stream of their own to choose (PS3.18 8.7.3.3): pixels leave in little endian, not deflated. */
function isWrittenFor(uid: string, { resource }: WishList): boolean {
  const syntax = transferSyntax(uid);
  return resource !== 'frames' || !syntax || (syntax.littleEndian && !syntax.deflated);
}

/** The caller's q for a syntax: of the range that names it, else of the media type, else of the widest (RFC 9110 12.5.1). */
function qualityOf(uid: string, { wishes }: WishList): number {
  const matching = wishes
    .map((wish) => ({ q: wish.q, precision: precisionOf(wish, uid) }))
    .filter(({ precision }) => precision > 0)
    .sort((one, other) => other.precision - one.precision || other.q - one.q);
  return matching[0]?.q ?? 0;
}

/** 0: the wish does not take this syntax; more: the closer it names it, the more. */
function precisionOf({ mediaType, transferSyntax: wanted }: Wish, uid: string): number {
  if (wanted !== undefined && wanted !== '*') return wanted === uid ? 5 : 0;
  if (mediaType === '*/*' || mediaType === 'application/*') return 1;
  const frameMediaType = transferSyntax(uid)?.frameMediaType ?? '';
  if (mediaType === frameMediaType && frameMediaType !== 'application/octet-stream') return 4;
  if (mediaType.endsWith('/*')) return frameMediaType.startsWith(mediaType.slice(0, -1)) ? 2 : 0;
  if (mediaType !== 'application/dicom' && mediaType !== 'application/octet-stream') return 0;
  // Without a transfer syntax, these two mean explicit VR little endian (PS3.18 8.7.3.5.2).
  if (wanted === '*') return 3;
  return uid === TRANSFER_SYNTAX.explicitVrLittleEndian ? 4 : 0;
}

/** Place of the wish that names the syntax: among equals, the caller's own order decides. */
function rankOf(uid: string, { wishes }: WishList): number {
  const index = wishes.findIndex(({ transferSyntax: wanted }) => wanted === uid);
  return index < 0 ? wishes.length : index;
}

/** q of every lossless syntax that the caller takes, whether we can write it or not. */
function losslessQualities(wishes: WishList): number[] {
  return wishes.wishes.flatMap(({ transferSyntax: wanted, mediaType, q }) => {
    if (wanted === undefined || wanted === '*') return mediaType === 'image/jpeg' ? [] : [q];
    return isLossy(wanted) ? [] : [q];
  });
}
