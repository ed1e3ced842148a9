import { AuditTrail } from '../../audit';
import { ArchiveModule, describeImport, importManifest, ManifestArchive } from '../../source/archive';
import { Command, UsageError } from '../command';
import { withRooms } from '../with-rooms';

export const manifestImport: Command = {
  words: 'manifest import',
  usage: 'drimbox manifest import FILE… [--pacs ID]',
  summary: 'makes the manifests (KOS) in the files the current ones of their studies, without publishing them',
  valued: ['pacs'],
  run: async ({ args, options, config }) => {
    if (args.length === 0) throw new UsageError('name at least one file');
    const pacsId = typeof options.pacs === 'string' ? options.pacs : undefined;
    return withRooms(config(), [ArchiveModule], async (app) => {
      const imported = [];
      for (const file of args) {
        const one = await importManifest(app.get(ManifestArchive, { strict: false }), file, { pacsId });
        await app.get(AuditTrail, { strict: false }).record({
          kind: 'manifest.imported',
          outcome: 'success',
          actor: { peer: 'drimbox manifest import' },
          studyInstanceUid: one.studyInstanceUid,
          documentUniqueId: one.kosSopInstanceUid,
          instances: one.instances,
        });
        imported.push(one);
      }
      return { text: imported.map(describeImport).join('\n'), value: imported };
    });
  },
};
