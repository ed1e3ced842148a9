import { comparableName, sameIns, type Gender, type Ins } from '../../../standards/identity';
import type { CalledPatient } from '../../context';

export type TraitName = 'ins' | 'birthFamilyName' | 'firstGivenName' | 'birthDate' | 'gender' | 'birthPlace';

/** The strict traits as a document of another hospital claims them; what it does not tell is left out. */
export interface ClaimedTraits {
  readonly ins?: Ins;
  readonly birthFamilyName?: string;
  readonly firstGivenName?: string;
  /** YYYY, YYYYMM or YYYYMMDD. */
  readonly birthDate?: string;
  readonly gender?: Gender;
  /** INSEE code. */
  readonly birthPlace?: string;
}

/** One strict trait that is not the one of the call, both as text for the professional's screen; never for a log. */
export interface TraitDifference {
  readonly trait: TraitName;
  readonly called: string;
  readonly found: string;
}

export interface TraitComparison {
  /** Any of them blocks: the document may be another person's. */
  readonly differences: readonly TraitDifference[];
  /** Traits that the document does not tell: not a difference, and shown. */
  readonly absent: readonly TraitName[];
}

/** The code that INSi gives when the place of birth is not known. */
const unknownPlace = '99999';

type Compare = (called: CalledPatient, found: ClaimedTraits) => TraitDifference | 'same' | 'absent';

const compare: Readonly<Record<TraitName, Compare>> = {
  ins: ({ ins }, found) =>
    !found.ins ? 'absent' : sameIns(ins, found.ins) ? 'same' : differs('ins', insText(ins), insText(found.ins)),
  birthFamilyName: ({ birthFamilyName }, found) =>
    judge('birthFamilyName', birthFamilyName, found.birthFamilyName, sameFamily),
  firstGivenName: ({ firstGivenName }, found) =>
    judge('firstGivenName', firstGivenName, found.firstGivenName, sameGiven),
  birthDate: ({ birthDate }, found) => judge('birthDate', birthDate.text, found.birthDate, sameDate),
  gender: ({ gender }, found) => judge('gender', gender, found.gender, (one, other) => one === other),
  birthPlace: ({ birthPlace }, found) =>
    birthPlace.code === unknownPlace || found.birthPlace === unknownPlace
      ? 'absent'
      : judge('birthPlace', birthPlace.code, found.birthPlace, (one, other) => one === other.toUpperCase()),
};

/** Compares the strict traits of a document with those of the call (identity rules: DRIMbox specification 4.6.2). */
export function compareTraits(called: CalledPatient, found: ClaimedTraits): TraitComparison {
  const names = Object.keys(compare) as TraitName[];
  const verdicts = names.map((name) => ({ name, verdict: compare[name](called, found) }));
  return {
    differences: verdicts.flatMap(({ verdict }) => (typeof verdict === 'string' ? [] : [verdict])),
    absent: verdicts.filter(({ verdict }) => verdict === 'absent').map(({ name }) => name),
  };
}

function judge(
  trait: TraitName,
  called: string,
  found: string | undefined,
  same: (called: string, found: string) => boolean,
): TraitDifference | 'same' | 'absent' {
  if (found === undefined || found === '') return 'absent';
  return same(called, found) ? 'same' : differs(trait, called, found);
}

const differs = (trait: TraitName, called: string, found: string): TraitDifference => ({ trait, called, found });
const insText = (ins: Ins): string => `${ins.matricule} (${ins.oid})`;
const sameFamily = (one: string, other: string): boolean => comparableName(one) === comparableName(other);

/** Some senders write the first given name, others the list that begins with it; a compound name counts as one. */
function sameGiven(called: string, found: string): boolean {
  const [one, other] = [comparableName(called), comparableName(found)];
  return one !== '' && (one === other || other.startsWith(`${one} `) || one.startsWith(`${other} `)) && other !== '';
}

/** A birth certificate may not tell the day or the month: then what both tell is compared. */
function sameDate(called: string, found: string): boolean {
  const known = found.replace(/(00)+$/, (zeros) => (found.length === 8 || found.length === 6 ? '' : zeros));
  return called === known || (known.length >= 4 && (called.startsWith(known) || known.startsWith(called)));
}
