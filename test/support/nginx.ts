import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { NginxProcess, runNginx } from '../../bench/references/nginx-process';

const streamModule = '/usr/lib/nginx/modules/ngx_stream_module.so';
const page = join(__dirname, '..', '..', 'docs', 'runbook', 'two-processes.md');

/** One address, and the two processes behind it. */
export interface Front {
  readonly port: number;
  readonly behind: readonly [number, number];
}

export type Nginx = NginxProcess;

/**
 * nginx with the very text of docs/runbook/two-processes.md: only addresses and ports are those of the test.
 * @param fronts by the name of their upstream
 */
export function startNginx(folder: string, fronts: Readonly<Record<string, Front>>): Promise<Nginx> {
  if (!existsSync(streamModule))
    return Promise.reject(new Error('nginx is missing (Debian packages nginx-light and libnginx-mod-stream)'));
  const [first] = Object.values(fronts);
  return runNginx(
    folder,
    `load_module ${streamModule};
{main}
events { worker_connections 1024; }
${recipeFor(fronts)}`,
    first?.port ?? 0,
  );
}

/** The recipe of the runbook, with addresses and ports of a test. @throws Error when it lacks one of these upstreams */
export function recipeFor(fronts: Readonly<Record<string, Front>>): string {
  let text = /```nginx\n([^]*?)```/.exec(readFileSync(page, 'utf8'))?.[1] ?? '';
  const put = (pattern: string, by: string): void => {
    const before = text;
    text = text.replace(new RegExp(pattern), by);
    if (text === before) throw new Error(`the configuration in the runbook has no ${pattern}`);
  };
  for (const [name, { port, behind }] of Object.entries(fronts)) {
    put(`(upstream ${name} [^}]*?)10\\.0\\.0\\.1:\\d+`, `$1127.0.0.1:${behind[0]}`);
    put(`(upstream ${name} [^}]*?)10\\.0\\.0\\.2:\\d+`, `$1127.0.0.1:${behind[1]}`);
    put(`listen \\d+;( +proxy_pass ${name};)`, `listen 127.0.0.1:${port};$1`);
  }
  return text;
}
