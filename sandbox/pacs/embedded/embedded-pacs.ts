import { log, Server } from 'dcmjs-dimse';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import type { Server as NetServer } from 'node:net';
import { SandboxPacs, SandboxPacsOptions } from '../sandbox-pacs.types';
import { ObjectStore } from './object-store';
import { scpClassOf } from './pacs-scp';

/** Starts the embedded PACS: C-ECHO, C-FIND, C-MOVE, C-GET and C-STORE on the loopback address, no DICOMweb. */
export async function startEmbeddedPacs(options: SandboxPacsOptions): Promise<SandboxPacs> {
  log.setLevel('silent');
  const store = new ObjectStore(options.dataDir);
  const shelf = { store, aeTitle: options.aeTitle, peers: options.peers, noDelay: options.noDelay ?? true };
  const server = new Server(scpClassOf(shelf));
  const ready = new Promise<void>((resolve, reject) => {
    server.on('listening', () => resolve());
    server.on('networkError', (error: Error) => reject(error));
  });
  // The library hands its argument to net.Server.listen: an address keeps the listener on this machine.
  server.listen({ host: '127.0.0.1', port: options.port } as unknown as number, { pduTimeout: 600_000 });
  await ready;
  const listener = (server as unknown as { server: NetServer }).server;
  const address = listener.address();
  return {
    kind: 'embedded',
    host: '127.0.0.1',
    port: typeof address === 'object' && address ? address.port : options.port,
    aeTitle: options.aeTitle,
    storeFiles: async (files) => {
      let stored = 0;
      for await (const file of files) {
        await store.add(typeof file === 'string' ? await readFile(file) : file);
        stored++;
      }
      return stored;
    },
    stop: async () => {
      const closed = once(listener, 'close');
      server.close();
      await closed;
    },
  };
}
