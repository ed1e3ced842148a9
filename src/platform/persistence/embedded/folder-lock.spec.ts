import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lockFolder } from './folder-lock';

describe('lock of a data folder', () => {
  const folder = mkdtempSync(join(tmpdir(), 'drimbox-lock-'));
  const file = join(folder, 'database.lock');
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  afterEach(() => rmSync(file, { force: true }));

  it('is taken and given back', () => {
    const unlock = lockFolder(file);
    expect(existsSync(file)).toBe(true);
    unlock();
    expect(existsSync(file)).toBe(false);
  });

  it('is refused while another process holds it', async () => {
    const holder = spawn('sleep', ['30']);
    writeFileSync(file, String(holder.pid));
    expect(() => lockFolder(file)).toThrow(`in use by process ${holder.pid}`);
    holder.kill();
    await new Promise((resolve) => holder.once('exit', resolve));
    lockFolder(file)();
  });

  it.each(['', 'garbage', '-1', '99999999'])('is taken over when what it names (%j) is no living process', (text) => {
    writeFileSync(file, text);
    lockFolder(file)();
  });
});
