import { TRANSFER_SYNTAX as T } from '../dicom';

/** UIDs of PS3.6 annex A that the message exchange needs (not the storage classes of images, which callers bring). */
export const applicationContext = '1.2.840.10008.3.1.1.1';
export const verificationSopClass = '1.2.840.10008.1.1';

/** Query/Retrieve information models, study root (PS3.4 C.6.2). */
export const studyRoot = {
  find: '1.2.840.10008.5.1.4.1.2.2.1',
  move: '1.2.840.10008.5.1.4.1.2.2.2',
  get: '1.2.840.10008.5.1.4.1.2.2.3',
} as const;

/**
 * Syntaxes offered for images, the likeliest first: when the 128 contexts of an association do not suffice for every
 * (class, syntax) pair, the last ones are left out.
 */
export const storageTransferSyntaxes: readonly string[] = [
  T.explicitVrLittleEndian,
  T.implicitVrLittleEndian,
  T.jpegLosslessSv1,
  T.jpegLsLossless,
  T.jpeg2000Lossless,
  T.jpegBaseline,
  T.jpeg2000,
  T.rleLossless,
  T.jpegExtended,
  T.jpegLsNearLossless,
  T.jpegLossless,
  T.explicitVrBigEndian,
  T.deflatedExplicitVrLittleEndian,
  T.htj2kLossless,
  T.htj2kLosslessRpcl,
  T.htj2k,
  T.mpeg4High41,
  T.mpeg4High41BdCompatible,
  T.mpeg2MainProfileMainLevel,
  T.mpeg2MainProfileHighLevel,
  T.mpeg4High42For2d,
  T.mpeg4High42For3d,
  T.mpeg4StereoHigh42,
  T.hevcMainProfile,
  T.hevcMain10Profile,
];

/** Syntaxes of contexts that carry commands and identifiers only, the preferred first. */
export const transferSyntaxesOfCommands: readonly string[] = [T.explicitVrLittleEndian, T.implicitVrLittleEndian];
