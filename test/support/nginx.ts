import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';

const program = '/usr/sbin/nginx';
const streamModule = '/usr/lib/nginx/modules/ngx_stream_module.so';

/** One address, and the processes behind it. */
export interface Front {
  readonly port: number;
  readonly behind: readonly number[];
}

export interface Nginx {
  stop(): Promise<void>;
}

/**
 * nginx as docs/runbook/two-processes.md sets it up: TCP passed through, so that TLS and client certificates end at the
 * gateways; a process that does not answer is left out for a second.
 */
export async function startNginx(folder: string, fronts: readonly Front[]): Promise<Nginx> {
  if (!existsSync(program) || !existsSync(streamModule))
    throw new Error('nginx is missing (Debian packages nginx-light and libnginx-mod-stream)');
  mkdirSync(folder, { recursive: true });
  const servers = fronts.map(
    ({ port, behind }) => `  upstream gateways_${port} {
    ${behind.map((one) => `server 127.0.0.1:${one} max_fails=1 fail_timeout=1s;`).join(' ')}
  }
  server { listen 127.0.0.1:${port}; proxy_pass gateways_${port}; proxy_connect_timeout 1s; proxy_next_upstream on; }`,
  );
  const file = join(folder, 'nginx.conf');
  writeFileSync(
    file,
    `load_module ${streamModule};
daemon off; master_process off; pid ${join(folder, 'pid')}; error_log ${join(folder, 'error.log')} warn;
events { worker_connections 1024; }
stream {
${servers.join('\n')}
}
`,
  );
  const child = spawn(program, ['-p', folder, '-c', file], { stdio: 'ignore' });
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  await listening(fronts[0]?.port ?? 0);
  return {
    stop: async () => {
      child.kill('SIGTERM');
      await gone;
    },
  };
}

async function listening(port: number): Promise<void> {
  for (let attempt = 0; attempt < 1_200; attempt++) {
    const isUp = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => (socket.destroy(), resolve(true)));
      socket.once('error', () => resolve(false));
    });
    if (isUp) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('nginx did not open its port within 60 s');
}
