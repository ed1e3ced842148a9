import {
  checkBirthDate,
  checkBirthPlace,
  Checked,
  checkGender,
  checkInsMatricule,
  checkOid,
  insNatureOf,
  refused,
  valid,
  type AssigningAuthority,
  type Gender,
} from '../../standards/identity';
import {
  CallProfile,
  consentName,
  consentOf,
  MandatoryParameter,
  mandatoryParameters,
  oppositionName,
  optionalParameters,
} from './call-profile';
import type { CalledFilters, CalledPatient, ContextualCall } from './called-patient';

export type CallFaultKind = 'missing' | 'empty' | 'repeated' | 'unknown' | 'invalid' | 'conflict';

/** What is wrong with one parameter. Neither field ever holds a value of the call. */
export interface CallFault {
  /** Undefined for an unknown name that resembles none of ours: it might be a piece of a value. */
  readonly parameter?: string;
  readonly kind: CallFaultKind;
  /** Why a value is refused, in English, for the integrator. */
  readonly reason?: string;
}

export type CallReading =
  { readonly ok: true; readonly call: ContextualCall } | { readonly ok: false; readonly faults: readonly CallFault[] };

export interface CallRules {
  readonly profile: CallProfile;
  /** OIDs of the natures of INS that are accepted. */
  readonly insOids: readonly string[];
}

type Form = Readonly<Record<string, unknown>>;
type Values = Map<string, string>;

const everyName: readonly string[] = [...mandatoryParameters, ...optionalParameters, consentName, oppositionName];
const unprintable = /[\p{Cc}\uFFFD]/u;

/** Reads the form of a contextual call; all faults are told together, in the order of the table of parameters. */
export function readContextualCall(form: Form, rules: CallRules): CallReading {
  const values: Values = new Map();
  const faults = shapeFaults(form, rules.profile, values);
  const faulty = new Set(faults.map(({ parameter }) => parameter));
  const read = new ValueReader(values, faulty);
  const patient = readPatient(read, rules.insOids);
  const filters = readFilters(read);
  const situationId = read.optional('Situation', checkSituation);
  const consent = readConsent(read, rules.profile);
  const all = [...faults, ...read.faults];
  if (all.length > 0 || !patient || !consent) return { ok: false, faults: all };
  return { ok: true, call: { patient, consent, situationId, filters } };
}

/** Names: unknown, repeated, empty, absent. Fills `values` with those that have one text. */
function shapeFaults(form: Form, profile: CallProfile, values: Values): CallFault[] {
  const consentNames = [...profile.consent.keys()];
  const accepted: string[] = [...mandatoryParameters, ...consentNames, ...profile.optional];
  const faults: CallFault[] = [];
  for (const [name, value] of Object.entries(form)) {
    const parameter = accepted.includes(name) ? name : nearest(name, accepted);
    if (!accepted.includes(name)) faults.push({ parameter, kind: 'unknown' });
    else if (typeof value !== 'string') faults.push({ parameter, kind: 'repeated' });
    else if (value.trim() === '') faults.push({ parameter, kind: 'empty' });
    else values.set(name, value.trim());
  }
  for (const name of mandatoryParameters)
    if (form[name] === undefined) faults.push({ parameter: name, kind: 'missing' });
  const consents = consentNames.filter((name) => form[name] !== undefined);
  if (consents.length === 0) faults.push({ parameter: consentNames[0], kind: 'missing' });
  if (consents.length > 1) faults.push({ parameter: consents[1], kind: 'conflict' });
  return faults;
}

/** An unknown name may be told only when it is one of ours in another case, or of another profile. */
function nearest(name: string, accepted: readonly string[]): string | undefined {
  return [...everyName, ...accepted].includes(name) || everyName.some((one) => one.toLowerCase() === name.toLowerCase())
    ? name
    : undefined;
}

/** Gives values through their validator and notes why they are refused. */
class ValueReader {
  readonly faults: CallFault[] = [];

  constructor(
    private readonly values: Values,
    private readonly faulty: ReadonlySet<string | undefined>,
  ) {}

  optional<T>(name: string, check: (text: string) => Checked<T>): T | undefined {
    const text = this.values.get(name);
    if (text === undefined || this.faulty.has(name)) return undefined;
    const checked = check(text);
    if (checked.ok) return checked.value;
    this.faults.push({ parameter: name, kind: 'invalid', reason: checked.reason });
    return undefined;
  }

  mandatory = <T>(name: MandatoryParameter, check: (text: string) => Checked<T>): T | undefined =>
    this.optional(name, check);

  names = (): string[] => [...this.values.keys()];
}

function readPatient(read: ValueReader, insOids: readonly string[]): CalledPatient | undefined {
  const oid = read.mandatory('Patient.identifier.system', (text) => checkNature(text, insOids));
  const matricule = read.mandatory('Patient.identifier.value', checkInsMatricule);
  const birthFamilyName = read.mandatory('Patient.name.family', checkName);
  const firstGivenName = read.mandatory('Patient.name.given', checkName);
  const gender = read.mandatory('Patient.gender', checkCalledGender);
  const birthDate = read.mandatory('Patient.birthDate', checkBirthDate);
  const birthPlace = read.mandatory('Address.district', checkBirthPlace);
  const value = read.mandatory('PatientID', (text) => checkText(text, 64));
  const authority = read.mandatory('PatientIDIssuer', checkIssuer);
  if (!oid || !matricule || !birthFamilyName || !firstGivenName || !gender || !birthDate || !birthPlace)
    return undefined;
  if (!value || !authority) return undefined;
  const ins = { matricule, oid };
  return { ins, birthFamilyName, firstGivenName, gender, birthDate, birthPlace, localId: { value, authority } };
}

