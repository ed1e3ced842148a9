import { auditConfig, AuditChainModule, AuditConfig, HeldBack, TrailRetention } from '../../audit';
import { Command, UsageError } from '../command';
import { withRooms } from '../with-rooms';

/** Why old periods stay, and what ends it: a sentence for the administrator. */
export function whyHeldBack({ why, periods, firstPlace, file }: HeldBack): string {
  switch (why) {
    case 'audit-repository':
      return (
        `held back: ${periods} period(s) from place ${firstPlace} stay in the database until the audit record repository ` +
        'has received them (docs/runbook/audit-repository.md)'
      );
    case 'archive-file':
      return `held back: archived lines stay in the database, since ${file} is not in the archive folder; put it back`;
    case 'other-process':
      return 'held back: another process is archiving now; ask again later';
  }
}

export const auditArchive: Command = {
  words: 'audit archive',
  usage: 'drimbox audit archive [--keep-days N]',
  summary:
    'moves signed periods older than DRIMBOX_AUDIT_KEEP_DAYS (or N) to archive files now; goes on where it was stopped',
  valued: ['keep-days'],
  run: async ({ options, config }) => {
    const audit = config().values.get(auditConfig.token) as AuditConfig;
    const days = Number(options['keep-days'] ?? audit.keepDays);
    if (!Number.isInteger(days) || days < 1)
      throw new UsageError('say how many days are kept: --keep-days, or DRIMBOX_AUDIT_KEEP_DAYS');
    return withRooms(config(), [AuditChainModule], async (app) => {
      const done = await app.get(TrailRetention, { strict: false }).archive(new Date(), days);
      const lines = done.files.map(({ name, lines: count }) => `${name}  ${count} line(s)`);
      const held = done.heldBack.map(whyHeldBack);
      return { text: [...lines, ...held, `${done.removed} line(s) left the database`].join('\n'), value: done };
    });
  },
};
