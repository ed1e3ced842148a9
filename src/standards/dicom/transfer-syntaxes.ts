import type { Loss, TransferSyntax } from './dicom.types';

/** Names of the transfer syntaxes that code refers to (PS3.6 annex A). */
export const TRANSFER_SYNTAX = {
  implicitVrLittleEndian: '1.2.840.10008.1.2',
  explicitVrLittleEndian: '1.2.840.10008.1.2.1',
  deflatedExplicitVrLittleEndian: '1.2.840.10008.1.2.1.99',
  explicitVrBigEndian: '1.2.840.10008.1.2.2',
  jpegBaseline: '1.2.840.10008.1.2.4.50',
  jpegExtended: '1.2.840.10008.1.2.4.51',
  jpegLossless: '1.2.840.10008.1.2.4.57',
  jpegLosslessSv1: '1.2.840.10008.1.2.4.70',
  jpegLsLossless: '1.2.840.10008.1.2.4.80',
  jpegLsNearLossless: '1.2.840.10008.1.2.4.81',
  jpeg2000Lossless: '1.2.840.10008.1.2.4.90',
  jpeg2000: '1.2.840.10008.1.2.4.91',
  jpeg2000MulticomponentLossless: '1.2.840.10008.1.2.4.92',
  jpeg2000Multicomponent: '1.2.840.10008.1.2.4.93',
  mpeg2MainProfileMainLevel: '1.2.840.10008.1.2.4.100',
  mpeg2MainProfileHighLevel: '1.2.840.10008.1.2.4.101',
  mpeg4High41: '1.2.840.10008.1.2.4.102',
  mpeg4High41BdCompatible: '1.2.840.10008.1.2.4.103',
  mpeg4High42For2d: '1.2.840.10008.1.2.4.104',
  mpeg4High42For3d: '1.2.840.10008.1.2.4.105',
  mpeg4StereoHigh42: '1.2.840.10008.1.2.4.106',
  hevcMainProfile: '1.2.840.10008.1.2.4.107',
  hevcMain10Profile: '1.2.840.10008.1.2.4.108',
  htj2kLossless: '1.2.840.10008.1.2.4.201',
  htj2kLosslessRpcl: '1.2.840.10008.1.2.4.202',
  htj2k: '1.2.840.10008.1.2.4.203',
  rleLossless: '1.2.840.10008.1.2.5',
} as const;

const native = (uid: string, name: string, but: Partial<TransferSyntax> = {}): TransferSyntax => ({
  uid,
  name,
  explicitVr: true,
  littleEndian: true,
  deflated: false,
  encapsulated: false,
  loss: 'none',
  frameMediaType: 'application/octet-stream',
  ...but,
});

const compressed = (uid: string, name: string, loss: Loss, frameMediaType: string): TransferSyntax =>
  native(uid, name, { encapsulated: true, loss, frameMediaType });

const T = TRANSFER_SYNTAX;

/** Every transfer syntax that may be stored or asked for. Media types: PS3.18 table 8.7.3-4, 8.7.3-5. */
export const TRANSFER_SYNTAXES: readonly TransferSyntax[] = [
  native(T.implicitVrLittleEndian, 'Implicit VR Little Endian', { explicitVr: false }),
  native(T.explicitVrLittleEndian, 'Explicit VR Little Endian'),
  native(T.deflatedExplicitVrLittleEndian, 'Deflated Explicit VR Little Endian', { deflated: true }),
  native(T.explicitVrBigEndian, 'Explicit VR Big Endian (retired)', { littleEndian: false }),
  compressed(T.jpegBaseline, 'JPEG Baseline (Process 1)', 'certain', 'image/jpeg'),
  compressed(T.jpegExtended, 'JPEG Extended (Process 2 and 4)', 'certain', 'image/jpeg'),
  compressed(T.jpegLossless, 'JPEG Lossless, Non-Hierarchical (Process 14)', 'none', 'image/jpeg'),
  compressed(T.jpegLosslessSv1, 'JPEG Lossless, First-Order Prediction (Process 14 SV1)', 'none', 'image/jpeg'),
  compressed(T.jpegLsLossless, 'JPEG-LS Lossless', 'none', 'image/jls'),
  compressed(T.jpegLsNearLossless, 'JPEG-LS Lossy (Near-Lossless)', 'possible', 'image/jls'),
  compressed(T.jpeg2000Lossless, 'JPEG 2000 (Lossless Only)', 'none', 'image/jp2'),
  compressed(T.jpeg2000, 'JPEG 2000', 'possible', 'image/jp2'),
  compressed(T.jpeg2000MulticomponentLossless, 'JPEG 2000 Part 2 Multi-component (Lossless Only)', 'none', 'image/jpx'),
  compressed(T.jpeg2000Multicomponent, 'JPEG 2000 Part 2 Multi-component', 'possible', 'image/jpx'),
  compressed(T.mpeg2MainProfileMainLevel, 'MPEG2 Main Profile / Main Level', 'certain', 'video/mpeg'),
  compressed(T.mpeg2MainProfileHighLevel, 'MPEG2 Main Profile / High Level', 'certain', 'video/mpeg'),
  compressed(T.mpeg4High41, 'MPEG-4 AVC/H.264 High Profile / Level 4.1', 'certain', 'video/mp4'),
  compressed(T.mpeg4High41BdCompatible, 'MPEG-4 AVC/H.264 BD-compatible High Profile', 'certain', 'video/mp4'),
  compressed(T.mpeg4High42For2d, 'MPEG-4 AVC/H.264 High Profile / Level 4.2 for 2D video', 'certain', 'video/mp4'),
  compressed(T.mpeg4High42For3d, 'MPEG-4 AVC/H.264 High Profile / Level 4.2 for 3D video', 'certain', 'video/mp4'),
  compressed(T.mpeg4StereoHigh42, 'MPEG-4 AVC/H.264 Stereo High Profile / Level 4.2', 'certain', 'video/mp4'),
  compressed(T.hevcMainProfile, 'HEVC/H.265 Main Profile / Level 5.1', 'certain', 'video/H265'),
  compressed(T.hevcMain10Profile, 'HEVC/H.265 Main 10 Profile / Level 5.1', 'certain', 'video/H265'),
  compressed(T.htj2kLossless, 'High-Throughput JPEG 2000 (Lossless Only)', 'none', 'image/jphc'),
  compressed(T.htj2kLosslessRpcl, 'High-Throughput JPEG 2000 with RPCL (Lossless Only)', 'none', 'image/jphc'),
  compressed(T.htj2k, 'High-Throughput JPEG 2000', 'possible', 'image/jphc'),
  compressed(T.rleLossless, 'RLE Lossless', 'none', 'image/dicom-rle'),
];

const byUid = new Map(TRANSFER_SYNTAXES.map((syntax) => [syntax.uid, syntax]));

/** The transfer syntax of that UID; undefined when it is not in the table. */
export function transferSyntax(uid: string): TransferSyntax | undefined {
  return byUid.get(uid);
}
