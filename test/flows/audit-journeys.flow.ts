import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { GatewayProcess, runOperatorTool, startGateway } from '../../sandbox/gateway-process';
import { Hospital, PublishedStudy, startHospital } from '../../sandbox/hospital';
import { Neighbours, startNeighbours } from '../../sandbox/neighbours';
import { SandboxPorts, sandboxPorts } from '../../sandbox/ports';
import { exchangeBasePath } from '../../sandbox/ready';
import { risStudy } from '../../sandbox/publish-studies';
import { demoPatients } from '../../sandbox/demo-data';
import { documentIdOf, makeMdm, makeOmi, sendOnce } from '../../sandbox/ris';
import type { Finding, TrailLine, Verification } from '../../src/audit';
import { BrowserRobot } from '../support/browser-robot';
import { postgresBin, startPostgres, TestDatabase } from '../support/database';
import { countsOf, JourneyTrail } from '../support/journey-trail';
import { callOf, manifestOfExam, monthsAgo, seedExam } from '../support/record-seed';
import { until } from '../support/sandbox';
import { anySyntax, WadoClient } from '../support/wado-client';

/** Reads an answer whole, whatever its type. */
const asBytes = (
  answer: { on(event: string, take: (chunk: Buffer) => void): void },
  done: (error: null, bytes: Buffer) => void,
) => {
  const chunks: Buffer[] = [];
  answer.on('data', (chunk) => void chunks.push(chunk));
  answer.on('end', () => done(null, Buffer.concat(chunks)));
};

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
  let trail: JourneyTrail;
  /** The archive that a journey exported. */
  let archive: Buffer;
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
          // An alarm comes when it comes: it would stand in the middle of a journey.
          DRIMBOX_ALARM_CHECK_SECONDS: '3600',
        },
      }),
      startHospital({ ...common, site: 'remote', database: 'embedded', demoStudies: [9003] }),
    ]);
    settings = { ...home.settings };
    gateway = home.gateway;
    db = await connect(database);
    const source = `AuditSourceID="${home.settings.DRIMBOX_ATNA_SOURCE_ID ?? ''}"`;
    trail = new JourneyTrail(db, () => neighbours.syslog.messages.filter(({ xml }) => xml.includes(source)));
    browser = new BrowserRobot({ neighbours, portalUrl: `https://localhost:${ports.portal}` });
    [dx, us, prior] = [studyOf(home, 9004), studyOf(home, 9005), studyOf(remote, 9003)];
  }, 480_000);

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

  const left: JourneyTrail['left'] = (...args) => trail.left(...args);

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

  it('a report that replaces, one that is no report, one that withdraws, and that sent twice', async () => {
    const study = risStudy(us);
    const replacement = makeMdm(study, { request: 'replace', version: 2 });
    const withdrawal = makeMdm(study, { request: 'unpublish', version: 2 });
    const journeys = {
      replacement: await left(() => sendOnce(hl7(), replacement), 4, 'replaced'),
      garbage: await left(() => sendOnce(hl7(), Buffer.from('MSH|^~\\&|X\r')), 1, 'refused report'),
      withdrawal: await left(() => sendOnce(hl7(), withdrawal), 4, 'withdrawn'),
      again: await left(() => sendOnce(hl7(), withdrawal), 1, 'sent twice'),
    };
    expect(journeys).toEqual({
      replacement: [
        'dmp.provide-and-register success',
        'dmp.stored-query success',
        'intake.accepted success',
        'publication.published success',
      ],
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
    const events = await left(
      async () => {
        statuses.push((await ask('listed', dx)).status);
        statuses.push((await ask('unlisted', dx)).status);
        statuses.push((await ask('listed', dx, 'no-token')).status);
        statuses.push((await ask('listed', { ...dx, kosSopInstanceUid: '1.2.3' })).status);
        await ask('revoked', dx).catch(() => undefined);
        await ask('foreign', dx).catch(() => undefined);
      },
      6,
      'served',
    );
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
    const series = new Set(prior.objects.map((one) => one.seriesInstanceUid)).size;
    let exam = '';
    const journeys = {
      called: await left(
        async () => {
          const answer = await professional.agent.post('/contextual-call').type('form').send(callOf(prior.patient));
          const { pathname } = new URL(answer.headers.location ?? '');
          await professional.page(pathname);
          await professional.login('generaliste', pathname);
          dossier = (await professional.page(pathname)).headers.location ?? '';
        },
        3,
        'called',
      ),
      listed: await left(
        async () => {
          const list = await professional.page(dossier);
          exam = /examens\/([\w-]+)\/images/.exec(list.text)?.[1] ?? '';
        },
        3,
        'listed',
      ),
      // A line for each series, as it comes.
      opened: countsOf(await left(images, 3 + series, 'opened')),
      imported: await left(
        () => professional.send(`${dossier}/import`, { examens: exam, tout: '1', confirme: '1' }),
        2,
        'imported',
      ),
      exported: await left(
        async () => {
          const { status, type, body } = await professional
            .page(`${dossier}/archive?examens=${exam}`)
            .buffer(true)
            .parse(asBytes as never);
          expect([status, type]).toEqual([200, 'application/zip']);
          archive = body as Buffer;
        },
        2,
        'exported',
      ),
      closed: await left(() => professional.send(`${dossier}/fermer`), 2, 'closed'),
    };
    expect(journeys).toEqual({
      called: ['context.called success', 'context.opened success', 'portal.login success'],
      listed: ['dmp.status success', 'dmp.stored-query success', 'exams.listed success'],
      opened: {
        'dmp.retrieve success': 1,
        'exams.manifest-read success': 1,
        'retrieval.series success': series,
        'viewer.opened success': 1,
      },
      imported: ['transfer.imported success', 'transfer.started success'],
      exported: ['dmp.retrieve success', 'transfer.archive-exported success'],
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
    await browser.send('/login/situation', { structure: '999900000000019' });
    const events = await left(
      async () => {
        const { headers } = await browser.page(`/IHEInvokeImageDisplay?${link.toString()}`);
        await browser.page(headers.location ?? '');
      },
      2,
      'linked',
    );
    expect(events).toEqual(['viewer.link-opened success', 'viewer.opened success']);
  });

  it('refusals: a call, an opposed patient, a foreign identity, images that cannot be had, a link, a role', async () => {
    const { abdomen } = demoPatients;
    const foreign = { number: 9901, description: 'Identité', manifestPatient: demoPatients.head };
    const away = { number: 9902, description: 'Absent', series: [2] };
    for (const exam of [foreign, away]) seedExam(neighbours.dmp, { ...exam, patient: abdomen, at: monthsAgo(2) });
    const professional = new BrowserRobot({ neighbours, portalUrl: `https://localhost:${ports.portal}` });
    await professional.login('generaliste');
    const call = (more: Record<string, string>) =>
      professional.agent.post('/contextual-call').type('form').send(callOf(abdomen, more));
    const open = async (more: Record<string, string> = {}) => {
      const { pathname } = new URL((await call(more)).headers.location ?? '');
      return (await professional.page(pathname)).headers.location ?? '';
    };
    const statuses: number[] = [];
    const see = async (path: string) => void statuses.push((await professional.page(path)).status);
    const opposed = await open({ InformationEtConsentement: 'non' });
    const path = await open();
    const list = (await professional.page(path)).text;
    const examOf = (name: string) =>
      new RegExp(`<tr data-exam="([^"]+)"(?:(?!<tr)[^])*${name}`).exec(list)?.[1] ?? `no exam ${name}`;
    const link = new URLSearchParams({
      requestType: 'STUDY',
      studyUID: dx.studyInstanceUid,
      accessionNumber: 'ANOTHER',
      idCDA: documentIdOf(risStudy(dx)),
    });
    const refused = {
      call: await left(
        async () => void statuses.push((await call({ 'Patient.gender': 'X' })).status),
        1,
        'refused call',
      ),
      opposed: await left(() => see(opposed), 1, 'opposed'),
      identity: await left(() => see(`${path}/examens/${examOf('Identité')}/images`), 2, 'identity'),
      import: await left(
        () => professional.send(`${path}/import`, { examens: examOf('Absent'), tout: '1', confirme: '1' }),
        5,
        'failed import',
      ),
      link: await left(
        async () => {
          const { headers } = await professional.page(`/IHEInvokeImageDisplay?${link.toString()}`);
          await see(headers.location ?? '');
        },
        1,
        'refused link',
      ),
      role: await left(() => see('/journal'), 1, 'refused role'),
    };
    expect(refused).toEqual({
      call: ['context.called refused context.call-refused'],
      opposed: ['context.stopped-by-consent refused exams.consent-missing'],
      identity: ['dmp.retrieve success', 'exams.identity-differs refused exams.identity-differs'],
      import: [
        'dmp.retrieve success',
        'exams.manifest-read success',
        'retrieval.series failure peer.suspended',
        'transfer.imported failure peer.suspended',
        'transfer.started success',
      ],
      link: ['viewer.refused refused viewer.invoke-refused'],
      role: ['portal.access-refused refused platform.forbidden'],
    });
    expect(statuses).toEqual([400, 403, 409, 406, 403]);
  });

  it('files: an archive and a manifest that are brought, one that is nothing, a manifest that an operator imports', async () => {
    const professional = new BrowserRobot({ neighbours, portalUrl: `https://localhost:${ports.portal}` });
    await professional.login('generaliste');
    const radiologist = new BrowserRobot({ neighbours, portalUrl: `https://localhost:${ports.portal}` });
    await radiologist.login('radiologue');
    const answer = await professional.agent.post('/contextual-call').type('form').send(callOf(prior.patient));
    const { pathname } = new URL(answer.headers.location ?? '');
    const path = (await professional.page(pathname)).headers.location ?? '';
    const { registry } = neighbours.dmp;
    const document = registry.documentByUniqueId(prior.kosSopInstanceUid);
    const kos = document && registry.content(document);
    const file = join(dataDir, 'kos.dcm');
    writeFileSync(file, manifestOfExam({ number: 9903, at: monthsAgo(1) }).bytes);
    const statuses: number[] = [];
    const bring = async (bytes: Buffer) => statuses.push((await professional.bring(`${path}/fichiers`, bytes)).status);
    const situation = { structure: '999900000000043', next: '/' };
    const journeys = {
      archive: await left(() => bring(archive), 1, 'archive read'),
      manifest: await left(() => bring(kos as Buffer), 1, 'uploaded'),
      nothing: await left(() => bring(Buffer.from('neither')), 1, 'refused file'),
      imported: await left(() => runOperatorTool(settings, 'manifest', 'import', file), 1, 'manifest imported'),
      situation: await left(() => radiologist.send('/login/situation', situation), 1, 'situation'),
      unchanged: await left(() => sendOnce(hl7(), makeOmi(risStudy(dx))), 2, 'unchanged'),
    };
    expect(journeys).toEqual({
      archive: ['transfer.archive-read success'],
      manifest: ['exams.uploaded success'],
      nothing: ['exams.uploaded refused exams.upload-refused'],
      imported: ['manifest.imported success'],
      situation: ['portal.situation-chosen success'],
      unchanged: ['intake.accepted success', 'publication.unchanged success'],
    });
    expect(statuses).toEqual([201, 201, 422]);
  });

  it('an administrator at the journal and at the command line; logout', async () => {
    expect({
      journal: await left(() => browser.page('/journal'), 1, 'journal'),
      refresh: await left(() => runOperatorTool(settings, 'whitelist', 'refresh'), 1, 'refresh'),
      logout: await left(() => browser.send('/logout'), 1, 'logout'),
    }).toEqual({
      journal: ['portal.trail-consulted success'],
      refresh: ['whitelist.refreshed success'],
      logout: ['portal.logout success'],
    });
  });

  it('is told to the audit record repository: these messages of each journey, and no other', async () => {
    const told: Record<string, string[]> = {};
    for (const journey of trail.journeys) told[journey] = await trail.toldOf(journey);
    const series = new Set(prior.objects.map((one) => one.seriesInstanceUid)).size;
    expect(told).toEqual({
      replaced: ['110106 ITI-41 R 0', '110107 intake.accepted C 0', '110112 ITI-18 E 0', 'publication.published - C 0'],
      'refused report': ['110107 intake.refused C 4'],
      withdrawn: [
        '110106 ITI-57 U 0',
        '110107 intake.accepted C 0',
        '110112 ITI-18 E 0',
        'publication.withdrawn - D 0',
      ],
      'sent twice': ['110107 intake.duplicate C 0'],
      served: [
        '110104 RAD-107 R 0',
        '110104 RAD-107 R 4',
        '110113 110126 E 4',
        '110113 110126 E 4',
        '110113 110126 E 4',
        '110113 110132 E 4',
      ],
      called: ['110110 context.called R 0', '110110 context.opened R 0', '110114 110122 E 0'],
      listed: ['110110 exams.listed R 0', '110112 ITI-18 E 0', '110112 TD0.2 E 0'],
      opened: [
        '110103 exams.manifest-read R 0',
        '110103 viewer.opened R 0',
        ...Array<string>(series).fill('110104 RAD-107 C 0'),
        '110107 ITI-43 C 0',
      ],
      imported: ['110102 transfer.started E 0', '110107 transfer.imported C 0'],
      exported: ['110106 transfer.archive-exported R 0', '110107 ITI-43 C 0'],
      closed: ['context.closed - E 0', 'retrieval.purged - D 0'],
      linked: ['110103 viewer.link-opened R 0', '110103 viewer.opened R 0'],
      'refused call': ['110110 context.called R 4'],
      opposed: ['110113 110132 E 4'],
      identity: ['110107 ITI-43 C 0', '110113 110132 E 4'],
      'failed import': [
        '110102 transfer.started E 0',
        '110103 exams.manifest-read R 0',
        '110104 RAD-107 C 8',
        '110107 ITI-43 C 0',
        '110107 transfer.imported C 8',
      ],
      'refused link': ['110113 110132 E 4'],
      'refused role': ['110113 110132 E 4'],
      'archive read': ['110107 transfer.archive-read C 0'],
      uploaded: ['110107 exams.uploaded C 0'],
      'refused file': ['110107 exams.uploaded C 4'],
      'manifest imported': ['110107 manifest.imported C 0'],
      situation: ['portal.situation-chosen - E 0'],
      unchanged: ['110107 intake.accepted C 0', 'publication.unchanged - R 0'],
      journal: ['110101 - R 0'],
      refresh: ['110113 110129 E 0'],
      logout: ['110114 110123 E 0'],
    });
  });

  it('and those of ITI hold what their tables ask', async () => {
    const messageOf = async (journey: string, type: string) =>
      (await trail.receivedOf(journey)).find(({ event }) => event.types.includes(type))?.xml ?? '';
    const query = await messageOf('listed', 'ITI-18');
    const [, base64 = ''] = /<ParticipantObjectQuery>([^<]+)</.exec(query) ?? [];
    const asked = Buffer.from(base64, 'base64').toString();
    expect(asked).toMatch(/^<query:AdhocQueryRequest .*<\/query:AdhocQueryRequest>$/);
    expect(asked).toContain(`&apos;${prior.patient.ins}^^^&amp;`);
    expect(query).toContain('ParticipantObjectID="urn:uuid:14d4debf-8f97-4251-9a74-a90016b0af0d"');
    const { url } = neighbours.dmp;
    expect(query).toContain(`UserID="${url}/registry"`);
    const submissionSet = 'csd-code="urn:uuid:a54d6aa5-d40d-43f9-88c5-b4633d873bdd"';
    for (const [journey, type] of [
      ['replaced', 'ITI-41'],
      ['withdrawn', 'ITI-57'],
    ]) {
      const message = await messageOf(journey, type);
      expect(message).toContain(submissionSet);
      expect(message).toContain(`ParticipantObjectID="${us.patient.ins}^^^&amp;`);
    }
    const retrieved = await messageOf('opened', 'ITI-43');
    expect(retrieved).toContain(`UserID="${url}/repository"`);
    expect(retrieved).toMatch(/<ParticipantObjectDetail type="Repository Unique ID" value="[^"]+"/);
    expect(retrieved).toContain(`ParticipantObjectID="${prior.kosSopInstanceUid}"`);
    // The trail itself names the patient in its own columns only.
    const { rows } = await db.query('SELECT 1 FROM audit_record WHERE position(patient_matricule IN facts::text) > 0');
    expect(rows).toEqual([]);
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
    let lines: TrailLine[] = [];
    const events = await left(async () => {
      lines = JSON.parse(run(['--format', 'json', '--patient', '-'], `${ins}\n`).stdout.toString()) as TrailLine[];
    }, 1);
    expect(events).toEqual(['audit.exported success']);
    expect(lines.map(({ kind }) => kind)).toEqual(expect.arrayContaining(['viewer.opened', 'context.opened']));
    expect(lines.filter(({ patientMatricule }) => patientMatricule !== undefined && patientMatricule !== ins)).toEqual(
      [],
    );
    const output = join(dataDir, 'export.csv');
    expect(run(['--from', '2020-01-01', '--output', output]).status).toBe(0);
    const csv = readFileSync(output, 'utf8').trim().split('\n');
    const [{ n }] = (await db.query<{ n: number }>('SELECT count(*)::int AS n FROM audit_record')).rows;
    // The head of the table stands in for the export's own line, which is written after the others were counted.
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
    trail.db = db;
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
