import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DOMParser } from '@xmldom/xmldom';
import type TestAgent from 'supertest/lib/agent';
import { DataSource } from 'typeorm';
import { createSandboxPki } from '../../sandbox/pki';
import { configSlices } from '../../src/app.module';
import { AlarmWatch } from '../../src/audit/alarms';
import { statisticsExport } from '../../src/cli/commands/statistics-export';
import { loadConfig } from '../../src/platform/config';
import { familyOf, HealthRegistry, HealthReport } from '../../src/platform/health';
import { seedTrail, seenPatient } from '../support/audit-rows';
import { startPostgres, TestDatabase } from '../support/database';
import { HospitalProvider, startHospitalProvider } from '../support/hospital-provider';
import { formMark, PortalBench, startPortalBench } from '../support/portal-bench';

const root = join(__dirname, '../..');

/** Real: the whole gateway, PostgreSQL, HTTPS, `unzip`. Doubled: the hospital's OpenID provider. The PACS is absent on purpose. */
describe('statistics and supervision', () => {
  let dir: string;
  let database: TestDatabase;
  let provider: HospitalProvider;
  let bench: PortalBench;
  const agents = new Map<string, TestAgent>();

  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), 'supervision-'));
    const pki = await createSandboxPki({ dir: join(dir, 'pki'), fast: true });
    const { cert, key } = pki.members.portal;
    provider = await startHospitalProvider({ cert: readFileSync(cert), key: readFileSync(key) }, 'un secret');
    writeFileSync(join(dir, 'secret'), 'un secret');
    database = await startPostgres();
    bench = await startPortalBench({
      DRIMBOX_DATABASE_URL: database.address.url,
      DRIMBOX_OIDC_ISSUER: provider.issuer,
      DRIMBOX_OIDC_CLIENT_ID: 'drimbox',
      DRIMBOX_OIDC_CLIENT_SECRET_FILE: join(dir, 'secret'),
      DRIMBOX_OIDC_CA_FILE: pki.portalCa,
      DRIMBOX_OIDC_ROLES: JSON.stringify({ ops: ['operator'], auditeurs: ['auditor'] }),
      DRIMBOX_PUBLICATION_ENABLED: 'false',
      DRIMBOX_ALARM_CHECK_SECONDS: '3600',
      DRIMBOX_ALARM_RAISE_CHECKS: '2',
      DRIMBOX_ALARM_RAISE_SECONDS: '0',
    });
    await seedTrail(bench.app.get(DataSource), 60);
    for (const [who, group] of [
      ['operator', 'ops'],
      ['auditor', 'auditeurs'],
    ] as const) {
      const agent = bench.visitor();
      provider.next({ sub: who, name: who.toUpperCase(), roles: [group] });
      const away = await agent.get('/login/admin');
      const back = await provider.returnOf(new URL(away.headers.location ?? ''));
      await agent.get(`${back.pathname}${back.search}`);
      agents.set(who, agent);
    }
  });
  afterAll(async () => {
    await bench?.close();
    await provider?.close();
    await database?.stop();
    rmSync(dir, { recursive: true });
  });

  const as = (who: 'operator' | 'auditor'): TestAgent => agents.get(who) ?? bench.visitor();
  const page = (who: 'operator' | 'auditor', path: string) => as(who).get(path).set('Accept', 'text/html');
  /** Addresses as a browser reads them. */
  const plain = (html: string) => html.replaceAll('&amp;', '&').replaceAll('&#x3D;', '=');
  const internal = (path: string) => fetch(`http://127.0.0.1:${bench.ports.internal}${path}`);
  const lastOf = async (kind: string) =>
    (
      await bench.app
        .get(DataSource)
        .query<object[]>(
          'SELECT kind, actor, facts, bytes FROM audit_record WHERE kind = $1 ORDER BY id DESC LIMIT 1',
          [kind],
        )
    )[0];
  const today = new Intl.DateTimeFormat('sv-SE', { timeZone: 'Europe/Paris' }).format(new Date());
  const earlier = new Date(Date.now() - 70 * 86_400_000).toISOString().slice(0, 10);

  describe('statistics', () => {
    /** Rows of the first sheet as a reader of its own sees them: columns by letter. */
    function sheetOf(file: string): Map<string, string>[] {
      const part = (name: string) => execFileSync('unzip', ['-p', file, name], { encoding: 'utf8', maxBuffer: 1e9 });
      execFileSync('unzip', ['-tq', file]);
      for (const name of ['[[]Content_Types].xml', 'xl/workbook.xml', 'xl/styles.xml'])
        new DOMParser().parseFromString(part(name), 'text/xml');
      const sheet = new DOMParser().parseFromString(part('xl/worksheets/sheet1.xml'), 'text/xml');
      return [...sheet.getElementsByTagName('row')].map(
        (row) =>
          new Map(
            [...row.getElementsByTagName('c')].map((cell) => [
              (cell.getAttribute('r') ?? '').replace(/\d+$/, ''),
              cell.textContent ?? '',
            ]),
          ),
      );
    }

    it('are exported in the shape of the national file, a line for each event, as CSV and XLSX alike', async () => {
      const config = loadConfig(
        configSlices,
        {
          DRIMBOX_MODE: 'sandbox',
          DRIMBOX_DATA_DIR: join(dir, 'cli'),
          DRIMBOX_DATABASE_URL: database.address.url,
          DRIMBOX_PSC_ISSUER: 'https://localhost:1/psc',
          DRIMBOX_PSC_CLIENT_ID: 'test',
        },
        { production: false },
      );
      const exported = (format: string, output: string) =>
        statisticsExport.run({
          args: [],
          options: { from: earlier, to: today, format, output },
          config: () => config,
          examine,
        });
      const [csvFile, xlsxFile] = [join(dir, 'a.csv'), join(dir, 'a.xlsx')];
      const told = await exported('csv', csvFile);
      await exported('xlsx', xlsxFile);
      const csv = readFileSync(csvFile, 'utf8')
        .replace(/^\uFEFF/, '')
        .trimEnd()
        .split('\r\n');
      const sheet = sheetOf(xlsxFile);
      expect(told.value).toMatchObject({ lines: csv.length - 1, file: csvFile });
      expect(sheet).toHaveLength(csv.length);
      expect(csv.length).toBeGreaterThan(2_001);
      expect([csv[0]?.split(';')[34], csv[0]?.split(';')[35]]).toEqual(['Nombre_Appel', 'Statut_Appel']);
      expect([sheet[0]?.get('AI'), sheet[0]?.get('AJ')]).toEqual(['Nombre_Appel', 'Statut_Appel']);
      const calls = await bench.app
        .get(DataSource)
        .query<{ n: number }[]>("SELECT count(*)::int AS n FROM audit_record WHERE kind = 'context.called'");
      expect(sheet.filter((row) => row.get('AI') === '1')).toHaveLength(calls[0]?.n ?? -1);
      const statuses = sheet.slice(1).map((row) => `${row.get('AM')} ${row.get('AJ') ?? '-'}`);
      expect(new Set(statuses)).toEqual(
        new Set([
          'context.called succes',
          'context.called erreur',
          ...[
            'intake.accepted',
            'publication.published',
            'publication.refused',
            'retrieval.series',
            'viewer.opened',
          ].map((kind) => `${kind} -`),
          ...['serving.delivered', 'serving.refused'].map((kind) => `${kind} -`),
        ]),
      );
      expect(new Set(sheet.slice(1).flatMap((row) => row.get('AP')?.split(' ') ?? []))).toEqual(
        new Set(['CT', 'MR', 'SR', 'DX', 'US']),
      );
      for (const text of [csv.join('\n'), JSON.stringify(sheet.map((row) => [...row.values()]))])
        expect(text).not.toMatch(new RegExp(`${seenPatient.matricule}|RADIOLOGUE|899900000`));
      expect(await lastOf('statistics.exported')).toMatchObject({ facts: { format: 'xlsx', by: 'command line' } });
      expect(existsSync(`${xlsxFile}.part`)).toBe(false);
    });

    it.each([
      [{ from: 'hier', to: today }, '--from is a day'],
      [{ from: today, to: earlier }, '--from lies after --to'],
      [{ from: earlier, to: today, format: 'pdf' }, '--format is csv or xlsx'],
      [{ from: earlier, to: today, model: '/nulle/part.json' }, 'cannot be read'],
    ])('the command refuses %j', async (options, reason) => {
      const config = () => loadConfig(configSlices, minimal(), { production: false });
      await expect(statisticsExport.run({ args: [], options, config, examine })).rejects.toThrow(reason);
    });
    const examine = () => Promise.reject(new Error('not asked for'));
    const minimal = () => ({
      DRIMBOX_MODE: 'sandbox',
      DRIMBOX_DATABASE_URL: database.address.url,
      DRIMBOX_PSC_ISSUER: 'https://localhost:1/psc',
      DRIMBOX_PSC_CLIENT_ID: 'test',
    });

    it('are downloaded from the page, and the trail knows who did', async () => {
      const xlsx = await page('auditor', `/statistiques/export?du=${earlier}&au=${today}&format=xlsx`)
        .buffer(true)
        .parse((response, done) => {
          const parts: Buffer[] = [];
          response.on('data', (part: Buffer) => parts.push(part));
          response.on('end', () => done(null, Buffer.concat(parts)));
        });
      expect(xlsx.headers).toMatchObject({
        'content-type': 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
        'content-disposition': `attachment; filename="statistiques-${earlier}-${today}.xlsx"`,
      });
      const file = join(dir, 'page.xlsx');
      writeFileSync(file, xlsx.body as Buffer);
      expect(sheetOf(file).length).toBeGreaterThan(2_001);
      expect(await lastOf('statistics.exported')).toMatchObject({
        actor: { professionalId: expect.stringContaining('auditor') as string },
        facts: { from: earlier, to: today, format: 'xlsx', by: 'portal' },
      });
      const csv = await page('operator', `/statistiques/export?du=2020-01-01&au=2020-01-02&format=csv`);
      expect(csv.text.split('\r\n')).toHaveLength(2);
      expect((await page('operator', '/statistiques/export?format=exe')).status).toBe(400);
    });

    it('fill the page for a period, also as tables, whatever is asked', async () => {
      const month = await page('auditor', '/statistiques');
      expect(month.status).toBe(200);
      for (const words of ['DMP : Recherche au DMP (ITI-18)', 'PACS : Images servies', 'CT', 'db7.test.fr'])
        expect(month.text).toContain(words);
      expect([...month.text.matchAll(/data-chart="/g)]).toHaveLength(8);
      const none = await page('auditor', '/statistiques?du=2020-01-01&au=2020-01-31');
      expect([...none.text.matchAll(/Rien sur cette période/g)]).toHaveLength(10);
      expect(none.text).toContain('Le journal ne contient rien sur cette période');
      for (const query of ['du=x&au=y', 'jours=1000000', 'du=2000-01-01&au=2026-01-01', 'du=2026-02-02&au=2026-02-01'])
        expect((await page('auditor', `/statistiques?${query}`)).status).toBe(200);
    });

    it('lead an auditor from a figure to the very lines that it counts, and an operator nowhere', async () => {
      const text = plain((await page('auditor', '/statistiques')).text);
      const links = [
        ...text.matchAll(/<a href="(\/journal\?actes=context[^"]*resultat=refused[^"]*du=[^"]*)">(\d+)<\/a>/g),
      ];
      expect(links.length).toBeGreaterThan(20);
      const [, href = '', figure] = links[0] ?? [];
      const lines = await page('auditor', href);
      expect([...lines.text.matchAll(/<tr>\s*<td/g)]).toHaveLength(Number(figure));
      const operators = await page('operator', '/statistiques');
      expect([operators.status, operators.text.includes('/journal')]).toEqual([200, false]);
      expect((await page('operator', '/journal')).status).toBe(403);
    });
  });

  describe('health', () => {
    it('is the same for the load balancer and for the page, with since when, what to do and a page of help', async () => {
      const ready = await internal('/health/ready');
      const { status, checks } = (await ready.json()) as { status: string; checks: HealthReport[] };
      expect([ready.status, status]).toEqual([200, 'up']);
      const { text } = await page('operator', '/service');
      expect(text).toContain('La passerelle est prête');
      for (const { name, level, summary, since, runbook } of checks) {
        expect({ name, since: Date.parse(since) <= Date.now() }).toEqual({ name, since: true });
        expect(text).toContain(`/service/aide/${runbook}`);
        // A duration may differ from one moment to the next: its words do not.
        if (level !== 'up') expect(text).toContain(summary.split(/[('’]/)[0]);
      }
      const names = checks.map(({ name }) => name);
      expect(names).toEqual(expect.arrayContaining(['database', 'disk', 'clock', 'dmp', 'psc', 'pacs-pacs', 'peers']));
      expect(names).toEqual(
        expect.arrayContaining(['cache', 'certificates', 'revocation', 'white-list', 'publication']),
      );
      const levels = Object.fromEntries(checks.map(({ name, level }) => [name, level]));
      expect(levels).toMatchObject({ 'pacs-pacs': 'down', dmp: 'up', psc: 'up', clock: 'up', database: 'up' });
      for (const { level, advice, name } of checks) if (level !== 'up') expect([name, advice]).not.toContain(undefined);
    });

    it('explains every check of this process by a page of the runbook', async () => {
      for (const name of bench.app.get(HealthRegistry).names()) {
        const help = await page('auditor', `/service/aide/${familyOf(name)}`);
        expect([name, help.status, help.text.includes('What to do')]).toEqual([name, 200, true]);
      }
      for (const odd of ['nowhere', '..%2f..%2fpackage', 'README', 'pacs.md'])
        expect((await page('auditor', `/service/aide/${odd}`)).status).toBe(404);
      expect((await bench.visitor().get('/service/aide/pacs').set('Accept', 'application/json')).status).toBe(401);
    });

    it('names the clocks of its neighbours', async () => {
      const clock = (await bench.app.get(HealthRegistry).report()).find(({ name }) => name === 'clock');
      expect(Object.keys(clock?.facts ?? {}).sort()).toEqual(['databaseMs', 'dmpMs', 'pscMs']);
    });
  });

  describe('alarms', () => {
    it('stand above every page of those who watch, and are acknowledged by an operator, not by an auditor', async () => {
      const watch = bench.app.get(AlarmWatch);
      await watch.tick();
      expect((await page('operator', '/publications')).text).not.toContain('alarm-line');
      await watch.tick();
      const alarm = watch.active().find(({ name }) => name === 'pacs-pacs');
      expect(alarm).toMatchObject({ severity: 'critical' });
      for (const path of ['/publications', '/statistiques', '/'])
        expect((await page('operator', path)).text).toContain('PACS « pacs »');
      const professional = await bench.loggedIn('generaliste');
      expect((await professional.get('/').set('Accept', 'text/html')).text).not.toContain('alarm-line');

      const acknowledge = async (who: 'operator' | 'auditor', id = alarm?.id) =>
        as(who)
          .post('/service/alarmes')
          .type('form')
          .set('Accept', 'text/html')
          .send({ _csrf: await formMark(as(who)), alarme: id });
      expect((await page('auditor', '/service')).text).not.toContain('action="/service/alarmes"');
      expect((await acknowledge('auditor')).status).toBe(403);
      const done = await acknowledge('operator');
      expect([done.status, done.headers.location]).toEqual([303, '/service?fait=oui']);
      expect((await acknowledge('operator')).headers.location).toBe('/service?fait=non');
      expect((await acknowledge('operator', 'x')).status).toBe(404);
      expect(await lastOf('alarm.acknowledged')).toMatchObject({
        actor: { professionalName: 'OPERATOR' },
        facts: { alarm: 'pacs-pacs', severity: 'critical' },
      });
      expect((await page('auditor', '/service')).text).toContain('Prise en compte par OPERATOR');
      const unmarked = await as('operator').post('/service/alarmes').type('form').send({ alarme: alarm?.id });
      expect(unmarked.status).toBe(403);
    });

    it('are metrics', async () => {
      const text = await (await internal('/metrics')).text();
      expect(text).toContain('drimbox_alarm_active{alarm="pacs-pacs",severity="critical"} 1');
      expect(text).toContain('drimbox_health_level{check="pacs-pacs"} 2');
      expect(text).toMatch(/^drimbox_disk_free_bytes \d+/m);
    });
  });

  it('auditors change nothing that operators work on, and operators read nothing of the trail', async () => {
    const refused = async (who: 'operator' | 'auditor', paths: readonly string[]) => {
      const _csrf = await formMark(as(who));
      const statuses: number[] = [];
      for (const path of paths) {
        const answer = await as(who).post(path).type('form').set('Accept', 'text/html').send({ _csrf, alarme: '1' });
        statuses.push(answer.status);
      }
      expect([who, statuses]).toEqual([who, paths.map(() => 403)]);
    };
    await refused('auditor', ['/publications', '/publications/1/relance', '/service/alarmes']);
    await refused('operator', [
      '/journal',
      '/journal/patient',
      '/journal/professionnel',
      '/journal/export.csv',
      '/journal/export.json',
    ]);
    expect(await lastOf('portal.access-refused')).toMatchObject({ actor: { professionalName: 'OPERATOR' } });
  });

  it('the dashboard and the alert rules name only metrics that the process exposes', async () => {
    const exposed = await (await internal('/metrics')).text();
    const names = new Set([...exposed.matchAll(/^# TYPE (\S+) (\S+)/gm)].map(([, name]) => name));
    for (const file of ['docs/grafana/dashboard.json', 'docs/grafana/alerts.yaml']) {
      const text = readFileSync(join(root, file), 'utf8');
      const used = [...text.matchAll(/\bdrimbox_[a-z0-9_]+/g)].map(([name]) => name);
      const unknown = used.filter((name) => !names.has(name) && !names.has(name.replace(/_(bucket|sum|count)$/, '')));
      expect({ file, used: used.length > 10, unknown }).toEqual({ file, used: true, unknown: [] });
    }
    const dashboard = JSON.parse(readFileSync(join(root, 'docs/grafana/dashboard.json'), 'utf8')) as {
      panels: { id: number; title: string; type: string; targets?: { expr: string }[] }[];
    };
    expect(new Set(dashboard.panels.map(({ id }) => id)).size).toBe(dashboard.panels.length);
    expect(dashboard.panels.filter(({ type, targets }) => type !== 'row' && !targets?.length)).toEqual([]);
  });
});
