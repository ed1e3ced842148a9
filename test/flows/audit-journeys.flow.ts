import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { GatewayProcess, runOperatorTool, startGateway } from '../../sandbox/gateway-process';
import { Hospital, PublishedStudy, startHospital } from '../../sandbox/hospital';
import { Neighbours, startNeighbours } from '../../sandbox/neighbours';
import { SandboxPorts, sandboxPorts } from '../../sandbox/ports';
import { exchangeBasePath } from '../../sandbox/ready';
import { risStudy } from '../../sandbox/publish-studies';
import { documentIdOf, makeOru, sendOnce } from '../../sandbox/ris';
import type { Finding, TrailLine, Verification } from '../../src/audit';
import { BrowserRobot } from '../support/browser-robot';
import { postgresBin, startPostgres, TestDatabase } from '../support/database';
import { callOf } from '../support/record-seed';
import { pause, until } from '../support/sandbox';
import { anySyntax, WadoClient } from '../support/wado-client';

const distinct = (events: readonly string[]): string[] => [...new Set(events)];

/**
 * Real: both gateways' processes, PostgreSQL, Orthanc, HL7 over TCP, WADO-RS over mutual TLS, pg_dump, the operator's tool.
 * Each journey leaves exactly the events that are listed here, as `kind outcome`.
 */
