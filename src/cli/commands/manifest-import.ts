import { DataSource } from 'typeorm';
import { AuditTrail, type AuditEvent } from '../../audit';
import {
  ArchiveModule,
  describeImport,
  importManifest,
  ManifestArchive,
  type ImportedManifest,
} from '../../source/archive';
import { Command, UsageError } from '../command';
import { withRooms } from '../with-rooms';

const recordOf = ({ studyInstanceUid, kosSopInstanceUid, instances }: ImportedManifest): AuditEvent => ({
  kind: 'manifest.imported',
  outcome: 'success',
  actor: { peer: 'drimbox manifest import' },
  studyInstanceUid,
  documentUniqueId: kosSopInstanceUid,
  instances,
});

export const manifestImport: Command = {
  words: 'manifest import',
  usage: 'drimbox manifest import FILE… [--pacs ID]',
  summary: 'makes the manifests (KOS) in the files the current ones of their studies, without publishing them',
  valued: ['pacs'],
  run: async ({ args, options, config }) => {
    if (args.length === 0) throw new UsageError('name at least one file');
    const pacsId = typeof options.pacs === 'string' ? options.pacs : undefined;
    return withRooms(config(), [ArchiveModule], async (app) => {
      const [archive, trail] = [app.get(ManifestArchive, { strict: false }), app.get(AuditTrail, { strict: false })];
      const imported: ImportedManifest[] = [];
      for (const file of args) {
        // A manifest and its record, or neither; those before it stay.
        const one = await app.get(DataSource, { strict: false }).transaction(async (manager) => {
          const done = await importManifest(archive, file, { pacsId }, manager);
          await trail.record(recordOf(done), manager);
          return done;
        });
        imported.push(one);
      }
      return { text: imported.map(describeImport).join('\n'), value: imported };
    });
  },
};
