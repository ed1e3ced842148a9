import { PublicationHistoryLine, PublicationQueries, PublicationQueriesModule } from '../../source/publication';
import { Command, UsageError } from '../command';
import { withRooms } from '../with-rooms';
import { describePublication } from './publications-list';

function describeLine(line: PublicationHistoryLine): string {
  const reason = [line.reasonCode, line.reasonDetail].filter(Boolean).join(': ');
  const more = [reason, line.messageId, line.actor].filter(Boolean).join('  ');
  return `  ${line.at.toISOString()}  ${line.to}${more ? `  ${more}` : ''}`;
}

export const publicationsShow: Command = {
  words: 'publications show',
  usage: 'drimbox publications show ID',
  summary: 'shows one publication with its history and the reason of a refusal',
  run: ({ args, config }) => {
    const [id] = args;
    if (!id) throw new UsageError('name one publication by its number');
    return withRooms(config(), [PublicationQueriesModule], async (app) => {
      const one = await app.get(PublicationQueries, { strict: false }).show(id);
      const facts = [
        describePublication(one),
        `  study ${one.studyInstanceUid}`,
        ...(one.kosSopInstanceUid ? [`  manifest ${one.kosSopInstanceUid}, ${one.instances ?? 0} instance(s)`] : []),
        ...(one.reasonDetail ? [`  reason: ${one.reasonDetail}`] : []),
        ...(one.nextAttemptAt ? [`  next step due at ${one.nextAttemptAt.toISOString()}`] : []),
        ...one.history.map(describeLine),
      ];
      return { text: facts.join('\n'), value: one };
    });
  },
};
