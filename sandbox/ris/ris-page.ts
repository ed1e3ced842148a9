import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { risPageHtml, type RisPagePatient } from './ris-page.html';

export type { RisPagePatient } from './ris-page.html';

export interface RisPageOptions {
  /** 0 or absent: any free port. */
  readonly port?: number;
  readonly tls: { readonly cert: string | Buffer; readonly key: string | Buffer };
  /** Address of the gateway's contextual call. */
  readonly contextualCall: string;
  readonly patients: readonly RisPagePatient[];
}

export interface RisPage {
  readonly url: string;
  close(): Promise<void>;
}

/** The work list of an invented RIS: one line for each demo patient, and the button that calls the gateway with them. */
export async function startRisPage(options: RisPageOptions): Promise<RisPage> {
  const { contextualCall, patients } = options;
  const page = risPageHtml({ contextualCall, patients });
  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    if (request.method !== 'GET' || (request.url ?? '/').split('?', 1)[0] !== '/')
      return void response.writeHead(404).end();
    response.writeHead(200, {
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-store',
      'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'",
    });
    response.end(page);
  };
  const server = createServer({ ...options.tls, minVersion: 'TLSv1.2' }, answer);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port ?? 0, '127.0.0.1', resolve);
  });
  return {
    url: `https://localhost:${(server.address() as AddressInfo).port}/`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
