import type { ImagingReport } from '../../../standards/cda';
import { checkBirthDate, checkGender } from '../../../standards/identity';
import type { Manifest } from '../../../standards/manifest';
import { parseCx, unescapeComponent, type DocumentEntry } from '../../../standards/xds';
import type { ClaimedTraits } from './compare-traits';

/** Traits that the registry tells beyond the strict ones; shown on demand (DRIMbox specification 4.6.2). */
export interface FurtherTraits {
  /** Every given name of the birth certificate. */
  readonly givenNames?: string;
  readonly usedFamilyName?: string;
  readonly usedGivenName?: string;
}

const presentText = (text: string | undefined): string | undefined => text?.trim() || undefined;
const genderOf = (text: string | undefined) => {
  const checked = checkGender((text ?? '').toUpperCase());
  return checked.ok ? checked.value : undefined;
};
const dateOf = (text: string | undefined) => {
  const checked = checkBirthDate(text ?? '');
  return checked.ok ? checked.value.text : undefined;
};

/** The lines `PID-n|value` of sourcePatientInfo (ITI TF-3 4.2.3.2.23), repetitions apart. */
function pidFields(lines: readonly string[], field: string): string[][] {
  return lines
    .filter((line) => line.startsWith(`${field}|`))
    .flatMap((line) => line.slice(field.length + 1).split('~'))
    .map((value) => value.split('^').map(unescapeComponent));
}

/** PID-5 of this name type (7th component); a name without type is the one of birth. */
const nameOf = (names: readonly string[][], type: 'L' | 'D') =>
  names.find((name) => name[6] === type) ?? (type === 'L' ? names.find((name) => !name[6]) : undefined);

/** What the registry says of the patient of a document. */
export function traitsOfEntry(entry: Pick<DocumentEntry, 'patientId' | 'sourcePatientInfo'>): ClaimedTraits {
  const info = entry.sourcePatientInfo;
  const birthName = nameOf(pidFields(info, 'PID-5'), 'L');
  const place = pidFields(info, 'PID-11').find((address) => address[6] === 'BDL');
  const ins = parseCx(entry.patientId);
  return {
    ins: ins && { matricule: ins.value, oid: ins.authority },
    birthFamilyName: presentText(birthName?.[0]),
    firstGivenName: presentText(birthName?.[1]),
    birthDate: dateOf(pidFields(info, 'PID-7')[0]?.[0]),
    gender: genderOf(pidFields(info, 'PID-8')[0]?.[0]),
    birthPlace: presentText(place?.[8]),
  };
}

export function furtherTraitsOf(entry: Pick<DocumentEntry, 'sourcePatientInfo'>): FurtherTraits {
  const names = pidFields(entry.sourcePatientInfo, 'PID-5');
  const used = nameOf(names, 'D');
  return {
    givenNames: presentText(nameOf(names, 'L')?.[2]),
    usedFamilyName: presentText(used?.[0]),
    usedGivenName: presentText(used?.[1]),
  };
}

const dicomGenders = { M: 'M', F: 'F', O: 'U', '': undefined } as const;

export function traitsOfManifest({ patient }: Pick<Manifest, 'patient'>): ClaimedTraits {
  return {
    ins: patient.ins,
    birthFamilyName: presentText(patient.birthFamilyName),
    firstGivenName: presentText(patient.firstGivenName),
    birthDate: dateOf(patient.birthDate),
    gender: dicomGenders[patient.gender],
    birthPlace: presentText(patient.birthPlace),
  };
}

export function traitsOfReport({ patient }: Pick<ImagingReport, 'patient'>): ClaimedTraits {
  return {
    ins: patient.ins,
    birthFamilyName: presentText(patient.birthFamily),
    firstGivenName: presentText(patient.firstBirthGiven),
    birthDate: patient.birthDate.text,
    gender: patient.gender,
    birthPlace: patient.birthPlace?.code,
  };
}
