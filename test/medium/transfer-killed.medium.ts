import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import supertest from 'supertest';
import { demoPatients } from '../../sandbox/demo-data';
import { type GatewayProcess, startGateway } from '../../sandbox/gateway-process';
import { type Hospital, startHospital } from '../../sandbox/hospital';
import { type Neighbours, startNeighbours } from '../../sandbox/neighbours';
import { type SandboxPorts, sandboxPorts } from '../../sandbox/ports';
import { exchangeBasePath } from '../../sandbox/ready';
import { ByteProxy } from '../support/byte-proxy';
import { startPostgres, type TestDatabase } from '../support/database';
import { LoginRobot } from '../support/psc-bench';
import { callOf } from '../support/record-seed';
import { recordManifest } from '../support/two-hospitals';

const page = 'text/html,application/xhtml+xml';
const { head } = demoPatients;

/**
 * Real: both gateways as processes (those last built), PostgreSQL, PACS, Pro Santé Connect and DMP of the sandbox. The home gateway is
 * killed in the middle of an import, as a power cut would.
 */
describe('an import whose gateway is killed', () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'drimbox-killed-'));
  let database: TestDatabase;
  let ports: SandboxPorts;
  let neighbours: Neighbours;
  let hospitals: Promise<Hospital>[] = [];
  let proxy: ByteProxy;
  let again: GatewayProcess | undefined;

  beforeAll(async () => {
    ports = await sandboxPorts(0);
    [database, neighbours] = await Promise.all([startPostgres(), startNeighbours(dataDir, ports)]);
    const common = { dataDir, ports, neighbours, pacs: 'auto', publish: 'import', say: () => undefined } as const;
    const settings = { DRIMBOX_PUBLICATION_ENABLED: 'false' };
    const home = { ...common, site: 'home', database: database.address.url, demoStudies: [], settings } as const;
    const remote = { ...common, site: 'remote', database: 'embedded', demoStudies: [9003] } as const;
    hospitals = [startHospital(home), startHospital(remote)];
    await Promise.all(hospitals);
    proxy = await ByteProxy.start(ports.remoteExchange);
  }, 480_000);
  afterAll(async () => {
    await again?.stop();
    // Also those whose start took longer than the hook may.
    for (const hospital of await Promise.allSettled(hospitals))
      if (hospital.status === 'fulfilled') await hospital.value.stop();
    await proxy?.stop();
    await neighbours?.stop();
    await database?.stop();
    rmSync(dataDir, { recursive: true, force: true });
  });

  it('is told as interrupted when the gateway is back, and goes on with what is missing', async () => {
    const [home, remote] = await Promise.all(hospitals);
    const study = remote?.studies[0];
    if (!home || !study) throw new Error('no study');
    recordManifest(neighbours.dmp, study, `https://localhost:${proxy.port}${exchangeBasePath}`);
    const ca = readFileSync(neighbours.pki.portalCa);
    const visitor = () => supertest.agent(`https://localhost:${ports.portal}`, { ca });
    const doctor = visitor();
    const robot = new LoginRobot(neighbours.psc.issuer, ca);
    const away = await doctor.get('/login').query({ next: '/' });
    const query = await robot.login(new URL(away.headers.location ?? ''), 'generaliste', 'generaliste');
    await robot.close();
    await doctor.get(`/login/callback?${query}`).set('Accept', page);
    const called = await visitor().post('/contextual-call').type('form').send(callOf(head));
    const opened = await doctor.get(new URL(called.headers.location ?? '').pathname).set('Accept', page);
    const dossier = opened.headers.location ?? '';

    const mark = async () =>
      /name="_csrf" value="([^"]+)"/.exec((await doctor.get('/').set('Accept', page)).text)?.[1] ?? '';
    const send = async (path: string, form: object = {}) =>
      doctor
        .post(`${dossier}${path}`)
        .type('form')
        .send({ _csrf: await mark(), ...form });
    const state = async () => {
      const answer = await doctor.get(`${dossier}/imports/etat`);
      const { imports } = answer.body as { imports: { id: string; state: string; done: number; total: number }[] };
      return imports[0];
    };
    const until = async (what: string, holds: (one: Awaited<ReturnType<typeof state>>) => boolean) => {
      for (let tries = 0; tries < 1_500; tries++) {
        const one = await state();
        if (holds(one)) return one;
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      throw new Error(`never came: ${what}`);
    };

    const importsInTrail = async () => {
      const db = new Client({ connectionString: database.address.url });
      await db.connect();
      const { rows } = await db.query<object>(
        `SELECT error_code, instances, actor->>'professionalId' AS professional, patient_matricule AS matricule
         FROM audit_record WHERE kind = 'transfer.imported' ORDER BY id`,
      );
      await db.end();
      return rows;
    };

    const list = await doctor.get(dossier).set('Accept', page);
    const exam = /data-exam="([^"]+)"/.exec(list.text)?.[1] ?? '';
    const choice = await doctor.get(`${dossier}/import?examens=${exam}`).set('Accept', page);
    const series = [...choice.text.matchAll(/name="series" value="([\d.]+)"/g)].map(([, uid]) => uid ?? '');
    proxy.does({ bytesPerSecond: 400_000 });
    expect((await send('/import', { examens: exam, series })).status).toBe(303);
    const before = await until('some images', (one) => (one?.done ?? 0) > 0);
    expect(before).toMatchObject({ state: 'running', total: study.objects.length });
    home.gateway.child.kill('SIGKILL');
    await new Promise((resolve) => setTimeout(resolve, 300));
    proxy.does({});
    again = await startGateway(home.settings, join(dataDir, 'gateway-again.log'));
    // The dead process is believed alive for twenty seconds at most; its work is touched by nobody meanwhile.
    const left = await until('interrupted', (one) => one?.state === 'interrupted');
    expect(left?.done).toBeGreaterThanOrEqual(before?.done ?? 0);
    expect(left?.done).toBeLessThan(study.objects.length);
    const told = await doctor.get(`${dossier}/imports`).set('Accept', page);
    expect(told.text).toContain('Interrompu');
    expect(await importsInTrail()).toEqual([
      { error_code: 'transfer.interrupted', instances: left?.done, professional: '899900000025', matricule: head.ins },
    ]);
    expect((await send(`/imports/${left?.id}/reprendre`)).status).toBe(303);
    expect(await until('done', (one) => one?.state === 'done')).toMatchObject({ done: study.objects.length });
    expect(await importsInTrail()).toMatchObject([
      {},
      { error_code: null, instances: study.objects.length - (left?.done ?? 0) },
    ]);
    const log =
      readFileSync(join(dataDir, 'gateway-again.log'), 'utf8') +
      readFileSync(join(dataDir, 'gateway-home.log'), 'utf8');
    expect(log).not.toMatch(/ÉPREUVEDRIM|19480923/);
  });
});
