import { DicomRefusal, readAttributes, readDataSet, transferSyntax, type ReadElement } from '../../../standards/dicom';
import { insNatureOf, insNatures } from '../../../standards/identity';
import type { ExpectedPatient, RetrievedHead } from '../retrieval.types';
import { judgeNames, type KnownNames, type NameVerdict } from './patient-name';

export const identityStrictnesses = ['ins', 'traits', 'contradiction'] as const;
export type IdentityStrictness = (typeof identityStrictnesses)[number];

/** What is wrong with the identity that an image carries. Words only: never a value. */
export type PatientMismatch =
  'ins-differs' | 'ins-absent' | 'birth-date-differs' | 'birth-date-absent' | 'sex-differs' | 'name-differs';

/** The patient of the call, with the names that the verified manifest adds. */
export type PatientToMatch = ExpectedPatient & KnownNames;

const T = {
  issuer: 0x00100021,
  patientName: 0x00100010,
  patientId: 0x00100020,
  qualifiers: 0x00100024,
  birthDate: 0x00100030,
  sex: 0x00100040,
  otherIds: 0x00101002,
  otherNames: 0x00101001,
  entityId: 0x00400032,
} as const;

const insOids: readonly string[] = Object.values(insNatures);
const insAuthority = /INS-?NI[RA]/i;

/** The part of a name that is none of those of the patient, on an image that is shown. */
export type NameDoubt = 'given-differs' | 'family-differs';

/** What the identity of an image comes to. */
export interface IdentityVerdict {
  /** Why the image is not shown. */
  readonly mismatch?: PatientMismatch;
  /** It is shown; whoever looks at it is told, and the trail. */
  readonly nameDoubt?: NameDoubt;
}

/**
 * Compares the identity of an image with the patient of the call. The INS may have been written into the image by its
 * gateway on the way, so it proves the manifest rather than the image: birth date and sex must never contradict either, nor
 * family and given name together. One of the two alone does not outweigh a matching INS, as PACS hold the names in use, with
 * their spellings; it is told. Without an INS a given name must be one of the patient's: twins share all the rest.
 */
export function judgeIdentity(
  { head, transferSyntaxUid }: RetrievedHead,
  patient: PatientToMatch,
  strictness: IdentityStrictness,
): IdentityVerdict {
  const values = readAttributes(head, {
    transferSyntaxUid,
    tags: [T.patientName, T.birthDate, T.sex, T.otherNames],
  });
  const texts = (tag: number) => (values.get(tag) ?? []).map((value) => String(value).trim()).filter(Boolean);
  const claimed = claimedIns(head, transferSyntaxUid);
  const isNamed = claimed.some(({ value, oid }) => isSame(value, oid, patient));
  // Its gateway may have added the INS of the call beside the one of somebody else that the image came with.
  if (claimed.some((one) => contradicts(one, patient)) || (claimed.length > 0 && !isNamed))
    return { mismatch: 'ins-differs' };
  if (strictness === 'ins' && !isNamed) return { mismatch: 'ins-absent' };
  const [birthDate = ''] = texts(T.birthDate);
  const [sex = ''] = texts(T.sex);
  if (!agreesOnBirth(birthDate, patient)) return { mismatch: 'birth-date-differs' };
  if (['M', 'F'].includes(sex) && patient.gender !== 'U' && sex !== patient.gender) return { mismatch: 'sex-differs' };
  const isLenient = isNamed || strictness === 'contradiction';
  if (!isLenient && birthDate === '') return { mismatch: 'birth-date-absent' };
  return judgedByName(judgeNames([...texts(T.patientName), ...texts(T.otherNames)], patient), isLenient);
}

function judgedByName(verdict: NameVerdict, isLenient: boolean): IdentityVerdict {
  if (verdict === 'same' || (verdict === 'absent' && isLenient)) return {};
  const isDoubt = verdict === 'family-differs' || (verdict === 'given-differs' && isLenient);
  return isDoubt ? { nameDoubt: verdict } : { mismatch: 'name-differs' };
}

interface ClaimedIns {
  readonly value: string;
  readonly oid?: string;
  /** Told by the name of its issuer, when there is no OID. */
  readonly isNia?: boolean;
}

/** Every INS in PatientID and OtherPatientIDsSequence (PS3.3 C.2.3). */
function claimedIns(head: Buffer, transferSyntaxUid: string): ClaimedIns[] {
  const encoding = transferSyntax(transferSyntaxUid);
  if (!encoding) throw new DicomRefusal('transfer-syntax-unknown');
  const { elements } = readDataSet(head, { encoding, stopAt: T.otherIds + 1 });
  const others = elements.find(({ tag }) => tag === T.otherIds)?.items ?? [];
  return [elements, ...others].flatMap((item) => insOf(head, item) ?? []);
}

function insOf(head: Buffer, item: readonly ReadElement[]): ClaimedIns | undefined {
  const value = text(head, item, T.patientId);
  if (!value) return undefined;
  const qualifiers = item.find(({ tag }) => tag === T.qualifiers)?.items ?? [];
  const oid = qualifiers.map((each) => text(head, each, T.entityId)).find((each) => insOids.includes(each));
  if (oid !== undefined) return { value, oid };
  const issuer = text(head, item, T.issuer);
  return insAuthority.test(issuer) ? { value, isNia: /NIA/i.test(issuer) } : undefined;
}

function text(bytes: Buffer, elements: readonly ReadElement[], wanted: number): string {
  const found = elements.find(({ tag }) => tag === wanted);
  if (!found) return '';
  return bytes.toString('latin1', found.valueOffset, found.valueOffset + found.length).replace(/^ +|[ \0]+$/g, '');
}

/** With its key, or without (13 characters). */
function isSame(value: string, oid: string | undefined, { ins }: PatientToMatch): boolean {
  return (value === ins.matricule || value === ins.matricule.slice(0, 13)) && (oid === undefined || oid === ins.oid);
}

/** Another number of the same nature: a person has one of each. */
function contradicts({ value, oid, isNia }: ClaimedIns, patient: PatientToMatch): boolean {
  const isSameNature = oid === undefined ? isNia === (insNatureOf(patient.ins.oid) === 'nia') : oid === patient.ins.oid;
  return isSameNature && !isSame(value, undefined, patient);
}

/** A day that the certificate does not know, or that no calendar has, is often written otherwise: the known part counts. */
function agreesOnBirth(written: string, { birthDate }: PatientToMatch): boolean {
  if (!/^\d{8}$/.test(written) || written === '00000000') return written === '';
  if (birthDate.lunar) return written.slice(0, 4) === birthDate.text.slice(0, 4);
  return written.startsWith(birthDate.text);
}
