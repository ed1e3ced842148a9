import type { DicomReason } from './dicom.types';

/** One sentence for each reason. None ever quotes the bytes: they may hold an identity. */
export const DICOM_REASONS: Readonly<Record<DicomReason, string>> = {
  'preamble-absent': 'not a DICOM file: the 128-byte preamble and its DICM mark are absent',
  'file-meta-malformed': 'the file meta group (0002) cannot be read',
  'file-meta-too-long': 'the file meta group (0002) is longer than allowed',
  'transfer-syntax-absent': 'the file meta group does not name a transfer syntax',
  'transfer-syntax-unknown': 'the transfer syntax is not known here',
  truncated: 'the bytes end in the middle of an element',
  'head-too-long': 'the head of the data set is longer than allowed',
  'vr-unknown': 'an element has no valid value representation',
  'length-invalid': 'an element announces a length that it cannot have',
  'nesting-too-deep': 'sequences are nested deeper than allowed',
  'sequence-malformed': 'a sequence holds something other than items',
  'patient-contradicted': 'the object holds another INS of the same nature than its manifest',
  'deflate-malformed': 'the deflated data set cannot be inflated',
  'inflated-too-long': 'the deflated data set grows beyond what is allowed',
  'frames-absent': 'the data set holds no pixel data',
  'frames-unresolvable': 'where each frame begins cannot be told',
  'frame-out-of-range': 'no frame has that number',
};

/** Bytes that are refused; the room that fed them turns `reason` into an error of its catalogue. */
export class DicomRefusal extends Error {
  constructor(
    readonly reason: DicomReason,
    /** Where: a tag or an offset, never a value. */
    readonly where?: string,
  ) {
    super(where === undefined ? DICOM_REASONS[reason] : `${DICOM_REASONS[reason]} (${where})`);
    this.name = 'DicomRefusal';
  }
}
