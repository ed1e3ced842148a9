/** Shapes shared by the files of standards/dicom. The classes and functions that use them are listed in README.md. */

/** A data element tag as one number, group in the upper half: (0010,1002) is 0x00101002. */
export type Tag = number;

/** How the elements of a data set are written (PS3.5 section 7 and annex A). */
export interface DataSetEncoding {
  /** The VR is written (explicit); false: implicit, the VR comes from the dictionary. */
  readonly explicitVr: boolean;
  readonly littleEndian: boolean;
}

/** Does decoding give back the very pixels that were encoded? `possible`: the syntax allows both, the object decides. */
export type Loss = 'none' | 'possible' | 'certain';

/** One transfer syntax of PS3.6 annex A. */
export interface TransferSyntax extends DataSetEncoding {
  readonly uid: string;
  readonly name: string;
  /** The whole data set is one raw deflate stream (PS3.5 A.5). */
  readonly deflated: boolean;
  /** Pixel data travel as fragments (PS3.5 A.4). */
  readonly encapsulated: boolean;
  readonly loss: Loss;
  /** Media type of one frame taken out of its data set (PS3.18 table 8.7.3-4 and following). */
  readonly frameMediaType: string;
}

/** Why bytes, a head or a data set were refused: stable codes, one sentence each in `DICOM_REASONS`. */
export type DicomReason =
  | 'preamble-absent'
  | 'file-meta-malformed'
  | 'file-meta-too-long'
  | 'transfer-syntax-absent'
  | 'transfer-syntax-unknown'
  | 'truncated'
  | 'head-too-long'
  | 'vr-unknown'
  | 'length-invalid'
  | 'nesting-too-deep'
  | 'sequence-malformed'
  | 'patient-contradicted'
  | 'deflate-malformed'
  | 'inflated-too-long'
  | 'frames-absent'
  | 'frames-unresolvable'
  | 'frame-out-of-range';

/** The patient's INS to write into (0010,1002). */
export interface InsToInsert {
  /** 15 characters with its key: PatientID (0010,0020) of the item. */
  readonly matricule: string;
  /** OID of the nature of the INS: UniversalEntityID (0040,0032). */
  readonly oid: string;
  /** IssuerOfPatientID (0010,0021), for example ASIP-SANTE-INS-NIR; left out when unknown. */
  readonly issuer?: string;
}

/** Chunk in, chunks out; synchronous. Chunks given back are views of those given whenever possible. */
export interface ChunkTransformer {
  push(chunk: Buffer): Buffer[];
  /** To be called once, after the last chunk. Throws a refusal when the data set is cut. */
  end(): Buffer[];
}

/** What a file meta group says (PS3.10 table 7.1-1). */
export interface FileMeta {
  readonly transferSyntaxUid: string;
  readonly mediaStorageSopClassUid?: string;
  readonly mediaStorageSopInstanceUid?: string;
  readonly implementationClassUid?: string;
  readonly implementationVersionName?: string;
  readonly sourceAeTitle?: string;
}

/** One attribute of the DICOM JSON model (PS3.18 F.2). */
export interface DicomJsonAttribute {
  vr: string;
  Value?: DicomJsonValue[];
  BulkDataURI?: string;
  InlineBinary?: string;
}
export interface DicomJsonPersonName {
  Alphabetic?: string;
  Ideographic?: string;
  Phonetic?: string;
}
export type DicomJsonValue = string | number | null | DicomJsonPersonName | DicomJsonDataSet;
/** Keys are `ggggeeee` in upper case hexadecimal. */
export interface DicomJsonDataSet {
  [tag: string]: DicomJsonAttribute;
}
