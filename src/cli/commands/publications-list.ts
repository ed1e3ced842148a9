import {
  isPublicationState,
  PublicationQueries,
  PublicationQueriesModule,
  PublicationSummary,
  publicationStates,
} from '../../source/publication';
import { Command, UsageError } from '../command';
import { isTooLong, privateInput } from '../private-input';
import { withRooms } from '../with-rooms';

/** One line of the list: number, state, when, what, why. */
export function describePublication(one: PublicationSummary): string {
  const accession = one.accessionNumbers[0] ?? one.studyInstanceUid;
  const why = one.reasonCode ? ` (${one.reasonCode}${one.attempts > 0 ? `, attempt ${one.attempts}` : ''})` : '';
  return `${one.id}  ${one.receivedAt.toISOString()}  ${one.state}  ${one.kind}  ${accession}${why}`;
}

function dateOf(name: string, text: string | true | undefined): Date | undefined {
  if (typeof text !== 'string') return undefined;
  const date = new Date(text);
  if (Number.isNaN(date.getTime()))
    throw new UsageError(`--${name} is not a date such as 2026-11-21 or 2026-11-21T08:00:00Z`);
  return date;
}

function stateOf(text: string | true | undefined) {
  if (typeof text !== 'string') return undefined;
  const states = text.split(',').map((state) => state.trim());
  const wrong = states.find((state) => !isPublicationState(state));
  if (wrong !== undefined) throw new UsageError(`--state is a list of ${publicationStates.join(', ')}`);
  return states.filter(isPublicationState);
}

/** Words of a search are mostly a patient's name: they come from a file or stdin. */
async function wordsOf(source: string | true | undefined): Promise<string | undefined> {
  if (typeof source !== 'string') return undefined;
  if (source !== '-' && !source.startsWith('@'))
    throw new UsageError(
      'words of a search are never written on a command line: put them into a file (--text @FILE), or give "-" and write them to stdin',
    );
  const words = (await privateInput(source === '-' ? source : source.slice(1))).trim();
  if (isTooLong(words) || words === '') throw new UsageError('--text finds no words, or too many');
  return words;
}

export const publicationsList: Command = {
  words: 'publications list',
  usage:
    'drimbox publications list [--state S,…] [--from DATE] [--to DATE] [--accession A] [--study UID] [--text @FILE|-] [--limit N]',
  summary: 'lists publications, newest first; words that may name a patient come from a file or stdin',
  valued: ['state', 'from', 'to', 'accession', 'study', 'text', 'limit'],
  run: async ({ options, config }) => {
    const text = (name: string) => (typeof options[name] === 'string' ? options[name] : undefined);
    const limit = Number(text('limit') ?? 50);
    if (!Number.isInteger(limit) || limit < 1 || limit > 500) throw new UsageError('--limit is between 1 and 500');
    const search = {
      states: stateOf(options.state),
      from: dateOf('from', options.from),
      to: dateOf('to', options.to),
      accessionNumber: text('accession'),
      studyInstanceUid: text('study'),
      text: await wordsOf(options.text),
      limit,
    };
    return withRooms(config(), [PublicationQueriesModule], async (app) => {
      const { items, total } = await app
        .get(PublicationQueries, { strict: false })
        .search(search, { peer: 'drimbox publications list' });
      const lines = [...items.map(describePublication), `${items.length} of ${total} publication(s)`];
      return { text: lines.join('\n'), value: { total, items } };
    });
  },
};
