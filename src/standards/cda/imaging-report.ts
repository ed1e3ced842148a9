import type { BirthDate, BirthPlace, Gender, Ins, ProfessionalId, StructureId, Timestamp } from '../identity';

/** CDA datatype II: a root (OID or UUID), with an extension or without. */
export interface CdaIdentifier {
  readonly root: string;
  readonly extension?: string;
}

/** CDA datatype CE, reduced to what metadata repeat. */
export interface CdaCode {
  readonly code: string;
  readonly codeSystem: string;
  readonly displayName: string;
}

/** The patient as the report's header names them: INS, local number, and the traits of the identity. */
export interface ReportPatient {
  readonly ins: Ins;
  /** The number that the hospital gave (IPP), with the OID of who gave it. */
  readonly localId?: CdaIdentifier;
  /** Birth family name (qualifier BR). */
  readonly birthFamily: string;
  /** First given name of the birth certificate (qualifier BR). */
  readonly firstBirthGiven: string;
  /** Every given name of the birth certificate, as written; '' when not told. */
  readonly birthGivenNames: string;
  /** Family and given name used in life (qualifier CL), when told. */
  readonly usedFamily?: string;
  readonly usedGiven?: string;
  readonly gender: Gender;
  readonly birthDate: BirthDate;
  /** Absent from older reports; a strict trait all the same. */
  readonly birthPlace?: BirthPlace;
}

export interface ReportOrganisation {
  readonly id?: StructureId;
  readonly name: string;
  /** `standardIndustryClassCode`: the practice setting (AMBULATOIRE, ETABLISSEMENT…). */
  readonly practiceSetting?: CdaCode;
}

/** Author, legal authenticator or performer. */
export interface ReportProfessional {
  readonly id?: ProfessionalId;
  readonly family: string;
  readonly given: string;
  /** Profession and speciality, for example `G15_10/SM44`. */
  readonly role?: CdaCode;
  readonly organisation?: ReportOrganisation;
  readonly time?: Timestamp;
}

/** What the report answers to: the number of the request, and the accession number with who gave it. */
export interface ReportOrder {
  readonly placerOrder?: CdaIdentifier;
  readonly accession?: CdaIdentifier;
}

/** One imaging act of the report (`documentationOf/serviceEvent`). Several acts may belong to one study. */
export interface ExamAct {
  readonly studyInstanceUid: string;
  readonly code: CdaCode;
  readonly ccam: readonly CdaCode[];
  readonly modalities: readonly CdaCode[];
  readonly regions: readonly CdaCode[];
  readonly start?: Timestamp;
  readonly stop?: Timestamp;
  readonly performer?: ReportProfessional;
}

export interface ReportFacility {
  readonly id?: StructureId;
  readonly code?: CdaCode;
}

/** Where the report itself is: an embedded PDF (level 1), or sections (level 3) that may hold one too. */
export interface ReportBody {
  readonly level: 1 | 3;
  readonly mediaType: string;
  readonly pdf: 'nonXMLBody' | 'observationMedia' | 'none';
}

/** The header of an imaging report. Plain data: it can be stored as JSON and read back. */
export interface ImagingReport {
  readonly documentId: CdaIdentifier;
  /** Real senders give every report the same set: never match versions by it alone. */
  readonly setId?: CdaIdentifier;
  readonly versionNumber?: number;
  /** The document that this one replaces (`relatedDocument`, RPLC). */
  readonly replaces?: CdaIdentifier;
  readonly code: CdaCode;
  readonly title: string;
  readonly effectiveTime?: Timestamp;
  readonly confidentiality: CdaCode;
  readonly languageCode: string;
  readonly patient: ReportPatient;
  readonly authors: readonly ReportProfessional[];
  readonly legalAuthenticator?: ReportProfessional;
  readonly orders: readonly ReportOrder[];
  readonly acts: readonly ExamAct[];
  readonly facility: ReportFacility;
  readonly body: ReportBody;
  /** The text was encoded twice in UTF-8 by its sender, and has been put right. */
  readonly encodedTwice: boolean;
}

/** `root^extension`, the form of the registries; the root alone when there is no extension. */
export function identifierText(id: CdaIdentifier): string {
  return id.extension ? `${id.root}^${id.extension}` : id.root;
}

export function sameIdentifier(one: CdaIdentifier | undefined, other: CdaIdentifier | undefined): boolean {
  return one !== undefined && other !== undefined && identifierText(one) === identifierText(other);
}
