import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEmbedded, startPostgres } from '../support/database';

describe('database', () => {
  it('runs on a real PostgreSQL, migrated by several processes at once', async () => {
    const database = await startPostgres();
    try {
      const opened = await Promise.all([database.open(), database.open(), database.open()]);
      const rows: unknown = await opened[0].query('SELECT count(*)::int AS n FROM platform_migration');
      expect(rows).toEqual([{ n: opened[0].migrations.length }]);
      await Promise.all(opened.map((dataSource) => dataSource.destroy()));
    } finally {
      await database.stop();
    }
  });

  it('runs embedded, keeps its rows over a restart and refuses a second owner of its folder', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'drimbox-db-'));
    try {
      const first = await startEmbedded(join(folder, 'database'));
      const opened = await first.open();
      await opened.query('CREATE TABLE kept (n int)');
      await opened.query('INSERT INTO kept VALUES (7)');
      await opened.destroy();
      await first.stop();
      const second = await startEmbedded(join(folder, 'database'));
      const reopened = await second.open();
      expect(await reopened.query('SELECT n FROM kept')).toEqual([{ n: 7 }]);
      await reopened.destroy();
      await second.stop();
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
