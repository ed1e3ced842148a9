import { comparableName } from '../../../standards/identity';

/** The names under which a patient is known: those of the call, and those that the verified manifest adds. */
export interface KnownNames {
  readonly birthFamilyName: string;
  readonly firstGivenName: string;
  /** As DICOM writes person names: `^` and the given names of the birth certificate, and the name used. */
  readonly otherNames?: readonly string[];
}

/**
 * What a person name of an image says beside those of the patient. `given-differs` is what tells same-sex twins apart: all
 * other traits are the same. `family-differs` is mostly a name used that nobody told us.
 */
export type NameVerdict = 'same' | 'given-differs' | 'family-differs' | 'differs' | 'absent';

/** One way to read a name, in comparable words. */
interface Reading {
  readonly family: readonly string[];
  readonly given: readonly string[];
}

type Words = readonly string[];

/** Alone they are in too many family names to make two of them alike. */
const particles = new Set('LE LA LES L DE DU DES D EL AL BEN VAN VON DER DEN DI DA DOS SAINT SAINTE ST STE'.split(' '));

const best: readonly NameVerdict[] = ['same', 'family-differs', 'given-differs', 'differs', 'absent'];

/** The best that one of the names of an image says (PatientName, OtherPatientNames). */
export function judgeNames(names: readonly string[], known: KnownNames): NameVerdict {
  const verdicts = names.flatMap(readingsOf).map((reading) => judge(reading, known));
  return best.find((verdict) => verdicts.includes(verdict)) ?? 'absent';
}

/**
 * A name by its components (PS3.5 6.2.1), in either order, as some modalities swap them; one without any delimiter is cut at
 * each blank. The ideographic and phonetic groups say nothing that the first does not.
 */
function readingsOf(name: string): Reading[] {
  const [group = ''] = name.split('=');
  const [family = [], given = [], middle = []] = group.split('^').map(wordsOf);
  if (group.includes('^')) {
    const read = { family, given: [...given, ...middle] };
    return read.given.length > 0 && read.family.length > 0 ? [read, swapped(read)] : [read];
  }
  const cuts = family.slice(1).map((_word, at) => ({ family: family.slice(0, at + 1), given: family.slice(at + 1) }));
  return [{ family, given: [] }, ...cuts, ...cuts.map(swapped)];
}

const swapped = ({ family, given }: Reading): Reading => ({ family: given, given: family });

function judge({ family, given }: Reading, known: KnownNames): NameVerdict {
  if (family.length + given.length === 0) return 'absent';
  const { families, givens } = wordsOfKnown(known);
  const knowsFamily = families.some((one) => isSameFamily(one, family, given.length === 0));
  const knowsGiven = givens.some((one) => isSameGiven(one, given)) || isWithin(given, givens.flat());
  if (given.length === 0) return knowsFamily ? 'same' : 'differs';
  if (knowsFamily) return knowsGiven ? 'same' : 'given-differs';
  // Initials alone are nobody's.
  return knowsGiven && given.some((word) => word.length > 1) ? 'family-differs' : 'differs';
}

function wordsOfKnown({ birthFamilyName, firstGivenName, otherNames = [] }: KnownNames) {
  const others = otherNames.map((name) => (name.split('=')[0] ?? '').split('^').map(wordsOf));
  const families = [wordsOf(birthFamilyName), ...others.map(([family = []]) => family)];
  const givens = [wordsOf(firstGivenName), ...others.map(([, given = [], middle = []]) => [...given, ...middle])];
  const told = (words: Words): boolean => words.length > 0;
  return { families: families.filter(told), givens: givens.filter(told) };
}

const wordsOf = (text: string): string[] => comparableName(text).split(' ').filter(Boolean);

/** `isAll`: nothing but a family name is there, so that what else it holds is a given name until the contrary is known. */
function isSameFamily(known: Words, family: Words, isAll: boolean): boolean {
  if (known.join('') === family.join('')) return true;
  const tells = (word: string): boolean => known.includes(word) && word.length > 1 && !particles.has(word);
  return family.some(tells) && (!isAll || family.every((word) => known.includes(word)));
}

/** The same, one the beginning of the other (a first given name, a list of them), or its initials. */
function isSameGiven(known: Words, given: Words): boolean {
  if (known.join('') === given.join('')) return true;
  const length = Math.min(known.length, given.length);
  return length > 0 && given.slice(0, length).every((word, at) => isSameWord(word, known[at] ?? ''));
}

/** Any of the given names known, in any order: some are called by their second one. */
const isWithin = (given: Words, known: Words): boolean =>
  given.length > 0 && given.every((word) => word.length > 1 && known.includes(word));

const isSameWord = (word: string, known: string): boolean =>
  word === known || (word.length === 1 && known.startsWith(word));
