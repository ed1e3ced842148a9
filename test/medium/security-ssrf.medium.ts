import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { AddressInfo, LookupFunction } from 'node:net';
import { createServer as createPlainServer, Server as PlainServer, ServerResponse } from 'node:http';
import { createServer, Server } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DataSource } from 'typeorm';
import { Agent } from 'undici';
import { createSandboxPki, MemberName, SandboxPki } from '../../sandbox/pki';
import { ackCode, demoStudy, makeOru, sendOnce } from '../../sandbox/ris';
import { DatabaseAuditTrail } from '../../src/audit';
import { PeerClient, StructureDispatchers } from '../../src/connectors/peer';
import { MllpServer, risConfig, RisListener } from '../../src/connectors/ris';
import { ConfigOf, loadConfig } from '../../src/platform/config';
import { GatewayError } from '../../src/platform/errors';
import { intakeConfig, IntakeService, StoredPublicationRequests } from '../../src/source/intake';
import { IntakeMessageRepository } from '../../src/source/intake/intake-message.repository';
import { WhiteListIndex } from '../../src/standards/whitelist';
import { startEmbedded, TestDatabase } from '../support/database';
import { dmpFixture, DmpFixture } from '../support/dmp-fixture';

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
    const dispatchers = new StructureDispatchers([{ structureIds: [], dispatcher: new Agent({ connect }) }]);
    const client = new PeerClient(dispatchers, hosts, {
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
      asker: async () => ({ accessToken: `token-${++tokens}`, structureIds: [] }),
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

/** A server that must never be reached: every connection is told. */
async function trap(): Promise<{ url: string; reached: () => number; close(): Promise<void> }> {
  let connections = 0;
  const server = createPlainServer((_request, response) => response.end());
  server.on('connection', () => (connections += 1));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/inside`,
    reached: () => connections,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

/** Real: our DMP clients over mutual TLS. Doubled: a DMP, or somebody in its place, that names addresses in its answers. */
describe('addresses that an answer of the DMP names', () => {
  let on: DmpFixture;
  let inside: Awaited<ReturnType<typeof trap>>;
  let server: Server;
  let answer: (response: ServerResponse) => void = (response) => response.end();
  let requests = 0;

  beforeAll(async () => {
    [on, inside] = [await dmpFixture(), await trap()];
    const { cert, key } = on.pki.members.dmpServer;
    server = createServer({ cert: readFileSync(cert), key: readFileSync(key) }, (request, response) => {
      requests += 1;
      request.resume().once('end', () => answer(response));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
  beforeEach(() => (requests = 0));
  afterAll(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    await Promise.all([on.close(), inside.close()]);
  });

  const clients = () => on.clientsAt(`https://localhost:${(server.address() as AddressInfo).port}`);
  const wanted = { uniqueId: '1.2.3', repositoryUniqueId: '1.2.9' };
  const retrieve = () => clients().iti43.send({ caller: on.caller, documents: [wanted] });
  const query = () => clients().iti18.findEntry({ caller: on.caller, documentUniqueId: '1.2.3' });
  const envelope = (body: string, header = '', before = '') =>
    `<?xml version="1.0"?>${before}<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope">${header}<s:Body>${body}</s:Body></s:Envelope>`;
  const soap = (text: string) => (response: ServerResponse) =>
    response.writeHead(200, { 'content-type': 'application/soap+xml' }).end(text);
  const success = 'urn:oasis:names:tc:ebxml-regrep:ResponseStatusType:Success';
  const document = (content: string) =>
    `<r:RetrieveDocumentSetResponse xmlns:r="urn:ihe:iti:xds-b:2007"><x:RegistryResponse
       xmlns:x="urn:oasis:names:tc:ebxml-regrep:xsd:rs:3.0" status="${success}"/><r:DocumentResponse>
       <r:RepositoryUniqueId>1.2.9</r:RepositoryUniqueId><r:DocumentUniqueId>1.2.3</r:DocumentUniqueId>
       <r:mimeType>application/dicom</r:mimeType><r:Document>${content}</r:Document></r:DocumentResponse></r:RetrieveDocumentSetResponse>`;

  it.each([301, 302, 303, 307, 308])('a redirection (%i) is not followed', async (status) => {
    answer = (response) => response.writeHead(status, { location: inside.url }).end();
    expect((await query()).kind).not.toBe('accepted');
    expect([requests, inside.reached()]).toEqual([1, 0]);
  });

  it.each<[string, () => string]>([
    [
      'an attachment elsewhere',
      () => envelope(document(`<i:Include xmlns:i="http://www.w3.org/2004/08/xop/include" href="${inside.url}"/>`)),
    ],
    [
      'an XInclude',
      () => envelope(document(`<i:include xmlns:i="http://www.w3.org/2001/XInclude" href="${inside.url}"/>`)),
    ],
    ['a DTD', () => envelope(document('AA=='), '', `<!DOCTYPE s SYSTEM "${inside.url}">`)],
    ['an entity', () => envelope(document('&x;'), '', `<!DOCTYPE s [<!ENTITY x SYSTEM "${inside.url}">]>`)],
  ])('%s is not fetched, and the answer is not believed', async (_what, text) => {
    answer = soap(text());
    expect((await retrieve()).kind).not.toBe('accepted');
    expect([requests, inside.reached()]).toEqual([1, 0]);
  });

  it('a style sheet, a schema, an address for replies, and that of a document: nothing is fetched', async () => {
    const wsa = 'xmlns:a="http://www.w3.org/2005/08/addressing"';
    const header = `<s:Header><a:ReplyTo ${wsa}><a:Address>${inside.url}</a:Address></a:ReplyTo></s:Header>`;
    const schema = `xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="urn:x ${inside.url}"`;
    const rim = 'urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0';
    const entry = `<e:ExtrinsicObject xmlns:e="${rim}" id="urn:uuid:1"><e:Slot name="URI"><e:ValueList>
      <e:Value>${inside.url}</e:Value></e:ValueList></e:Slot></e:ExtrinsicObject>`;
    const body = `<q:AdhocQueryResponse xmlns:q="urn:oasis:names:tc:ebxml-regrep:xsd:query:3.0" ${schema} status="${success}">
      <e:RegistryObjectList xmlns:e="${rim}">${entry}</e:RegistryObjectList></q:AdhocQueryResponse>`;
    answer = soap(envelope(body, header, `<?xml-stylesheet type="text/xsl" href="${inside.url}"?>`));
    await query();
    expect([requests, inside.reached()]).toEqual([1, 0]);
  });
});

/** Real: MLLP, intake with its (embedded) database. Doubled: the RIS. */
describe('addresses that a message of the RIS names', () => {
  let inside: Awaited<ReturnType<typeof trap>>;
  let database: TestDatabase;
  let dataSource: DataSource;
  let server: MllpServer;
  let port: number;

  beforeAll(async () => {
    [inside, database] = [await trap(), await startEmbedded()];
    const senders = { DRIMBOX_HL7_SENDERS: '[{"application":"RIS_SANDBOX","facility":"*"}]' };
    const natures = { DRIMBOX_INTAKE_INS_NATURES: 'nir,nia,nirTest' };
    const { values } = loadConfig(
      [risConfig, intakeConfig] as never,
      { ...senders, ...natures },
      { production: false },
    );
    const ris = values.get(risConfig.token) as ConfigOf<typeof risConfig>;
    const intake = values.get(intakeConfig.token) as ConfigOf<typeof intakeConfig>;
    dataSource = await database.open();
    const service = new IntakeService(
      ris,
      intake,
      dataSource,
      new IntakeMessageRepository(),
      new StoredPublicationRequests(),
      new DatabaseAuditTrail(dataSource),
      { register: () => undefined } as unknown as RisListener,
    );
    server = new MllpServer(ris, service);
    port = await server.listen('127.0.0.1', 0);
  });
  afterAll(async () => {
    await server.close(500);
    await dataSource.destroy();
    await Promise.all([database.stop(), inside.close()]);
  });

  const message = () => makeOru(demoStudy).toString('utf8');
  /** The message with another report in it. */
  const withReport = (change: (report: string) => string) =>
    message().replace(/(\^Base64\^)([^|]+)/, (_all, before: string, text: string) => {
      const report = Buffer.from(text, 'base64').toString('utf8');
      const changed = change(report);
      expect(changed).toContain(inside.url);
      return before + Buffer.from(changed).toString('base64');
    });

  it.each<[string, 'AA' | 'AE', () => string]>([
    [
      'a report by pointer (OBX-2 RP)',
      'AE',
      () => message().replace(/\|ED\|(.*?)\|\|[^|]+\|/, `|RP|$1||${inside.url}^REPORT^TEXT^XML|`),
    ],
    [
      'a DTD in the report',
      'AE',
      () => withReport((report) => report.replace('?>', `?><!DOCTYPE x SYSTEM "${inside.url}">`)),
    ],
    [
      'an entity in the report',
      'AE',
      () => withReport((report) => report.replace('?>', `?><!DOCTYPE x [<!ENTITY y SYSTEM "${inside.url}">]>`)),
    ],
    [
      'a style sheet of the report',
      'AA',
      () => withReport((report) => report.replace('?>', `?><?xml-stylesheet href="${inside.url}"?>`)),
    ],
    [
      'the body of the report elsewhere',
      'AA',
      () =>
        withReport((report) =>
          report.replace(
            /<text mediaType[^]*?<\/text>/,
            `<text mediaType="application/pdf"><reference value="${inside.url}"/></text>`,
          ),
        ),
    ],
  ])('%s: %s, and nothing is fetched', async (_what, code, text) => {
    const answer = await sendOnce({ host: '127.0.0.1', port }, Buffer.from(text()));
    expect([ackCode(answer), inside.reached()]).toEqual([code, 0]);
  });
});
