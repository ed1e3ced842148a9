import { OID } from './codes';
import type { Code } from './model';

/** Values of the DMP that the gateway writes itself, with the French labels of the samples. */

export const KOS_CODES = {
  classCode: { code: '31', scheme: '1.2.250.1.213.1.1.4.1', display: 'Imagerie médicale' },
  typeCode: { code: 'IMG-KOS', scheme: '1.2.250.1.213.1.1.4.12', display: "Reference d'objets d'un examen d'imagerie" },
  formatCode: {
    code: '1.2.840.10008.5.1.4.1.1.88.59',
    scheme: '1.2.840.10008.2.6.1',
    display: "Document de Références d'objets d'imagerie selon profil IHE RAD XDS-I",
  },
} as const satisfies Record<string, Code>;

/** Metadata of the signature document (IHE DSG, ITI TF-3 5.5). */
export const SIGNATURE_CODES = {
  classCode: { code: 'urn:oid:1.3.6.1.4.1.19376.1.2.1.1.1', scheme: 'URN', display: 'Digital Signature' },
  typeCode: { code: 'E1762', scheme: 'ASTM', display: 'Full Document' },
  formatCode: { code: 'http://www.w3.org/2000/09/xmldsig#', scheme: 'URN', display: 'Default Signature Style' },
  purpose: { code: '1.2.840.10065.1.12.1.14', scheme: '1.2.840.10065.1.12', display: 'Source' },
} as const satisfies Record<string, Code>;

const NORMAL: Code = { code: 'N', scheme: OID.confidentiality, display: 'Normal' };
const HIDDEN_FROM_PROFESSIONALS: Code = {
  code: 'MASQUE_PS',
  scheme: OID.visibility,
  display: 'Masqué aux professionnels de santé',
};
const HIDDEN_FROM_PATIENT: Code = {
  code: 'INVISIBLE_PATIENT',
  scheme: OID.visibility,
  display: 'Non visible par le patient',
};
const HIDDEN_FROM_GUARDIANS: Code = {
  code: 'INVISIBLE_REPRESENTANTS_LEGAUX',
  scheme: OID.visibility,
  display: 'Non visible par les représentants légaux',
};

/** Who may not see a document, as the flags of the report say. */
export interface VisibilityFlags {
  masquePs: boolean;
  invisiblePatient: boolean;
  invisibleRepresentantsLegaux: boolean;
}

/** `N` always, with one code for each restriction. */
export const confidentialityCodes = (flags: VisibilityFlags): Code[] => [
  NORMAL,
  ...(flags.masquePs ? [HIDDEN_FROM_PROFESSIONALS] : []),
  ...(flags.invisiblePatient ? [HIDDEN_FROM_PATIENT] : []),
  ...(flags.invisibleRepresentantsLegaux ? [HIDDEN_FROM_GUARDIANS] : []),
];

/** The flags read back from confidentiality codes. */
export function visibilityOf(codes: readonly Code[]): VisibilityFlags {
  const has = (wanted: Code) => codes.some((code) => code.code === wanted.code);
  return {
    masquePs: has(HIDDEN_FROM_PROFESSIONALS),
    invisiblePatient: has(HIDDEN_FROM_PATIENT),
    invisibleRepresentantsLegaux: has(HIDDEN_FROM_GUARDIANS),
  };
}

const contentType = (code: string, display: string): Code => ({ code, scheme: OID.contentTypes, display });

/** PV1-2 (HL7 table 0004) to contentTypeCode, value set JDV_J59. */
const CONTENT_TYPES: Readonly<Record<string, Code>> = {
  I: contentType('03', 'Hospitalisation complète'),
  O: contentType('07', 'Consultations soins externes'),
  E: contentType('07', 'Consultations soins externes'),
  R: contentType('19', 'Traitement et cures ambulatoires'),
  N: contentType('97', "Type d'activité indifférencié"),
};

/** contentTypeCode of a patient class; `97` (undifferentiated) when the class is absent or unknown. */
export const contentTypeCode = (patientClass: string | undefined): Code =>
  CONTENT_TYPES[(patientClass ?? '').trim().toUpperCase()] ?? CONTENT_TYPES.N;

/** Meanings of the modalities met in practice (DICOM PS3.16 CID 29); another one is its own label. */
const MODALITIES: Readonly<Record<string, string>> = {
  BMD: 'Bone Mineral Densitometry',
  CR: 'Computed Radiography',
  CT: 'Computed Tomography',
  DX: 'Digital Radiography',
  ES: 'Endoscopy',
  IO: 'Intra-oral Radiography',
  MG: 'Mammography',
  MR: 'Magnetic Resonance',
  NM: 'Nuclear Medicine',
  OPT: 'Ophthalmic Tomography',
  PT: 'Positron emission tomography',
  PX: 'Panoramic X-Ray',
  RF: 'Radiofluoroscopy',
  RG: 'Radiographic imaging',
  US: 'Ultrasound',
  XA: 'X-Ray Angiography',
};

export const modalityCode = (modality: string): Code => ({
  code: modality,
  scheme: OID.modalities,
  display: MODALITIES[modality] ?? modality,
});
