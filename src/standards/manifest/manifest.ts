import type { Ins } from '../identity';

/** A coded concept: PS3.3, 8.8. */
export interface ManifestCode {
  value: string;
  scheme: string;
  meaning: string;
}

/** An identifier and the OID of the authority that gave it. */
export interface IssuedIdentifier {
  value: string;
  issuerOid?: string;
}

/** Pair of numbers by which the report, the order and the images know each other: one item of (0040,A370). */
export interface ManifestRequest {
  accession?: IssuedIdentifier;
  placerOrder?: IssuedIdentifier;
}

/** `claimed`: what the manifest says. Whether it is this patient's is for the room that read it to verify. */
export interface ManifestPatient {
  ins?: Ins;
  /** (0010,0021), `ASIP-SANTE-INS-NIR` in every sample. */
  insIssuer?: string;
  /** Family name at birth: PatientName, first component. */
  birthFamilyName: string;
  /** First given name of the birth certificate: PatientName, second component. */
  firstGivenName: string;
  /** YYYYMMDD, or empty when unknown. */
  birthDate: string;
  gender: 'M' | 'F' | 'O' | '';
  /** INSEE code of the place of birth, in PatientComments. */
  birthPlace: string;
  /** (0010,1001), each as DICOM writes a person name: `FAMILY^GIVEN`. */
  otherNames: string[];
}

/** A mark put on one image by a key object selection (KIN) of the same study. */
export interface KeyImage {
  /** Of the key object selection document, not of the image. */
  sopInstanceUid: string;
  seriesInstanceUid: string;
  title: ManifestCode;
  comment?: string;
}

export interface ManifestInstance {
  sopClassUid: string;
  sopInstanceUid: string;
  instanceNumber?: number;
  numberOfFrames?: number;
  keyImages?: KeyImage[];
}

export interface ManifestSeries {
  seriesInstanceUid: string;
  number?: number;
  modality?: string;
  description?: string;
  /** YYYYMMDD and HHMMSS[.ffffff]; only the MADO form carries them. */
  date?: string;
  time?: string;
  /** `<base>/studies/<study>/series/<series>`. */
  retrieveUrl?: string;
  /** (0040,E011). */
  retrieveLocationUid?: string;
  instances: ManifestInstance[];
}

export interface ManifestStudy {
  studyInstanceUid: string;
  /** YYYYMMDD. */
  date?: string;
  /** HHMMSS[.ffffff]. */
  time?: string;
  description?: string;
  studyId?: string;
  /** As DICOM writes a person name. */
  referringPhysician?: string;
  requests: ManifestRequest[];
  series: ManifestSeries[];
}

/** What identifies one written manifest; a new version keeps the series and counts up. */
export interface ManifestIdentity {
  /** Also the XDS uniqueId, and the KOS-SOPInstanceUID header of WADO-RS. */
  sopInstanceUid: string;
  seriesInstanceUid: string;
  instanceNumber: number;
  /** Local time of creation: YYYYMMDD and HHMMSS. */
  createdDate: string;
  createdTime: string;
  /** `+0200`. */
  timezoneOffset?: string;
}

/** Everything a manifest says apart from its own identity. */
export interface ManifestContent {
  patient: ManifestPatient;
  /** The first is the study the KOS itself belongs to; the DRIM-M has one per manifest, the standard allows several. */
  studies: ManifestStudy[];
  /** Label of the performed act, for the text item. */
  actLabel?: string;
  /** Target region, coded, for the MADO form. */
  targetRegions?: ManifestCode[];
  institution?: { name: string; structureId?: string };
  manufacturer?: string;
}

/**
 * A manifest: a Key Object Selection document that lists the whole of a study and says where to fetch it
 * (PS3.3 A.35.4, IHE XDS-I.b, DRIMbox specification). One model for the DRIM-M form and for IHE MADO.
 */
export interface Manifest extends ManifestContent, ManifestIdentity {
  /** (113030, DCM, MANIFEST), or the MADO title. */
  title: ManifestCode;
}
