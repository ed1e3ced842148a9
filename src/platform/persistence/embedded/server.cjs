/**
 * The embedded database as a process of its own: PGlite runs queries on its calling thread, so it must not share
 * the gateway's. Speaks the PostgreSQL protocol on 127.0.0.1; its parent learns the port by one IPC message.
 * Plain JavaScript, so that tests and the built gateway start the very same file.
 */
'use strict';
const { createServer } = require('node:net');
const { PGlite } = require('@electric-sql/pglite');
const { serveClient } = require('./wire.cjs');

/** A pool opens its next connection before the last one has quite closed; whoever waits longer is a second client. */
const waitMsMax = 5_000;

async function serve(dataDir) {
  const database = await PGlite.create(dataDir || undefined);
  let served = Promise.resolve();
  const sockets = new Set();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    // Without a reader, an error would end the process.
    socket.on('error', () => socket.destroy());
    const timer = setTimeout(() => socket.destroy(), waitMsMax);
    // One session: the next client is served when what the last one left is cleaned.
    served = served.then(() => {
      clearTimeout(timer);
      return socket.destroyed ? undefined : serveClient(database, socket);
    });
  });
  server.maxConnections = 2;
  const stop = async () => {
    server.close();
    for (const socket of sockets) socket.destroy();
    await served.catch(() => undefined);
    await database.close().catch(() => undefined);
    process.exit(0);
  };
  process.once('SIGTERM', stop);
  process.once('disconnect', stop);
  // Ctrl-C reaches the whole process group: the parent decides when the database stops.
  process.on('SIGINT', () => undefined);
  await new Promise((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve));
  process.send?.({ port: server.address().port });
}

serve(process.argv[2]).catch((error) => {
  process.send?.({ error: error instanceof Error ? error.message : 'cannot start' });
  process.exitCode = 1;
  process.disconnect?.();
});
