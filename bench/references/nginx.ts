import { join } from 'node:path';
import type { SandboxPki } from '../../sandbox/pki';
import { freePort } from '../../sandbox/free-port';
import { NginxProcess, runNginx } from './nginx-process';

export interface Nginx extends NginxProcess {
  /** Base that passes through without buffering, and with it. */
  readonly direct: string;
  readonly buffered: string;
}

/** One worker before the PACS's DICOMweb, mutual TLS as the gateway has it: what a pass-through can reach here. */
export async function startNginx(folder: string, upstream: string, pki: SandboxPki): Promise<Nginx> {
  const port = await freePort();
  const running = await runNginx(folder, configuration(folder, port, new URL(upstream), pki), port);
  const base = `https://localhost:${port}`;
  const path = new URL(upstream).pathname;
  return {
    direct: `${base}${path}`,
    buffered: `${base}/buffered${path}`,
    ...running,
  };
}

function configuration(folder: string, port: number, upstream: URL, pki: SandboxPki): string {
  const { gateway } = pki.members;
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (kind) => `${kind}_temp_path ${join(folder, kind)};`,
  );
  return `{main}
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
