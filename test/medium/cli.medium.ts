import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { hostname, tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createSandboxPki, SandboxPki } from '../../sandbox/pki';
import { startPostgres, TestDatabase } from '../support/database';

/** Real: the operator's tool as it is shipped (last built), PostgreSQL. The commands with more to show have tests of their own. */
const run = promisify(execFile);
const root = join(__dirname, '..', '..');

describe('the operator’s tool', () => {
  let dir: string;
  let pki: SandboxPki;
  let database: TestDatabase;

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'drimbox-cli-'));
    [pki, database] = await Promise.all([createSandboxPki({ dir: join(dir, 'pki'), fast: true }), startPostgres()]);
  });
  afterAll(async () => {
    await database?.stop();
    await rm(dir, { recursive: true, force: true });
  });

  async function drimbox(words: string[], more: Record<string, string> = {}) {
    const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('DRIMBOX_'));
    const { gateway, expired } = pki.members;
    const env = {
      ...Object.fromEntries(inherited),
      DRIMBOX_MODE: 'sandbox',
      DRIMBOX_DATA_DIR: join(dir, 'data'),
      DRIMBOX_DATABASE_URL: database.address.url,
      DRIMBOX_PSC_ISSUER: 'https://localhost:1/psc',
      DRIMBOX_PSC_CLIENT_ID: 'cli',
      DRIMBOX_EXCHANGE_CERT_FILE: gateway.cert,
      DRIMBOX_EXCHANGE_KEY_FILE: gateway.key,
      DRIMBOX_EXCHANGE_CA_FILES: pki.exchangeCa,
      DRIMBOX_PEER_CERT_FILE: expired.cert,
      DRIMBOX_PEER_KEY_FILE: expired.key,
      DRIMBOX_PEER_CA_FILES: pki.exchangeCa,
      ...more,
    };
    try {
      return { code: 0, ...(await run(process.execPath, [join(root, 'bin', 'drimbox.cjs'), ...words], { env })) };
    } catch (error) {
      return error as { code: number; stdout: string; stderr: string };
    }
  }

  it('alone lists its commands, which are those of the contract', async () => {
    const { code, stderr } = await drimbox([]);
    expect(code).toBe(0);
    const listed = stderr.split('\n').flatMap((line) => /^ {2}drimbox ((?:[a-z]+ ?)+)/.exec(line)?.[1].trim() ?? []);
    const contract = readFileSync(join(root, 'docs', 'contract.md'), 'utf8');
    const row = contract.split('\n').find((line) => line.startsWith('| `npx drimbox <command>`')) ?? '';
    const promised = [...row.matchAll(/`([a-z]+ [a-z]+)`/g)]
      .map(([, words]) => words)
      .filter((words) => words !== 'npx drimbox');
    expect(promised.length).toBeGreaterThan(8);
    expect(listed.sort()).toEqual(promised.sort());
  });

  it.each([[['fly']], [['config']], [['config', 'chek']]])('%j is no command: code 1 and the list', async (words) => {
    const { code, stdout, stderr } = await drimbox(words);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/^usage:\n/);
  });

  it('brings the schema up to date, once', async () => {
    const first = await drimbox(['database', 'migrate', '--json']);
    expect([first.code, first.stderr]).toEqual([0, '']);
    expect((JSON.parse(first.stdout) as { applied: number }).applied).toBeGreaterThan(5);
    expect(await drimbox(['database', 'migrate'])).toMatchObject({ code: 0, stdout: '0 migration(s) applied\n' });
  });

  it('says one sentence when the database is away, without its password', async () => {
    const away = { DRIMBOX_DATABASE_URL: 'postgres://drimbox:motdepasse@127.0.0.1:1/postgres' };
    const { code, stdout, stderr } = await drimbox(['database', 'migrate'], away);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/ECONNREFUSED/);
    expect(stderr).not.toMatch(/motdepasse|\n\s+at /);
  });

  it('tells whose each certificate is, until when, and what is wrong with it', async () => {
    const { code, stdout } = await drimbox(['pki', 'status', '--json']);
    expect(code).toBe(0);
    const lines = JSON.parse(stdout) as { use: string; subject: string; daysLeft: number; faults: string[] }[];
    const of = (use: string) => lines.find((line) => line.use === use);
    expect(of('serving')).toMatchObject({ faults: [], subject: expect.stringContaining('db1.test') as string });
    expect(of('serving')?.daysLeft).toBeGreaterThan(900);
    expect(of('peer')?.daysLeft).toBeLessThan(0);
    expect(of('peer')?.faults).toEqual(['expired']);
    const people = await drimbox(['pki', 'status']);
    expect(people.stdout).toMatch(/^serving\tC=FR.*\tuntil \d{4}-.*\(\d+ days\)\t$/m);
    expect(people.stdout).toMatch(/^peer\t.*\(-\d+ days\)\texpired$/m);
  });

  it('records who asked for an administrator’s act: account and machine', async () => {
    const { code, stderr } = await drimbox(['whitelist', 'refresh'], {
      DRIMBOX_WHITELIST_URL: 'https://localhost:1/liste.xml',
      DRIMBOX_WHITELIST_CA_FILES: pki.exchangeCa,
      DRIMBOX_CRL_URLS: 'http://localhost:1/a.crl',
    });
    expect([code, stderr]).toEqual([1, expect.stringContaining('white')]);
    await drimbox(['audit', 'verify']);
    const dataSource = await database.open();
    const told = await dataSource.query<{ kind: string; facts: object }[]>(
      "SELECT kind, facts FROM audit_record WHERE kind IN ('whitelist.refused', 'audit.verified') ORDER BY id",
    );
    await dataSource.destroy();
    const asked = { by: 'command line', operator: userInfo().username, operatorHost: hostname() };
    expect(new Set(told.map(({ kind }) => kind))).toEqual(new Set(['whitelist.refused', 'audit.verified']));
    for (const { facts } of told) expect(facts).toMatchObject(asked);
  });

  it('names every fault of the configuration when a command cannot do without it', async () => {
    const { code, stdout, stderr } = await drimbox(['database', 'migrate'], {
      DRIMBOX_PSC_CLIENT_ID: '',
      DRIMBOX_DATABASE_POOL_SIZE: 'secret-by-mistake',
    });
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toContain('DRIMBOX_PSC_CLIENT_ID: missing');
    expect(stderr).toContain('DRIMBOX_DATABASE_POOL_SIZE: invalid');
    expect(stderr).not.toContain('secret-by-mistake');
  });
});