function readFilters(read: ValueReader): CalledFilters {
  const dates = read.optional('StudyDate', checkStudyDate);
  return {
    studyInstanceUid: read.optional('StudyInstanceUID', checkOid),
    accessionNumber: read.optional('AccessionNumber', (text) => checkText(text, 64)),
    accessionNumberIssuer: read.optional('AccessionNumberIssuer', (text) => checkText(text, 200)),
    modality: read.optional('Modality', checkModality),
    studyDateFrom: dates?.from,
    studyDateTo: dates?.to,
    anatomicRegion: read.optional('AnatomicRegion', (text) => checkText(text, 64)),
  };
}

function readConsent(read: ValueReader, profile: CallProfile) {
  const name = [...profile.consent.keys()].find((one) => read.names().includes(one));
  const words = name === undefined ? undefined : profile.consent.get(name);
  if (name === undefined || words === undefined) return undefined;
  return read.optional(name, (text) => {
    const decision = consentOf(text, words);
    return decision ? valid(decision) : refused('the value is none of the words configured for this parameter');
  });
}

/** OID of the nature, bare or as FHIR writes it (`urn:oid:…`). */
function checkNature(text: string, insOids: readonly string[]): Checked<string> {
  const oid = text.replace(/^urn:oid:/, '');
  if (!insOids.includes(oid) && insNatureOf(oid)) return refused('this nature of INS is not accepted here');
  return insOids.includes(oid) ? valid(oid) : refused('the OID is not the one of an INS');
}

/** FHIR codes, as the names of the parameters suggest, and those of HL7 v2 and CDA. */
const fhirGenders: ReadonlyMap<string, Gender> = new Map([
  ['male', 'M'],
  ['female', 'F'],
  ['other', 'U'],
  ['unknown', 'U'],
]);

function checkCalledGender(text: string): Checked<Gender> {
  const known = fhirGenders.get(text.toLowerCase());
  return known ? valid(known) : checkGender(text.toUpperCase());
}

function checkName(text: string): Checked<string> {
  if (!/\p{L}/u.test(text)) return refused('the name holds no letter');
  return checkText(text, 100);
}

function checkText(text: string, lengthMax: number): Checked<string> {
  if ([...text].length > lengthMax) return refused(`the value is longer than ${lengthMax} characters`);
  if (unprintable.test(text)) return refused('the value holds a control character, or is not UTF-8');
  return valid(text);
}

/** CX-4, whole (`namespace&OID&ISO`) or in part: the ANS lets a caller send less (FAQ 10549). */
function checkIssuer(text: string): Checked<AssigningAuthority> {
  const short = checkText(text, 250);
  if (!short.ok) return short;
  const parts = text.split('&').map((part) => part.trim());
  if (parts.length > 3) return refused('the authority has more than three components');
  if (parts.length === 1) {
    const isOid = checkOid(text).ok;
    return valid(
      isOid
        ? { namespaceId: '', universalId: text, universalIdType: 'ISO' }
        : { namespaceId: text, universalId: '', universalIdType: '' },
    );
  }
  const [namespaceId = '', universalId = '', universalIdType = ''] = parts;
  if (universalIdType === 'ISO' || (universalIdType === '' && /^[0-2]\./.test(universalId))) {
    const oid = checkOid(universalId);
    return oid.ok ? valid({ namespaceId, universalId, universalIdType: 'ISO' }) : oid;
  }
  if (universalId !== '' && universalIdType === '') return refused('the authority has an identifier without its type');
  if (namespaceId === '' && universalId === '') return refused('the authority is empty');
  return valid({ namespaceId, universalId, universalIdType });
}

/** Structure of the national register, as Pro Santé Connect writes it. */
function checkSituation(text: string): Checked<string> {
  return /^[0-9A-Za-z/._-]{1,40}$/.test(text)
    ? valid(text)
    : refused('the situation is not an identifier of a structure');
}

function checkModality(text: string): Checked<string> {
  return /^[A-Z0-9_]{2,16}$/.test(text) ? valid(text) : refused('the modality is not a DICOM code');
}

/** `yyyyMMdd`, or a range `yyyyMMdd-yyyyMMdd` whose either end may be open. */
function checkStudyDate(text: string): Checked<{ from?: string; to?: string }> {
  const found = /^(\d{8})?(-)?(\d{8})?$/.exec(text);
  const [, from, dash, to] = found ?? [];
  if (!found || (!from && !to) || (to && !dash)) return refused('the study date is not YYYYMMDD or YYYYMMDD-YYYYMMDD');
  const last = dash ? to : from;
  for (const day of [from, last]) {
    const checked = day === undefined ? undefined : checkBirthDate(day);
    if (checked && (!checked.ok || checked.value.lunar || checked.value.precision !== 'day'))
      return refused('the study date is not a day of the calendar');
  }
  if (from && last && from > last) return refused('the range of study dates is reversed');
  return valid({ from, to: last });
}
