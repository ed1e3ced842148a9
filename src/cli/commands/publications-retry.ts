import { PublicationQueries, PublicationQueriesModule } from '../../source/publication';
import { Command, UsageError } from '../command';
import { withRooms } from '../with-rooms';

export const publicationsRetry: Command = {
  words: 'publications retry',
  usage: 'drimbox publications retry ID…',
  summary: 'tries refused or given up publications again',
  run: ({ args, config }) => {
    if (args.length === 0) throw new UsageError('name at least one publication by its number');
    return withRooms(config(), [PublicationQueriesModule], async (app) => {
      const queries = app.get(PublicationQueries, { strict: false });
      const retried = [];
      for (const id of args)
        retried.push({ id, state: await queries.retry(id, { peer: 'drimbox publications retry' }) });
      return { text: retried.map(({ id, state }) => `${id}  ${state}`).join('\n'), value: retried };
    });
  },
};
