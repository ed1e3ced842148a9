import { existsSync } from 'node:fs';
import { NginxProcess, runNginx } from '../../bench/references/nginx-process';

const streamModule = '/usr/lib/nginx/modules/ngx_stream_module.so';

/** One address, and the processes behind it. */
export interface Front {
  readonly port: number;
  readonly behind: readonly number[];
}

export type Nginx = NginxProcess;

/**
 * nginx as docs/runbook/two-processes.md sets it up: TCP passed through, so that TLS and client certificates end at the
 * gateways; a process that does not answer is left out for a second.
 */
export function startNginx(folder: string, fronts: readonly Front[]): Promise<Nginx> {
  if (!existsSync(streamModule))
    return Promise.reject(new Error('nginx is missing (Debian packages nginx-light and libnginx-mod-stream)'));
  const servers = fronts.map(
    ({ port, behind }) => `  upstream gateways_${port} {
    ${behind.map((one) => `server 127.0.0.1:${one} max_fails=1 fail_timeout=1s;`).join(' ')}
  }
  server { listen 127.0.0.1:${port}; proxy_pass gateways_${port}; proxy_connect_timeout 1s; proxy_next_upstream on; }`,
  );
  return runNginx(
    folder,
    `load_module ${streamModule};
{main}
events { worker_connections 1024; }
stream {
${servers.join('\n')}
}
`,
    fronts[0]?.port ?? 0,
  );
}
