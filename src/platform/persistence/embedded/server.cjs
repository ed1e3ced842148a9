/**
 * The embedded database as a process of its own: PGlite runs queries on its calling thread, so it must not share
 * the gateway's. Speaks the PostgreSQL protocol on 127.0.0.1; its parent learns the port by one IPC message.
 * Plain JavaScript, so that tests and the built gateway start the very same file.
 */
'use strict';
const { PGlite } = require('@electric-sql/pglite');
const { PGLiteSocketServer } = require('@electric-sql/pglite-socket');

async function serve(dataDir) {
  const database = await PGlite.create(dataDir || undefined);
  const server = new PGLiteSocketServer({ db: database, host: '127.0.0.1', port: 0 });
  server.addEventListener('listening', (event) => process.send?.({ port: event.detail.port }));
  await server.start();
  const stop = async () => {
    await server.stop().catch(() => undefined);
    await database.close().catch(() => undefined);
    process.exit(0);
  };
  process.once('SIGTERM', stop);
  process.once('disconnect', stop);
  // Ctrl-C reaches the whole process group: the parent decides when the database stops.
  process.on('SIGINT', () => undefined);
}

serve(process.argv[2]).catch((error) => {
  process.send?.({ error: error instanceof Error ? error.message : 'cannot start' });
  process.exitCode = 1;
  process.disconnect?.();
});
