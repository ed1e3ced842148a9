import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { freePort } from './free-port';

const root = join(__dirname, '..');

/** Ports that another process chose, all of it alive at the same time as this one. */
function chosenElsewhere(count: number): number[] {
  const program = `
    const { freePort } = require('./sandbox/free-port');
    (async () => {
      const ports = [];
      for (let i = 0; i < ${count}; i++) ports.push(await freePort());
      process.stdout.write(JSON.stringify(ports));
    })();`;
  const register = join(root, 'scripts', 'register-typescript.cjs');
  const { stdout, stderr } = spawnSync(process.execPath, ['-r', register, '-e', program], {
    cwd: root,
    encoding: 'utf8',
  });
  expect(stderr).toBe('');
  return JSON.parse(stdout) as number[];
}

describe('free ports', () => {
  it('are below those of outgoing connections, and each is given once', async () => {
    const ports: number[] = [];
    for (let count = 0; count < 60; count++) ports.push(await freePort());
    expect(new Set(ports).size).toBe(ports.length);
    expect(ports.every((port) => port > 1_024 && port < 32_768)).toBe(true);
  });

  it('of one process are not those of another, although none of them is open yet', async () => {
    const mine: number[] = [];
    for (let count = 0; count < 30; count++) mine.push(await freePort());
    const others = chosenElsewhere(60);
    expect(others).toHaveLength(60);
    expect(others.filter((port) => mine.includes(port))).toEqual([]);
  });
});
