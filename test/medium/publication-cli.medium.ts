import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { demoStudy, makeOru } from '../../sandbox/ris';
import { startPostgres, type TestDatabase } from '../support/database';
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

async function drimbox(...words: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('DRIMBOX_'));
  const env = {
    ...Object.fromEntries(inherited),
    ...settings,
    DRIMBOX_PSC_ISSUER: 'https://localhost:1/psc',
    DRIMBOX_PSC_CLIENT_ID: 'test',
  };
  const args = ['-r', join(root, 'scripts', 'register-typescript.cjs'), join(root, 'src', 'cli', 'main.ts'), ...words];
  try {
    return { code: 0, ...(await run(process.execPath, args, { env, cwd: root })) };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { code, stdout, stderr };
  }
}

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
  expect((await drimbox('publications', 'list', '--text', 'nobody')).stdout).toBe('0 of 0 publication(s)\n');

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
])('%j ends with code 1 and one sentence', async (words, sentence) => {
  const { code, stderr, stdout } = await drimbox(...words);
  expect(code).toBe(1);
  expect(stderr).toContain(sentence);
  expect(stdout).toBe('');
});
