import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';

export interface NginxProcess {
  readonly pid: number;
  stop(): Promise<void>;
}

const program = '/usr/sbin/nginx';
/** A busy machine starts programs slowly. */
const startMsMax = 20_000;

/**
 * nginx of Debian in the foreground, as one process, everything it writes below the folder.
 * @param configuration what follows the main directives
 * @param port that it opens: resolves once it does
 */
export async function runNginx(folder: string, configuration: string, port: number): Promise<NginxProcess> {
  if (!existsSync(program)) throw new Error('nginx is not installed (Debian: apt-get install nginx-light)');
  mkdirSync(folder, { recursive: true });
  const file = join(folder, 'nginx.conf');
  const main = `daemon off; master_process off; pid ${join(folder, 'pid')}; error_log ${join(folder, 'error.log')} warn;`;
  writeFileSync(file, configuration.replace('{main}', main));
  const child = spawn(program, ['-p', folder, '-c', file], { stdio: 'ignore' });
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const failed = new Promise<never>((_resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`nginx ended with ${code}: see ${join(folder, 'error.log')}`)));
  });
  failed.catch(() => undefined);
  const stop = async () => {
    child.kill('SIGTERM');
    await gone;
  };
  try {
    await Promise.race([listening(port), failed]);
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  }
  return { pid: child.pid ?? 0, stop };
}

async function listening(port: number): Promise<void> {
  const end = Date.now() + startMsMax;
  while (Date.now() < end) {
    const isUp = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => (socket.destroy(), resolve(true)));
      socket.once('error', () => resolve(false));
    });
    if (isUp) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`nginx did not open its port within ${startMsMax / 1_000} s`);
}
