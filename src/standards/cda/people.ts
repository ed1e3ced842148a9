import {
  checkBirthDate,
  checkBirthPlace,
  checkGender,
  checkInsMatricule,
  checkProfessionalId,
  checkStructureId,
  Ins,
  insNatureOf,
  professionalIdOid,
  structureIdOid,
} from '../identity';
import type { XmlElement } from '../xmlsec';
import { accepted, allAt, at, attribute, CdaRefusal, code, foldedText, identifier, required, time } from './cda-reader';
import type { CdaIdentifier, ReportOrganisation, ReportPatient, ReportProfessional } from './imaging-report';

const role = 'recordTarget/patientRole';

/** The patient of the report (`recordTarget`, exactly one). */
export function readPatient(root: XmlElement): ReportPatient {
  const targets = allAt(root, 'recordTarget');
  if (targets.length > 1)
    throw new CdaRefusal('invalid', 'recordTarget', 'recordTarget: the report names several patients');
  const patientRole = required(at(targets[0], 'patientRole'), role);
  const patient = required(at(patientRole, 'patient'), `${role}/patient`);
  const ids = allAt(patientRole, 'id').flatMap((element) => identifier(element, `${role}/id`) ?? []);
  const gender = required(at(patient, 'administrativeGenderCode'), `${role}/patient/administrativeGenderCode`);
  const birth = required(attribute(at(patient, 'birthTime'), 'value'), `${role}/patient/birthTime`);
  const place = foldedText(at(patient, 'birthplace', 'place', 'addr', 'county'));
  return {
    ins: insAmong(ids),
    localId: ids.find((id) => insNatureOf(id.root) === undefined && id.extension !== undefined),
    ...readNames(patient),
    gender: accepted(checkGender(attribute(gender, 'code')), `${role}/patient/administrativeGenderCode`),
    birthDate: accepted(checkBirthDate(birth), `${role}/patient/birthTime`),
    birthPlace:
      place === '' ? undefined : accepted(checkBirthPlace(place), `${role}/patient/birthplace/place/addr/county`),
  };
}

function insAmong(ids: readonly CdaIdentifier[]): Ins {
  const found = ids.filter((id) => insNatureOf(id.root) !== undefined);
  const first = required(found[0], `${role}/id (INS)`);
  if (found.some((id) => id.extension !== first.extension || id.root !== first.root)) {
    throw new CdaRefusal('invalid', `${role}/id`, `${role}/id: the report names two INS`);
  }
  return { matricule: accepted(checkInsMatricule(first.extension ?? ''), `${role}/id (INS)`), oid: first.root };
}

type Names = Pick<ReportPatient, 'birthFamily' | 'firstBirthGiven' | 'birthGivenNames' | 'usedFamily' | 'usedGiven'>;

/**
 * Names by qualifier: BR birth, CL used, none for the list of birth given names (French CDA header). Older reports have one
 * name without these qualifiers: it is then taken as the birth name.
 */
function readNames(patient: XmlElement): Names {
  const names = allAt(patient, 'name');
  const parts = (part: string) =>
    names
      .flatMap((name) => allAt(name, part))
      .map((element) => ({ qualifier: attribute(element, 'qualifier'), text: foldedText(element) }))
      .filter(({ text }) => text !== '');
  const families = parts('family');
  const givens = parts('given');
  const by = (list: typeof families, qualifier: string) => list.find((part) => part.qualifier === qualifier)?.text;
  const birthGivenNames = by(givens, '') ?? '';
  const given = by(givens, 'BR') ?? firstOf(birthGivenNames) ?? givens[0]?.text;
  return {
    birthFamily: required(by(families, 'BR') ?? by(families, '') ?? families[0]?.text, `${role}/patient/name/family`),
    firstBirthGiven: required(given, `${role}/patient/name/given`),
    birthGivenNames,
    usedFamily: by(families, 'CL'),
    usedGiven: by(givens, 'CL'),
  };
}

/** First name of a list of given names separated by blanks or commas; hyphens belong to the name. */
function firstOf(names: string): string | undefined {
  return names.split(/[\s,]+/)[0] || undefined;
}

/** `assignedAuthor` or `assignedEntity`, with the time of its participation. */
export function readProfessional(participation: XmlElement, entity: string, path: string): ReportProfessional {
  const assigned = required(at(participation, entity), `${path}/${entity}`);
  const national = allAt(assigned, 'id').find((element) => attribute(element, 'root') === professionalIdOid);
  const extension = attribute(national, 'extension');
  const name = at(assigned, 'assignedPerson', 'name');
  const organisation = at(assigned, 'representedOrganization');
  return {
    id: extension === '' ? undefined : accepted(checkProfessionalId(extension), `${path}/${entity}/id`),
    family: foldedText(at(name, 'family')),
    given: foldedText(at(name, 'given')),
    role: code(at(assigned, 'code')),
    organisation: organisation && readOrganisation(organisation, `${path}/${entity}/representedOrganization`),
    time: time(at(participation, 'time'), `${path}/time`),
  };
}

export function readOrganisation(organisation: XmlElement, path: string): ReportOrganisation {
  const national = allAt(organisation, 'id').find((element) => attribute(element, 'root') === structureIdOid);
  const extension = attribute(national, 'extension');
  return {
    id: extension === '' ? undefined : accepted(checkStructureId(extension), `${path}/id`),
    name: foldedText(at(organisation, 'name')),
    practiceSetting: code(at(organisation, 'standardIndustryClassCode')),
  };
}
