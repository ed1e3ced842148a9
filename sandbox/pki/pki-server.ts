import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { readFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { X509Certificate } from 'node:crypto';
import { authorityCertificateFile, authorityNames, authorityPlans } from './authority-set';
import { memberNames, memberOf, type MemberName } from './members';
import { answerOcsp, type OcspRegister } from './ocsp';
import { crlFile } from './sandbox-pki';

export type PkiServer = {
  /** Base address, without a final slash: give it to `createSandboxPki`. */
  url: string;
  /** Number of revocation lists served so far. */
  served(): number;
  /** Test switch: `down` answers 503, `slow` answers after that many milliseconds. */
  behave(mode: { down?: boolean; slowMs?: number }): void;
  close(): Promise<void>;
};

const requestBytesMax = 64 * 1024;

/**
 * Revocation lists (`/CRL/*.crl`), authority certificates (`/AC/*.cer`) and OCSP (`POST /ocsp`, `GET /ocsp/<base64>`)
 * of the sandbox, from the folder written by `createSandboxPki`. May be started before the folder is filled.
 */
export async function startPkiServer(options: { dir: string; port?: number; host?: string }): Promise<PkiServer> {
  let behaviour: { down?: boolean; slowMs?: number } = {};
  let served = 0;
  const server = createServer((request, response) => {
    setTimeout(() => {
      if (behaviour.down) return void response.writeHead(503).end();
      answer(options.dir, request, response)
        .then((kind) => (served += kind === 'crl' ? 1 : 0))
        .catch(() => response.headersSent || response.writeHead(500).end());
    }, behaviour.slowMs ?? 0);
  });
  server.requestTimeout = 10_000;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port ?? 0, options.host ?? '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    served: () => served,
    behave: (mode) => {
      behaviour = mode;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answer(dir: string, request: IncomingMessage, response: ServerResponse): Promise<'crl' | 'other'> {
  const path = (request.url ?? '/').split('?')[0];
  const file = fileForPath(dir, path);
  if (file) {
    const content = await readFile(file.path);
    const body = file.type === 'crl' ? content : new X509Certificate(content).raw;
    response.writeHead(200, { 'content-type': file.type === 'crl' ? 'application/pkix-crl' : 'application/pkix-cert' });
    response.end(body);
    return file.type;
  }
  if (path === '/ocsp' || path.startsWith('/ocsp/')) {
    const der =
      request.method === 'POST' ? await readBody(request) : Buffer.from(decodeURIComponent(path.slice(6)), 'base64');
    response.writeHead(200, { 'content-type': 'application/ocsp-response' });
    response.end(await answerOcsp(dir, der, await readRegister(dir), new Date()));
    return 'other';
  }
  response.writeHead(404).end();
  return 'other';
}

function fileForPath(dir: string, path: string): { path: string; type: 'crl' | 'other' } | undefined {
  for (const name of authorityNames) {
    for (const level of ['issuing', 'root'] as const) {
      const base = authorityPlans[name].crlName + (level === 'root' ? '-RACINE' : '');
      if (path === `/CRL/${base}.crl`) return { path: crlFile(dir, name, level), type: 'crl' };
      if (path === `/AC/${base}.cer`) return { path: authorityCertificateFile(dir, name, level), type: 'other' };
    }
  }
  return undefined;
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > requestBytesMax) throw new Error('OCSP request too long');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

async function readRegister(dir: string): Promise<OcspRegister> {
  const manifest = JSON.parse(await readFile(join(dir, 'pki.json'), 'utf8')) as {
    members: Record<string, { serial: string }>;
    revoked: string[];
  };
  return {
    statusOf(authority, serialHex) {
      const found = memberNames.find(
        (name: MemberName) => memberOf(name).authority === authority && manifest.members[name]?.serial === serialHex,
      );
      if (!found) return 'unknown';
      return manifest.revoked.includes(found) ? 'revoked' : 'good';
    },
  };
}
