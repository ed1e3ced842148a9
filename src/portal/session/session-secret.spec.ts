import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { sessionSecret } from './session-secret';

/** Each starts when all are there, and tells the secret that it got. */
const start = `
  const { parentPort, workerData } = require('node:worker_threads');
  require(workerData.typescript);
  const { sessionSecret } = require(workerData.module);
  const gate = new Int32Array(workerData.gate);
  Atomics.add(gate, 0, 1);
  while (Atomics.load(gate, 0) < workerData.count);
  parentPort.postMessage(sessionSecret(undefined, workerData.folder));
`;

describe('secret of the sessions', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'drimbox-secret-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('is made once, for its owner only, and kept', () => {
    const data = join(folder, 'data');
    const first = sessionSecret(undefined, data);
    expect(first).toHaveLength(43);
    expect(sessionSecret(undefined, data)).toBe(first);
    expect(readdirSync(data)).toEqual(['session-secret']);
    expect(statSync(join(data, 'session-secret')).mode & 0o777).toBe(0o600);
  });

  it('is the configured one', () => {
    const file = join(folder, 'mine');
    writeFileSync(file, ' configured \n');
    expect(sessionSecret(file, folder)).toBe('configured');
    expect(readdirSync(folder)).toEqual(['mine']);
  });

  it('is one and the same for those who start together', async () => {
    const count = 2;
    const gate = new SharedArrayBuffer(4);
    const typescript = join(process.cwd(), 'scripts/register-typescript.cjs');
    const workerData = { typescript, module: join(__dirname, 'session-secret.ts'), gate, count, folder };
    const secrets = await Promise.all(
      Array.from(
        { length: count },
        () =>
          new Promise((resolve, reject) =>
            new Worker(start, { eval: true, workerData }).on('message', resolve).on('error', reject),
          ),
      ),
    );
    expect(new Set(secrets).size).toBe(1);
    expect(readdirSync(folder)).toEqual(['session-secret']);
  });
});
