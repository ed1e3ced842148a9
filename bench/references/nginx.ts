import { ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import type { SandboxPki } from '../../sandbox/pki';
import { freePort } from '../../sandbox/free-port';

export interface Nginx {
  /** Base that passes through without buffering, and with it. */
  readonly direct: string;
  readonly buffered: string;
  readonly pid: number;
  stop(): Promise<void>;
}

const program = '/usr/sbin/nginx';

/** One worker before the PACS's DICOMweb, mutual TLS as the gateway has it: what a pass-through can reach here. */
export async function startNginx(folder: string, upstream: string, pki: SandboxPki): Promise<Nginx> {
  mkdirSync(folder, { recursive: true });
  const port = await freePort();
  const file = join(folder, 'nginx.conf');
  writeFileSync(file, configuration(folder, port, new URL(upstream), pki));
  const child = spawn(program, ['-p', folder, '-c', file], { stdio: 'ignore' });
  await Promise.race([listening(port), failed(child)]);
  const base = `https://localhost:${port}`;
  const path = new URL(upstream).pathname;
  return {
    direct: `${base}${path}`,
    buffered: `${base}/buffered${path}`,
    pid: child.pid ?? 0,
    stop: async () => {
      const gone = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGTERM');
      await gone;
    },
  };
}

function configuration(folder: string, port: number, upstream: URL, pki: SandboxPki): string {
  const { gateway } = pki.members;
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (kind) => `${kind}_temp_path ${join(folder, kind)};`,
  );
  return `daemon off; master_process off; pid ${join(folder, 'pid')}; error_log ${join(folder, 'error.log')} warn;
events { worker_connections 512; }
http {
  access_log off; tcp_nopush on; keepalive_requests 1000000; ${temporary.join(' ')}
  upstream pacs { server ${upstream.host}; keepalive 32; }
  server {
    listen 127.0.0.1:${port} ssl; server_name localhost; ssl_protocols TLSv1.2 TLSv1.3;
    ssl_certificate ${gateway.cert}; ssl_certificate_key ${gateway.key};
    ssl_client_certificate ${pki.exchangeCa}; ssl_verify_client on; ssl_verify_depth 4;
    proxy_http_version 1.1; proxy_set_header Connection ""; proxy_read_timeout 600s;
    location / { proxy_pass http://pacs; proxy_buffering off; }
    location /buffered/ {
      proxy_pass http://pacs/; proxy_buffering on; proxy_buffers 64 64k; proxy_max_temp_file_size 0;
    }
  }
}
`;
}

async function listening(port: number): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const isUp = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => (socket.destroy(), resolve(true)));
      socket.once('error', () => resolve(false));
    });
    if (isUp) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('nginx did not open its port within 5 s');
}

function failed(child: ChildProcess): Promise<never> {
  return new Promise((_resolve, reject) => {
    child.once('error', () => reject(new Error('nginx is not installed (Debian: apt-get install nginx)')));
    child.once('exit', (code) => reject(new Error(`nginx ended with ${code}`)));
  });
}