describe('what each journey leaves in the trail', () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'drimbox-journeys-'));
  const keyFile = join(dataDir, 'audit-key.pem');
  const clients: WadoClient[] = [];
  let database: TestDatabase;
  let restored: TestDatabase | undefined;
  let ports: SandboxPorts;
  let neighbours: Neighbours;
  let home: Hospital;
  let remote: Hospital;
  let gateway: GatewayProcess;
  let settings: Record<string, string>;
  let db: Client;
  let browser: BrowserRobot;
  let dx: PublishedStudy;
  let us: PublishedStudy;
  let prior: PublishedStudy;
  let dossier = '';
  const hl7 = () => ({ host: '127.0.0.1', port: ports.hl7 });

  beforeAll(async () => {
    spawnSync('openssl', ['genpkey', '-algorithm', 'ed25519', '-out', keyFile]);
    ports = await sandboxPorts(0);
    [neighbours, database] = await Promise.all([startNeighbours(dataDir, ports), startPostgres()]);
    const common = { dataDir, ports, neighbours, pacs: 'orthanc', publish: 'report', say: () => undefined } as const;
    // The smallest of the demo studies: radiographs and an ultrasound here, a head MR in the other hospital.
    [home, remote] = await Promise.all([
      startHospital({
        ...common,
        site: 'home',
        database: database.address.url,
        demoStudies: [9004, 9005],
        settings: {
          DRIMBOX_AUDIT_KEY_FILE: keyFile,
          DRIMBOX_AUDIT_CHAIN_MS: '100',
          DRIMBOX_AUDIT_PERIOD_LINES_MAX: '20',
          DRIMBOX_PORTAL_LOGINS_PER_MINUTE: '1000',
        },
      }),
      startHospital({ ...common, site: 'remote', database: 'embedded', demoStudies: [9003] }),
    ]);
    settings = { ...home.settings };
    gateway = home.gateway;
    db = await connect(database);
    browser = new BrowserRobot({ neighbours, portalUrl: `https://localhost:${ports.portal}` });
    [dx, us, prior] = [studyOf(home, 9004), studyOf(home, 9005), studyOf(remote, 9003)];
  }, 240_000);

  afterAll(async () => {
    for (const client of clients) client.close();
    await db?.end();
    await gateway?.stop();
    await Promise.all([home?.stop(), remote?.stop()]);
    await neighbours?.stop();
    await Promise.all([database?.stop(), restored?.stop()]);
    rmSync(dataDir, { recursive: true, force: true });
  });

  function studyOf({ studies }: Hospital, number: number): PublishedStudy {
    const found = studies.find(({ studyInstanceUid }) => studyInstanceUid.endsWith(`.${number}`));
    if (!found) throw new Error(`no study ${number}`);
    return found;
  }

  async function connect(to: TestDatabase): Promise<Client> {
    const client = new Client({ connectionString: to.address.url });
    client.on('error', () => undefined);
    await client.connect();
    return client;
  }

  /** What an act left, in the order of names: what goes on side by side has no other. */
  async function left(work: () => Promise<unknown>, count: number): Promise<string[]> {
    const newest = 'SELECT coalesce(max(id), 0) AS last FROM audit_record';
    const [{ last }] = (await db.query<{ last: string }>(newest)).rows;
    await work();
    const events = async () =>
      (
        await db.query<{ event: string }>(
          `SELECT kind || ' ' || outcome || coalesce(' ' || error_code, '') AS event FROM audit_record WHERE id > $1 ORDER BY 1`,
          [last],
        )
      ).rows.map(({ event }) => event);
    await until(`${count} events`, async () => (await events()).length >= count, 15_000).catch(() => undefined);
    // One more than expected would come just after.
    await pause(300);
    return events();
  }

  type PeerName = 'listed' | 'unlisted' | 'revoked' | 'foreign';
  const ask = async (name: PeerName, study: PublishedStudy, token?: string) => {
    const { cert, key } = neighbours.pki.members[name];
    const url = `https://localhost:${ports.exchange}${exchangeBasePath}`;
    const client = new WadoClient({ url, ca: neighbours.pki.exchangeCa, cert, key });
    clients.push(client);
    const bearer = token ?? (await neighbours.psc.token('radiologue'));
    return client.get(`/studies/${study.studyInstanceUid}`, {
      accept: anySyntax,
      kos: study.kosSopInstanceUid,
      token: bearer,
    });
  };

  it('a report that is published', async () => {
    const { rows } = await db.query<{ event: string }>(
      `SELECT kind || ' ' || outcome AS event FROM audit_record WHERE kind LIKE 'intake.%' OR study_instance_uid = $1
       OR document_unique_id = $2 ORDER BY id`,
      [dx.studyInstanceUid, dx.kosSopInstanceUid],
    );
    expect(rows.map(({ event }) => event).filter((event) => !event.startsWith('intake.'))).toEqual([
      'dmp.provide-and-register success',
      'publication.published success',
    ]);
    expect(rows.filter(({ event }) => event === 'intake.accepted success')).toHaveLength(home.studies.length);
  });

  it('a report sent twice, one that is no report, and one that withdraws', async () => {
    const study = risStudy(us);
    const withdrawal = makeOru(study, { request: 'unpublish', documentId: documentIdOf(study) });
    const journeys = {
      garbage: await left(() => sendOnce(hl7(), Buffer.from('MSH|^~\\&|X\r')), 1),
      withdrawal: await left(() => sendOnce(hl7(), withdrawal), 4),
      again: await left(() => sendOnce(hl7(), withdrawal), 1),
    };
    expect(journeys).toEqual({
      garbage: ['intake.refused refused intake.header-field'],
      withdrawal: [
        'dmp.stored-query success',
        'dmp.update-document-set success',
        'intake.accepted success',
        'publication.withdrawn success',
      ],
      again: ['intake.duplicate success'],
    });
  });

  it('images served to a peer, and peers that are refused', async () => {
    const statuses: (number | undefined)[] = [];
    const events = await left(async () => {
      statuses.push((await ask('listed', dx)).status);
      statuses.push((await ask('unlisted', dx)).status);
      statuses.push((await ask('listed', dx, 'no-token')).status);
      statuses.push((await ask('listed', { ...dx, kosSopInstanceUid: '1.2.3' })).status);
      await ask('revoked', dx).catch(() => undefined);
      await ask('foreign', dx).catch(() => undefined);
    }, 6);
    const expected = [
      'pki.certificate-refused refused',
      'pki.certificate-refused refused',
      'serving.delivered success',
      'serving.refused refused psc.token-inactive',
      'serving.refused refused serving.not-in-manifest',
      'serving.refused refused serving.peer-not-listed',
    ];
    expect({ statuses, events }).toEqual({ statuses: [200, 403, 401, 404], events: expected });
  });

  it('a contextual call, the list, the images of the other hospital, their import, the end', async () => {
    const professional = new BrowserRobot({ neighbours, portalUrl: `https://localhost:${ports.portal}` });
    const images = () => professional.page(`${dossier}/examens/${exam}/images`);
    let exam = '';
    const journeys = {
      called: await left(async () => {
        const answer = await professional.agent.post('/contextual-call').type('form').send(callOf(prior.patient));
        const { pathname } = new URL(answer.headers.location ?? '');
        await professional.page(pathname);
        await professional.login('generaliste', pathname);
        dossier = (await professional.page(pathname)).headers.location ?? '';
      }, 3),
      listed: await left(async () => {
        const list = await professional.page(dossier);
        exam = /examens\/([\w-]+)\/images/.exec(list.text)?.[1] ?? '';
      }, 2),
      // A line for each series, as it comes.
      opened: distinct(await left(images, 3 + new Set(prior.objects.map((one) => one.seriesInstanceUid)).size)),
      imported: await left(
        () => professional.send(`${dossier}/import`, { examens: exam, tout: '1', confirme: '1' }),
        3,
      ),
      closed: await left(() => professional.send(`${dossier}/fermer`), 2),
    };
    expect(journeys).toEqual({
      called: ['context.called success', 'context.opened success', 'portal.login success'],
      listed: ['dmp.status success', 'dmp.stored-query success', 'exams.listed success'],
      opened: [
        'dmp.retrieve success',
        'exams.manifest-read success',
        'retrieval.series success',
        'viewer.opened success',
      ],
      imported: ['transfer.imported success', 'transfer.started success'],
      closed: ['context.closed success', 'retrieval.purged success'],
    });
  });

  it('the link of a report', async () => {
    const link = new URLSearchParams({
      requestType: 'STUDY',
      studyUID: dx.studyInstanceUid,
      accessionNumber: dx.accessionNumber,
      idCDA: documentIdOf(risStudy(dx)),
    });
    await browser.login('radiologue');
    const events = await left(async () => {
      const { headers } = await browser.page(`/IHEInvokeImageDisplay?${link.toString()}`);
      await browser.page(headers.location ?? '');
    }, 2);
    expect(events).toEqual(['viewer.link-opened success', 'viewer.opened success']);
  });

  it('an administrator at the journal and at the command line; logout', async () => {
    expect({
      journal: await left(() => browser.page('/journal'), 1),
      refresh: await left(() => runOperatorTool(settings, 'whitelist', 'refresh'), 1),
      logout: await left(() => browser.send('/logout'), 1),
    }).toEqual({
      journal: ['portal.trail-consulted success'],
      refresh: ['whitelist.refreshed success'],
      logout: ['portal.logout success'],
    });
  });

  it('a stop and a start with another setting', async () => {
    const events = await left(async () => {
      await gateway.stop();
      settings.DRIMBOX_INTAKE_RETENTION_DAYS = '31';
      gateway = await startGateway(settings, join(dataDir, 'again.log'));
    }, 4);
    expect(events).toEqual([
      'configuration.changed success',
      'gateway.started success',
      'gateway.stopped success',
      'whitelist.refreshed success',
    ]);
    const [{ facts }] = (
      await db.query<{ facts: object }>("SELECT facts FROM audit_record WHERE kind = 'configuration.changed'")
    ).rows;
    expect(facts).toMatchObject({ changed: 'DRIMBOX_INTAKE_RETENTION_DAYS' });
  });

  it('is whole, says the operator’s tool, and what was tampered with it names', async () => {
    const events = await left(async () => {
      const whole = JSON.parse(await runOperatorTool(settings, 'audit', 'verify', '--json')) as Verification;
      expect(whole).toMatchObject({ ok: true, findings: [], waiting: 0 });
      expect(whole.periods).toBeGreaterThan(0);
    }, 1);
    expect(events).toEqual(['audit.verified success']);
    const [{ id }] = (await db.query<{ id: string }>("SELECT id FROM audit_record WHERE kind = 'portal.login'")).rows;
    const rename = (outcome: string) =>
      db.query(
        `BEGIN; SET LOCAL session_replication_role = replica; UPDATE audit_record SET outcome = '${outcome}' WHERE id = ${id}; COMMIT`,
      );
    await rename('refused');
    const verify = spawnSync(process.execPath, ['dist/src/cli/main.js', 'audit', 'verify'], environment());
    expect([verify.status, verify.stderr.toString()]).toEqual([
      1,
      expect.stringContaining(`changed: line ${id} at place`),
    ]);
    await rename('success');
    const json = spawnSync(process.execPath, ['dist/src/cli/main.js', 'audit', 'verify', '--json'], environment());
    expect([json.status, (JSON.parse(json.stdout.toString()) as { findings: Finding[] }).findings]).toEqual([0, []]);
  });

  const environment = (input?: string) => ({
    cwd: join(__dirname, '..', '..'),
    env: { PATH: process.env.PATH, ...settings },
    input,
  });

  it('is exported by period and by patient, whose INS never stands on a command line', async () => {
    const run = (words: string[], input?: string) =>
      spawnSync(process.execPath, ['dist/src/cli/main.js', 'audit', 'export', ...words], environment(input));
    const { ins } = prior.patient;
    const refused = run(['--patient', ins]);
    expect([refused.status, refused.stderr.toString()]).toEqual([1, expect.stringContaining('never written')]);
    expect(refused.stderr.toString()).not.toContain(ins);
    const lines = JSON.parse(run(['--format', 'json', '--patient', '-'], `${ins}\n`).stdout.toString()) as TrailLine[];
    expect(lines.map(({ kind }) => kind)).toEqual(expect.arrayContaining(['viewer.opened', 'context.opened']));
    expect(lines.filter(({ patientMatricule }) => patientMatricule !== undefined && patientMatricule !== ins)).toEqual(
      [],
    );
    const output = join(dataDir, 'export.csv');
    expect(run(['--from', '2020-01-01', '--output', output]).status).toBe(0);
    const csv = readFileSync(output, 'utf8').trim().split('\n');
    const [{ n }] = (await db.query<{ n: number }>('SELECT count(*)::int AS n FROM audit_record')).rows;
    // The export itself is told after it was written.
    expect(csv).toHaveLength(n);
    expect(run(['--to', '2020-01-01', '--format', 'json']).stdout.toString().trim()).toBe('[]');
    expect(run(['--from', 'yesterday']).status).toBe(1);
  });

  it('comes back from a dump, on another server and an empty data folder, with every publication', async () => {
    const publications = () => runOperatorTool(settings, 'publications', 'list', '--json', '--limit', '500');
    const before = await publications();
    await gateway.stop();
    const { rows } = await db.query('SELECT sequence, record_id, hash FROM audit_chain ORDER BY sequence');
    const file = join(dataDir, 'backup.dump');
    const dumped = spawnSync(join(postgresBin(), 'pg_dump'), ['-Fc', '-f', file, database.address.url]);
    expect([dumped.status, dumped.stderr.toString()]).toEqual([0, '']);
    restored = await startPostgres();
    const back = spawnSync(join(postgresBin(), 'pg_restore'), ['--exit-on-error', '-d', restored.address.url, file]);
    expect([back.status, back.stderr.toString()]).toEqual([0, '']);
    settings.DRIMBOX_DATABASE_URL = restored.address.url;
    settings.DRIMBOX_DATA_DIR = join(dataDir, 'empty');
    await db.end();
    db = await connect(restored);
    expect((await db.query('SELECT sequence, record_id, hash FROM audit_chain ORDER BY sequence')).rows).toEqual(rows);
    const check = async () => JSON.parse(await runOperatorTool(settings, 'audit', 'verify', '--json')) as Verification;
    expect(await check()).toMatchObject({ ok: true, lines: rows.length });
    expect(await publications()).toBe(before);
    gateway = await startGateway(settings, join(dataDir, 'restored.log'));
    expect((await ask('listed', dx)).status).toBe(200);
    await until(
      'new lines take their place behind the restored ones',
      async () => (await check()).lines > rows.length + 2,
    );
    expect(await check()).toMatchObject({ ok: true });
  });
});
