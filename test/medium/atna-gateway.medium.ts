import { mkdtempSync, rmSync } from 'node:fs';
import { Agent, get } from 'node:https';
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { GatewayProcess, startGateway } from '../../sandbox/gateway-process';
import { Sandbox, startSandbox } from '../../sandbox/start-sandbox';
import type { ReceivedMessage } from '../../sandbox/syslog';
import { startPostgres, TestDatabase } from '../support/database';
import { pause, until } from '../support/sandbox';
import { anySyntax, WadoClient } from '../support/wado-client';

/** Real: the gateway's process, PostgreSQL, HL7, WADO-RS over mutual TLS, syslog over TLS to the sandbox's repository. */
describe('journeys as the audit record repository sees them', () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'drimbox-atna-flow-'));
  const clients: WadoClient[] = [];
  let database: TestDatabase;
  let sandbox: Sandbox;
  let gateway: GatewayProcess;
  let db: Client;

  beforeAll(async () => {
    database = await startPostgres();
    sandbox = await startSandbox({
      portBase: 0,
      dataDir,
      pacs: 'embedded',
      database: database.address.url,
      demoData: true,
      publish: 'report',
    });
    gateway = sandbox.gateway;
    db = new Client({ connectionString: database.address.url });
    await db.connect();
  }, 480_000);

  afterAll(async () => {
    for (const client of clients) client.close();
    await db?.end();
    await gateway?.stop();
    await sandbox?.stop();
    await database?.stop();
    rmSync(dataDir, { recursive: true, force: true });
  });

  const trail = async () =>
    (await db.query<{ id: string; kind: string }>('SELECT id, kind FROM audit_record ORDER BY id')).rows;

  /** The list of `ready.syslog.received`, once it holds the whole trail. */
  async function received(): Promise<ReceivedMessage[]> {
    const ca = readFileSync(sandbox.ready.exchangeCa);
    const ask = () =>
      new Promise<ReceivedMessage[]>((resolve, reject) => {
        get(sandbox.ready.syslog.received, { agent: new Agent({ ca }) }, (answer) => {
          const chunks: Buffer[] = [];
          answer.on('data', (chunk: Buffer) => chunks.push(chunk));
          answer.on('end', () => resolve(JSON.parse(Buffer.concat(chunks).toString()) as ReceivedMessage[]));
        }).once('error', reject);
      });
    const everything = async () => (await ask()).length >= (await trail()).length;
    // Too few is told by the comparison that follows.
    await until('the whole trail was told', everything, 60_000).catch(() => undefined);
    return ask();
  }

  const told = (messages: readonly ReceivedMessage[]) =>
    messages.map(({ record, event }) => [record.kind, event.id, event.types[0], event.outcome].join(' '));

  function client(name: 'listed' | 'unlisted' | 'revoked'): WadoClient {
    const { cert, key } = sandbox.ready.peers[name];
    const { url } = sandbox.ready.source;
    const made = new WadoClient({ url, ca: sandbox.ready.exchangeCa, cert, key });
    clients.push(made);
    return made;
  }

  it('report to publication: everything of the trail, in order, once', async () => {
    const messages = await received();
    expect(messages.map(({ record }) => `${record.id} ${record.kind}`)).toEqual(
      (await trail()).map(({ id, kind }) => `${id} ${kind}`),
    );
    const studies = sandbox.home.studies.length;
    const counts = new Map<string, number>();
    for (const line of told(messages)) counts.set(line, (counts.get(line) ?? 0) + 1);
    expect(Object.fromEntries(counts)).toMatchObject({
      'gateway.started 110100 110120 0': 1,
      'whitelist.refreshed 110113 110129 0': 1,
      'intake.accepted 110107 intake.accepted 0': studies,
      'dmp.provide-and-register 110106 ITI-41 0': studies,
      'publication.published publication.published  0': studies,
    });
    expect(messages[0]).toMatchObject({ from: 'DRIMbox audit', facility: 10, severity: 5, msgId: 'IHE+RFC-3881' });
    expect(sandbox.neighbours.syslog.faults).toEqual([]);
  });

  it('images asked for, served and refused', async () => {
    const before = (await received()).length;
    const [study] = sandbox.home.studies;
    const path = `/studies/${study.studyInstanceUid}`;
    const token = await sandbox.neighbours.psc.token('radiologue');
    const headers = { accept: anySyntax, kos: study.kosSopInstanceUid, token };
    expect((await client('listed').get(path, headers)).status).toBe(200);
    expect((await client('listed').get(path, { ...headers, token: undefined })).status).toBe(401);
    expect((await client('listed').get(path, { ...headers, token: 'x'.repeat(40) })).status).toBe(401);
    expect((await client('listed').get(path, { ...headers, kos: '1.2.3' })).status).toBe(404);
    expect((await client('unlisted').get(path, headers)).status).toBe(403);
    await client('revoked')
      .get(path, headers)
      .catch(() => undefined);
    await until('the refused certificate is recorded', async () => (await trail()).length >= before + 6);
    const messages = (await received()).slice(before);
    expect(told(messages).sort()).toEqual(
      [
        'serving.delivered 110104 RAD-107 0',
        'serving.refused 110113 110132 4',
        'serving.refused 110113 110132 4',
        'serving.refused 110104 RAD-107 4',
        'serving.refused 110113 110126 4',
        'pki.certificate-refused 110113 110126 4',
      ].sort(),
    );
    const served = messages.find(({ record }) => record.kind === 'serving.delivered')?.xml ?? '';
    expect(served).toContain(`ParticipantObjectID="${study.studyInstanceUid}"`);
    expect(served).toContain(`<SOPClass NumberOfInstances="${study.objects.length}"/>`);
    expect(served).toContain(`ParticipantObjectID="${study.patient.ins}^^^&amp;`);
  });

  it('a gateway that is killed and started again tells what it had not told', async () => {
    const before = (await received()).length;
    const gone = new Promise((resolve) => gateway.child.once('exit', resolve));
    gateway.child.kill('SIGKILL');
    await gone;
    await db.query(
      `INSERT INTO audit_record (at, kind, outcome, actor) VALUES (now(), 'portal.logout', 'success', '{}')`,
    );
    await db.query('UPDATE audit_atna_cursor SET held_until = now()');
    gateway = await startGateway(sandbox.settings, join(dataDir, 'again.log'));
    await pause(200);
    const messages = (await received()).slice(before);
    expect(told(messages).slice(0, 1)).toEqual(['portal.logout 110114 110123 0']);
    expect(told(messages)).toContain('gateway.started 110100 110120 0');
    expect(messages.map(({ record }) => record.id)).toEqual((await trail()).slice(before).map(({ id }) => id));
  });
});
