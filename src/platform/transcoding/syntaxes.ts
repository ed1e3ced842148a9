/** Transfer syntaxes that can be read or written here (PS3.5 annex A, PS3.6 table A-1). */
export const syntaxes = {
  implicitLittle: '1.2.840.10008.1.2',
  explicitLittle: '1.2.840.10008.1.2.1',
  deflated: '1.2.840.10008.1.2.1.99',
  explicitBig: '1.2.840.10008.1.2.2',
  jpegBaseline: '1.2.840.10008.1.2.4.50',
  jpegExtended: '1.2.840.10008.1.2.4.51',
  jpegLossless: '1.2.840.10008.1.2.4.57',
  jpegLosslessSv1: '1.2.840.10008.1.2.4.70',
  jpegLsLossless: '1.2.840.10008.1.2.4.80',
  jpegLsNear: '1.2.840.10008.1.2.4.81',
  jpeg2000Lossless: '1.2.840.10008.1.2.4.90',
  jpeg2000: '1.2.840.10008.1.2.4.91',
  htj2kLossless: '1.2.840.10008.1.2.4.201',
  htj2kLosslessRpcl: '1.2.840.10008.1.2.4.202',
  htj2k: '1.2.840.10008.1.2.4.203',
  rle: '1.2.840.10008.1.2.5',
} as const;

export type Codec = 'native' | 'rle' | 'jpeg' | 'jpeg-ls' | 'jpeg-2000' | 'htj2k';

export interface SyntaxFacts {
  readonly codec: Codec;
  /** The syntax itself allows lossy code streams (a given object may still be lossless). */
  readonly mayBeLossy: boolean;
  readonly readable: boolean;
  /** Written without loss (`lossless`), with loss (`lossy`), or not at all. */
  readonly writable: 'lossless' | 'lossy' | 'no';
}

const facts = (codec: Codec, mayBeLossy: boolean, writable: SyntaxFacts['writable']): SyntaxFacts => ({
  codec,
  mayBeLossy,
  readable: true,
  writable,
});

const table: Record<string, SyntaxFacts> = {
  [syntaxes.implicitLittle]: facts('native', false, 'lossless'),
  [syntaxes.explicitLittle]: facts('native', false, 'lossless'),
  [syntaxes.deflated]: facts('native', false, 'lossless'),
  [syntaxes.explicitBig]: facts('native', false, 'lossless'),
  [syntaxes.jpegBaseline]: facts('jpeg', true, 'lossy'),
  // Of 12 bits and always with loss: .50 already gives who ranks loss first something that every viewer reads.
  [syntaxes.jpegExtended]: facts('jpeg', true, 'no'),
  [syntaxes.jpegLossless]: facts('jpeg', false, 'lossless'),
  [syntaxes.jpegLosslessSv1]: facts('jpeg', false, 'lossless'),
  [syntaxes.jpegLsLossless]: facts('jpeg-ls', false, 'lossless'),
  [syntaxes.jpegLsNear]: facts('jpeg-ls', true, 'lossless'),
  [syntaxes.jpeg2000Lossless]: facts('jpeg-2000', false, 'lossless'),
  [syntaxes.jpeg2000]: facts('jpeg-2000', true, 'lossless'),
  [syntaxes.htj2kLossless]: facts('htj2k', false, 'no'),
  [syntaxes.htj2kLosslessRpcl]: facts('htj2k', false, 'no'),
  [syntaxes.htj2k]: facts('htj2k', true, 'no'),
  [syntaxes.rle]: facts('rle', false, 'lossless'),
};

/** Facts of a transfer syntax, or undefined when it is not handled (MPEG, JPIP, JPEG XL, private). */
export function syntaxFacts(uid: string): SyntaxFacts | undefined {
  return table[uid];
}

/**
 * The same bytes are already valid in the target: the target only allows more than the source does
 * (a reversible JPEG 2000 code stream under .91, JPEG-LS lossless under .81, first-order prediction under .57).
 */
export function isRelabelling(from: string, to: string): boolean {
  return (
    from === to ||
    (from === syntaxes.jpeg2000Lossless && to === syntaxes.jpeg2000) ||
    (from === syntaxes.jpegLsLossless && to === syntaxes.jpegLsNear) ||
    (from === syntaxes.jpegLosslessSv1 && to === syntaxes.jpegLossless)
  );
}
