import { accessKinds, auditKinds, SeenPatient, TrailLine, TrailSearch, Viewing } from '../../audit';
import { ScreenFormat } from '../screen/format';
import { fieldText } from '../screen/paging';
import { groups, kindWords, outcomeWords, seenWords, trailMessages } from './trail.messages';

/** What the auditor typed. */
export interface TrailForm {
  readonly group: string;
  readonly outcome: string;
  readonly from: string;
  readonly to: string;
  readonly patient: string;
  readonly professional: string;
  readonly study: string;
  readonly correlation: string;
  readonly error: string;
  readonly before: string;
}

type Fields = Readonly<Record<string, unknown>>;

/** @param withPeople false for addresses: an identifier of a person never stands in one */
export function trailForm(fields: Fields, withPeople: boolean): TrailForm {
  return {
    group: fieldText(fields.actes, 40),
    outcome: fieldText(fields.resultat, 10),
    from: fieldText(fields.du, 10),
    to: fieldText(fields.au, 10),
    patient: withPeople ? fieldText(fields.patient, 15).toUpperCase() : '',
    professional: withPeople ? fieldText(fields.professionnel, 40) : '',
    study: withPeople ? fieldText(fields.etude, 64) : '',
    correlation: fieldText(fields.correlation, 64),
    error: fieldText(fields.erreur, 60),
    before: fieldText(fields.avant, 18),
  };
}

export function searchOf(form: TrailForm, format: ScreenFormat): TrailSearch {
  const group = groups.find(({ value }) => value === form.group);
  return {
    kinds: group ? auditKinds.filter((kind) => group.has(kind)) : auditKinds.filter((kind) => kind === form.group),
    outcome: isOutcome(form.outcome) ? form.outcome : undefined,
    from: format.beginningOf(form.from),
    to: format.beginningOf(form.to, 1),
    patientMatricule: form.patient || undefined,
    professionalId: form.professional || undefined,
    studyInstanceUid: form.study || undefined,
    correlationId: form.correlation || undefined,
    errorCode: form.error || undefined,
    beforeId: form.before || undefined,
  };
}

function isOutcome(text: string): text is keyof typeof outcomeWords {
  return Object.hasOwn(outcomeWords, text);
}

export function choices(form: TrailForm) {
  const option = (chosen: string) => (value: string, label: string) => ({ value, label, selected: value === chosen });
  const [group, outcome] = [option(form.group), option(form.outcome)];
  return {
    groups: [
      group('', trailMessages.anyGroup),
      ...groups.map(({ value, label }) => group(value, label)),
      // One kind alone, as a link of the statistics names it.
      ...auditKinds.filter((kind) => kind === form.group).map((kind) => group(kind, kindLabel(kind))),
    ],
    outcomes: [
      outcome('', trailMessages.anyOutcome),
      ...Object.entries(outcomeWords).map(([value, { label }]) => outcome(value, label)),
    ],
  };
}

const kindLabel = (kind: TrailLine['kind']): string => kindWords[kind] ?? kind;

/** Most characters of one fact in a line of the page; what is cut is whole in the export. */
const factCharactersMax = 160;

const readable = (fact: string): string =>
  fact.length > factCharactersMax ? `${fact.slice(0, factCharactersMax)}… ${trailMessages.wholeInExport}` : fact;

export function lineView(line: TrailLine) {
  const { actor, facts } = line;
  return {
    ...line,
    act: kindLabel(line.kind),
    words: outcomeWords[line.outcome],
    who: actor.professionalName ?? actor.professionalId ?? operatorOf(facts) ?? actor.peer ?? trailMessages.gateway,
    whoId: actor.professionalName ? actor.professionalId : undefined,
    hasSubject: Boolean(line.errorCode ?? line.studyInstanceUid) || Object.keys(facts).length > 0,
    hasVolume: Boolean(line.instances) || Boolean(line.bytes) || Boolean(line.durationMs),
    structureId: actor.structureId,
    facts: Object.entries(facts).map(([key, value]) => `${key} : ${readable(String(value))}`),
  };
}

/** Who gave a command on a machine of the gateway: the account of its operating system. */
const operatorOf = ({ operator, operatorHost }: TrailLine['facts']): string | undefined =>
  operator === undefined ? undefined : [operator, operatorHost].filter((part) => part !== undefined).join(' @ ');

/** The acts by which somebody saw something, in the order of a consultation. */
const inOrder = (kinds: readonly TrailLine['kind'][]) =>
  [...kinds]
    .sort((one, other) => accessKinds.indexOf(one) - accessKinds.indexOf(other))
    .map((kind) => seenWords[kind] ?? kindLabel(kind));

export function viewingView(viewing: Viewing) {
  return {
    ...viewing,
    who: viewing.professionalName ?? viewing.professionalId ?? viewing.peer ?? trailMessages.gateway,
    kinds: inOrder(viewing.kinds),
  };
}

export function seenView(seen: SeenPatient) {
  return { ...seen, studyCount: seen.studies.length, kinds: inOrder(seen.kinds) };
}
