import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { listDocument, type ListedGateway } from './list-document';
import { signEnvelopedList } from './sign-enveloped';
import { signWithFilter2 } from './sign-filter2';
import type { ListSigner } from './signer';

/** What the server does with the next requests. */
export type WhiteListBehaviour =
  | 'signed'
  | 'unsigned'
  /** One character of an entry differs from what was signed. */
  | 'altered'
  /** Signed by a certificate that is no longer valid (needs `expiredSigner`). */
  | 'expired-signer'
  /** A genuine list of the day before the present one. */
  | 'older'
  /** Headers at once, the body never ends. */
  | 'slow'
  /** Far more bytes than a list can have. */
  | 'huge'
  | 'unavailable';

export type WhiteListForm = 'filter2' | 'enveloped';

export type WhiteListServerOptions = {
  host?: string;
  port?: number;
  tls: { key: string | Buffer; cert: string | Buffer };
  signer: ListSigner;
  expiredSigner?: ListSigner;
  gateways: readonly ListedGateway[];
  form?: WhiteListForm;
  now?: () => Date;
};

export type WhiteListServer = {
  url: string;
  port: number;
  /** Publishes other entries; the date of generation moves on. */
  publish(gateways: readonly ListedGateway[]): void;
  behave(behaviour: WhiteListBehaviour): void;
  useForm(form: WhiteListForm): void;
  requestCount(): number;
  close(): Promise<void>;
};

const path = '/LISTEBLANCHE_DRIM-M_SIGNEE.xml';
const dayMs = 86_400_000;

/** HTTPS server of the authority's white list, signed with libraries of its own. */
export async function startWhiteListServer(options: WhiteListServerOptions): Promise<WhiteListServer> {
  const now = options.now ?? (() => new Date());
  const state = {
    gateways: options.gateways,
    generatedAt: now(),
    behaviour: 'signed' as WhiteListBehaviour,
    form: options.form ?? 'filter2',
    requests: 0,
    /** The same bytes until something changes, as a file behind a web server would be. */
    signed: undefined as Promise<string> | undefined,
  };
  const signed = (): Promise<string> => (state.signed ??= sign(state.generatedAt, options.signer));
  const sign = async (generatedAt: Date, signer: ListSigner): Promise<string> => {
    const document = listDocument(state.gateways, generatedAt);
    return state.form === 'filter2'
      ? signWithFilter2(document, signer, now())
      : signEnvelopedList(document, signer, now());
  };
  const body = async (): Promise<string> => {
    switch (state.behaviour) {
      case 'unsigned':
        return `<?xml version="1.0" encoding="UTF-8"?>\n\n${listDocument(state.gateways, state.generatedAt)}`;
      case 'altered':
        return (await signed()).replace('</DNCertificatOperateur>', 'X</DNCertificatOperateur>');
      case 'expired-signer':
        return sign(state.generatedAt, options.expiredSigner ?? options.signer);
      case 'older':
        return sign(new Date(state.generatedAt.getTime() - dayMs), options.signer);
      default:
        return signed();
    }
  };
  const server = createServer({ ...options.tls, minVersion: 'TLSv1.2' }, (request, response) => {
    state.requests += 1;
    const fail = (status: number): void => void response.writeHead(status).end();
    if (request.url !== path || request.method !== 'GET') return fail(404);
    if (state.behaviour === 'unavailable') return fail(503);
    response.writeHead(200, { 'content-type': 'application/xml', 'cache-control': 'no-cache' });
    if (state.behaviour === 'slow') return void response.write('<?xml version="1.0"?>');
    if (state.behaviour === 'huge') return flood(() => response.write(Buffer.alloc(1 << 20, 0x20)), response);
    body().then(
      (text) => response.end(text),
      (error: unknown) => response.destroy(error as Error),
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port ?? 0, options.host ?? '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  const changed = (): void => {
    state.signed = undefined;
  };
  return {
    url: `https://localhost:${port}${path}`,
    port,
    publish: (gateways) => {
      state.gateways = gateways;
      state.generatedAt = new Date(Math.max(now().getTime(), state.generatedAt.getTime() + 1_000));
      changed();
    },
    behave: (behaviour) => {
      state.behaviour = behaviour;
    },
    useForm: (form) => {
      state.form = form;
      changed();
    },
    requestCount: () => state.requests,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Sends 64 MiB, as fast as the other side reads. */
function flood(
  write: () => boolean,
  response: { once(event: 'drain', go: () => void): unknown; end(): unknown },
): void {
  let left = 64;
  const go = (): void => {
    while (left > 0) {
      left -= 1;
      if (!write()) return void response.once('drain', go);
    }
    response.end();
  };
  go();
}
