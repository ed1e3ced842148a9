import { allErrors } from '../../platform/errors';
import type { DayProgress, PublicationDetail, PublicationState, PublicationSummary } from '../../source/publication';
import { isPublicationState, publicationStates } from '../../source/publication';
import { fieldText } from '../screen/paging';
import { kindWords, publicationMessages, stateWords, triggerWords } from './publications.messages';

/** What the operator typed in the search form, or followed as a link. */
export interface SearchForm {
  readonly state: PublicationState | 'parked' | '';
  readonly from: string;
  readonly to: string;
  readonly accession: string;
  readonly study: string;
  readonly text: string;
}

type Fields = Readonly<Record<string, unknown>>;

/** @param withText false for addresses: words may be a name, and a name never stands in an address */
export function searchForm(fields: Fields, withText: boolean): SearchForm {
  const state = fieldText(fields.etat, 30);
  return {
    state: isPublicationState(state) || state === 'parked' ? state : '',
    from: fieldText(fields.du, 10),
    to: fieldText(fields.au, 10),
    accession: withText ? fieldText(fields.examen, 64) : '',
    study: withText ? fieldText(fields.etude, 64) : '',
    text: withText ? fieldText(fields.texte, 100) : '',
  };
}

export function statesOf(form: SearchForm): PublicationState[] {
  if (form.state === 'parked') return ['refused', 'dead'];
  return form.state === '' ? [] : [form.state];
}

export function stateOptions(form: SearchForm): { value: string; label: string; selected: boolean }[] {
  const words = publicationStates.map((state): [string, string] => [state, stateWords[state].label]);
  const options: [string, string][] = [
    ['', publicationMessages.anyState],
    ['parked', publicationMessages.parked],
    ...words,
  ];
  return options.map(([value, label]) => ({ value, label, selected: value === form.state }));
}

/** The sentence of the catalogue for a code: French when a professional may read it, else the operator's. */
function explained(code: string | undefined): string | undefined {
  const entry = code ? allErrors().find((one) => one.code === code) : undefined;
  return entry?.screen ?? entry?.operator;
}

export function rowOf(item: PublicationSummary) {
  return {
    ...item,
    stateWords: stateWords[item.state],
    kindLabel: kindWords[item.kind],
    triggerLabel: triggerWords[item.trigger],
    accession: item.accessionNumbers.join(', '),
    reason: explained(item.reasonCode) ?? item.reasonCode,
  };
}

export function detailOf(detail: PublicationDetail) {
  return {
    ...rowOf(detail),
    overtakenBy: detail.overtakenBy,
    intakeMessageId: detail.intakeMessageId,
    history: detail.history.map((line) => ({
      ...line,
      words: stateWords[line.to],
      reason: explained(line.reasonCode),
    })),
  };
}

/** Figures of the day as the tiles above the list show them. */
export function progressTiles(progress: DayProgress, today: string) {
  const count = (...states: PublicationState[]) =>
    states.reduce((sum, state) => sum + (progress.byState[state] ?? 0), 0);
  const day = `du=${today}&au=${today}`;
  const m = publicationMessages;
  const parked = count('refused', 'dead');
  return [
    { label: m.received, number: progress.received, href: `/publications?${day}`, tone: '' },
    { label: m.done, number: count('published'), href: `/publications?etat=published&${day}`, tone: 'good' },
    {
      label: m.waiting,
      number: count('waiting-for-images'),
      href: `/publications?etat=waiting-for-images&${day}`,
      tone: '',
    },
    { label: m.underWay, number: count('received', 'to-publish', 'publishing'), tone: '' },
    { label: m.parked, number: parked, href: '/publications?etat=parked', tone: parked > 0 ? 'bad' : '' },
  ];
}
