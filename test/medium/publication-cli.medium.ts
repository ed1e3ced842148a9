import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { demoStudy, makeOru } from '../../sandbox/ris';
import { ManifestArchive } from '../../src/source/archive';
import { writeManifest } from '../../src/standards/manifest';
import { seedTrail, whileTrailRefuses } from '../support/audit-rows';
import { startPostgres, type TestDatabase } from '../support/database';
import { aManifest } from '../support/manifest/builders';
import { PublicationBench, type RunningGateway } from '../support/publication-bench';

/** The operator's tool beside a running gateway. Real: PostgreSQL, the tool as a process of its own. No PACS answers. */

const root = join(__dirname, '..', '..');
const run = promisify(execFile);
let bench: PublicationBench;
let database: TestDatabase;
let gateway: RunningGateway;
let settings: Record<string, string>;

beforeAll(async () => {
  [bench, database] = await Promise.all([PublicationBench.start(), startPostgres()]);
  settings = bench.settings(database, [], { DRIMBOX_PUBLICATION_IMAGES_HOURS_MAX: '0' });
  gateway = await bench.gateway(settings);
});
afterAll(async () => {
  await bench?.close();
  await database?.stop();
});

function command(words: readonly string[]) {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('DRIMBOX_'));
  const env = {
    ...Object.fromEntries(inherited),
    ...settings,
    DRIMBOX_PSC_ISSUER: 'https://localhost:1/psc',
    DRIMBOX_PSC_CLIENT_ID: 'test',
  };
  const args = ['-r', join(root, 'scripts', 'register-typescript.cjs'), join(root, 'src', 'cli', 'main.ts'), ...words];
  return { args, options: { env, cwd: root } };
}

async function drimbox(...words: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const { args, options } = command(words);
  try {
    return { code: 0, ...(await run(process.execPath, args, options)) };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { code, stdout, stderr };
  }
}

/** Lines of one kind in the trail. */
const told = (kind: string) =>
  gateway.dataSource.query<{ actor: object; facts: Record<string, unknown> }[]>(
    'SELECT actor, facts FROM audit_record WHERE kind = $1 ORDER BY id',
    [kind],
  );

it('lists, shows and retries publications while the gateway runs', async () => {
  await gateway.send(makeOru(demoStudy));
  const parked = await gateway.reach(demoStudy.studyInstanceUid, 'refused');
  expect(parked.reasonCode).toBe('publication.images-never-came');

  const listed = await drimbox('publications', 'list', '--state', 'refused,dead', '--json');
  expect(listed.code).toBe(0);
  expect(JSON.parse(listed.stdout)).toMatchObject({
    total: 1,
    items: [{ id: parked.id, state: 'refused', accessionNumbers: [demoStudy.accessionNumber] }],
  });
  const words = join(bench.dir, 'words');
  writeFileSync(words, `${demoStudy.patient.family}\n`);
  expect((await drimbox('publications', 'list', '--text', `@${words}`)).stdout).toContain('1 of 1 publication(s)\n');
  const [searched, ...more] = await told('publication.searched');
  expect([searched?.actor, more]).toEqual([{ peer: 'drimbox publications list' }, []]);
  expect(JSON.stringify(searched)).not.toContain(demoStudy.patient.family);

  const shown = await drimbox('publications', 'show', parked.id);
  expect(shown.stdout).toContain(`study ${demoStudy.studyInstanceUid}`);
  expect(shown.stdout).toMatch(/waiting-for-images {2}publication\.images-absent/);
  expect(shown.stdout).not.toContain(demoStudy.patient.family);

  expect(await drimbox('publications', 'retry', parked.id)).toMatchObject({
    code: 0,
    stdout: `${parked.id}  received\n`,
  });
  const again = await gateway.reach(demoStudy.studyInstanceUid, 'refused');
  const { history } = await gateway.queries.show(again.id);
  expect(history.map(({ to }) => to).filter((to) => to === 'received')).toHaveLength(2);
  expect(history.find(({ reasonCode }) => reasonCode === 'retried')?.actor).toBe('drimbox publications retry');
});

it.each([
  [['publications', 'show', '424242'], 'publication.unknown'],
  [['publications', 'retry', 'x; DROP TABLE publication'], 'publication.unknown'],
  [['publications', 'list', '--state', 'lost'], '--state is a list of received'],
  [['publications', 'list', '--from', 'yesterday'], '--from is not a date'],
  [['publications', 'show'], 'name one publication'],
  [['publications', 'list', '--text', 'nobody'], 'never written on a command line'],
])('%j ends with code 1 and one sentence', async (words, sentence) => {
  const { code, stderr, stdout } = await drimbox(...words);
  expect(code).toBe(1);
  expect(stderr).toContain(sentence);
  expect(stdout).toBe('');
});

describe('what an operator takes away or puts in stands in the trail first', () => {
  it('an export into a pipe that is closed at once', async () => {
    await seedTrail(gateway.dataSource, 30);
    const { args, options } = command(['audit', 'export', '--from', '2020-01-01']);
    const child = spawn(process.execPath, args, { ...options, stdio: ['ignore', 'pipe', 'ignore'] });
    child.stdout.destroy();
    const [code] = (await once(child, 'exit')) as [number];
    expect(code).toBe(1);
    const [exported, ...more] = await told('audit.exported');
    expect(more).toEqual([]);
    expect(exported?.facts).toMatchObject({ format: 'csv', from: '2020-01-01T00:00:00.000Z', by: 'command line' });
    expect(exported?.facts.lines).toBeGreaterThan(1_000);
  });

  it.each([
    ['audit.exported', ['audit', 'export']],
    ['statistics.exported', ['statistics', 'export', '--from', '2020-01-01', '--to', '2030-01-01']],
  ])('nothing leaves without %s', async (kind, words) => {
    const output = join(bench.dir, `${kind}.csv`);
    const refused = await whileTrailRefuses(gateway.dataSource, kind, () => drimbox(...words, '--output', output));
    expect([refused.code, existsSync(output), existsSync(`${output}.part`)]).toEqual([1, false, false]);
    const before = (await told(kind)).length;
    const done = await drimbox(...words, '--output', output);
    const [, lines] = /^(\d+) line\(s\) written/.exec(done.stdout) ?? [];
    expect((await told(kind)).slice(before)).toMatchObject([{ facts: { lines: Number(lines) } }]);
  });

  it('a manifest', async () => {
    const written = writeManifest(aManifest());
    if (!written.ok) throw new Error(written.reason);
    const file = join(bench.dir, 'ko.dcm');
    writeFileSync(file, written.bytes);
    const load = () => drimbox('manifest', 'import', file);
    const archive = gateway.app.get(ManifestArchive, { strict: false });
    const [study] = aManifest().studies;
    const refused = await whileTrailRefuses(gateway.dataSource, 'manifest.imported', load);
    expect([refused.code, await archive.current(study?.studyInstanceUid ?? '')]).toEqual([1, undefined]);
    expect(await load()).toMatchObject({ code: 0 });
    expect(await told('manifest.imported')).toHaveLength(1);
    expect(await archive.current(study?.studyInstanceUid ?? '')).toBeDefined();
  });
});
