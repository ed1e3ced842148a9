import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { AddressInfo, LookupFunction } from 'node:net';
import { createServer as createPlainServer, Server as PlainServer } from 'node:http';
import { createServer, Server } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Agent } from 'undici';
import { createSandboxPki, MemberName, SandboxPki } from '../../sandbox/pki';
import { PeerClient } from '../../src/connectors/peer';
import { GatewayError } from '../../src/platform/errors';
import { WhiteListIndex } from '../../src/standards/whitelist';

/**
 * What addresses in a manifest can make the gateway do. Real: TLS, the white list's index, the resolver's part in a
 * connection (by a lookup that answers as an attacker's name server would). Any server here that is reached says so.
 */
const study = '1.2.3';
const series = '1.2.3.4';
const listedHost = 'db3.test.mesimagesmedicales.fr';

describe('addresses that a manifest names', () => {
  const dir = mkdtempSync(join(tmpdir(), 'drimbox-ssrf-'));
  const reached: string[] = [];
  const servers: (Server | PlainServer)[] = [];
  const clients: PeerClient[] = [];
  let pki: SandboxPki;
  let portOf: Record<'clear' | 'foreign' | 'otherName', number>;
  let tokens = 0;

  beforeAll(async () => {
    pki = await createSandboxPki({ dir: join(dir, 'pki'), fast: true });
    const secure = (name: string, member: MemberName) => {
      const { cert, key } = pki.members[member];
      const server = createServer({ cert: readFileSync(cert), key: readFileSync(key) }, (_request, response) => {
        reached.push(name);
        response.end();
      });
      return started(server);
    };
    const clear = createPlainServer((_request, response) => {
      reached.push('clear');
      response.end();
    });
    clear.on('connection', () => reached.push('connection'));
    portOf = {
      clear: await started(clear),
      foreign: await secure('foreign', 'foreign'),
      // Of the trusted authority, but for localhost: `listed` does not bear the name of the white list.
      otherName: await secure('other name', 'listed'),
    };
  });

  afterEach(async () => {
    for (const client of clients.splice(0)) await client.close();
    reached.length = 0;
    tokens = 0;
  });

  afterAll(async () => {
    for (const server of servers) {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
    rmSync(dir, { recursive: true, force: true });
  });

  async function started(server: Server | PlainServer): Promise<number> {
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return (server.address() as AddressInfo).port;
  }

  /** Asks a host; the resolver answers 127.0.0.1 for every name. @returns the code of the refusal */
  async function refusalOf(origin: string): Promise<string | undefined> {
    const { cert, key } = pki.members.gateway;
    const lookup: LookupFunction = (_name, options, done) =>
      options.all ? done(null, [{ address: '127.0.0.1', family: 4 }]) : done(null, '127.0.0.1', 4);
    const connect = { cert: readFileSync(cert), key: readFileSync(key), ca: readFileSync(pki.exchangeCa), lookup };
    const list = {
      generatedAt: new Date(),
      entries: [{ db: listedHost, vi: undefined, denomination: 'Pair', rdns: [] }],
    } as unknown as ConstructorParameters<typeof WhiteListIndex>[0];
    const index = new WhiteListIndex(list);
    const hosts = {
      isListedHost: (host: string) => index.forHost(host) !== undefined,
      onChange: () => () => undefined,
    };
    const client = new PeerClient(new Agent({ connect }), hosts, {
      silenceMs: 2_000,
      exchangeMsMax: 3_000,
      objectBytesMax: 1_000,
      failuresMax: 50,
      suspensionMs: 100,
    });
    clients.push(client);
    const wanted = {
      retrieveUrl: `${origin}/rs/studies/${study}/series/${series}`,
      studyInstanceUid: study,
      seriesInstanceUid: series,
      kosSopInstanceUid: '1.2.9',
      need: 'lossless' as const,
      accessToken: async () => `token-${++tokens}`,
      partsMax: 1,
    };
    try {
      for await (const part of client.fetch(wanted, new AbortController().signal)) reached.push(part.kind);
      return undefined;
    } catch (error) {
      return GatewayError.of(error)?.code;
    }
  }

  it.each([
    ['loopback', '127.0.0.1'],
    ['loopback of IPv6', '[::1]'],
    ['loopback mapped into IPv6', '[::ffff:127.0.0.1]'],
    ['loopback as one number', '2130706433'],
    ['loopback in hexadecimal', '0x7f000001'],
    ['loopback in octal', '0177.0.0.1'],
    ['loopback, shortened', '127.1'],
    ['the unspecified address', '0.0.0.0'],
    ['the metadata service of a cloud', '169.254.169.254'],
    ['a private network', '10.0.0.7'],
    ['another private network', '[fd00::1]'],
    ['localhost', 'localhost'],
    ['localhost, absolute', 'localhost.'],
    ['a name that resolves to loopback', 'rebinding.example'],
    ['a name below a listed one', `a.${listedHost}`],
    ['a listed name with another end', `${listedHost}.example`],
    ['a listed name as user', `${listedHost}@127.0.0.1`],
    ['letters that look like a listed name', listedHost.replace('mes', 'm\u0435s')],
    ['a percent-encoded host', '%31%32%37.0.0.1'],
  ])('%s: no connection, no token', async (_what, host) => {
    const before = reached.length;
    const code = await refusalOf(`https://${host}:${portOf.clear}`);
    expect(code).toMatch(/^peer\.(unlisted|address-invalid)$/);
    expect([reached.slice(before), tokens]).toEqual([[], 0]);
  });

  it.each(['http:', 'ftp:', 'file:', 'gopher:', 'data:'])('a listed host by %s is not asked', async (protocol) => {
    expect(await refusalOf(`${protocol}//${listedHost}:${portOf.clear}`)).toBe('peer.address-invalid');
    expect([reached, tokens]).toEqual([[], 0]);
  });

  it.each([
    ['a server of another authority', () => portOf.foreign],
    ['a server of the same authority with another name', () => portOf.otherName],
    ['a server that speaks clear text', () => portOf.clear],
  ])('a listed name whose address is made to lead to %s: no request arrives', async (_what, port) => {
    const code = await refusalOf(`https://${listedHost}:${port()}`);
    expect(code).toMatch(/^peer\./);
    expect(reached.filter((one) => one !== 'connection')).toEqual([]);
  });
});
