import { ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import type { SandboxPki } from '../../sandbox/pki';
import { freePort } from '../../sandbox/free-port';

/** OHIF before Orthanc, as a hospital would set it up without us. */
export interface OhifDirect {
  /** A page that loads the viewer's files early, as ours does, and does nothing else. */
  readonly lobby: string;
  /** Opens one study. */
  viewer(studyInstanceUid: string): string;
  stop(): Promise<void>;
}

/**
 * The same build of OHIF, with the settings that its own documentation gives for Orthanc, served by nginx over HTTPS with
 * compressed files, next to Orthanc's DICOMweb: no gateway, no second hospital, no check of any kind.
 */
export async function startOhifDirect(
  folder: string,
  viewerWeb: string,
  dicomweb: string,
  pki: SandboxPki,
): Promise<OhifDirect> {
  const stamp = readFileSync(join(viewerWeb, 'prepared.json'), 'utf8');
  const { fingerprint, soon } = JSON.parse(stamp) as { fingerprint: string; soon: string[] };
  const base = `/viewer/files-${fingerprint}/`;
  const root = join(folder, 'web');
  mkdirSync(join(root, 'viewer'), { recursive: true });
  symlinkSync(join(viewerWeb, 'files'), join(root, base.slice(0, -1)));
  const ours = readFileSync(join(viewerWeb, 'viewer.html'), 'utf8');
  const page = ours
    .replace(/\n *<script src="[^"]*viewer-(growth|french|requests)\.js"><\/script>/g, '')
    .replace(/src="[^"]*viewer-settings\.js"/, 'src="/settings.js"');
  writeFileSync(join(root, 'viewer', 'page.html'), page);
  writeFileSync(join(root, 'settings.js'), settings(base, new URL(dicomweb).pathname));
  const scripts = readdirSync(join(viewerWeb, 'files')).filter((name) =>
    ours.includes(`as="script" href="${base}${name}"`),
  );
  const kind = (name: string) => (name.endsWith('.js') ? 'script' : name.endsWith('.css') ? 'style' : 'fetch');
  const prefetches = [...scripts, ...soon].map(
    (name) => `<link rel="prefetch" as="${kind(name)}" href="${base}${name}">`,
  );
  writeFileSync(join(root, 'lobby.html'), `<!doctype html><title>lobby</title>${prefetches.join('')}`);
  const port = await freePort();
  const file = join(folder, 'nginx.conf');
  writeFileSync(file, configuration({ folder, root, port, dicomweb: new URL(dicomweb) }, pki));
  const child = spawn('/usr/sbin/nginx', ['-p', folder, '-c', file], { stdio: 'ignore' });
  await listening(child, port);
  const origin = `https://localhost:${port}`;
  return {
    lobby: `${origin}/lobby.html`,
    viewer: (studyInstanceUid) => `${origin}/viewer/basic?StudyInstanceUIDs=${studyInstanceUid}&lng=fr`,
    stop: async () => {
      const gone = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGTERM');
      await gone;
    },
  };
}

function settings(base: string, root: string): string {
  const configuration = {
    friendlyName: 'Orthanc',
    name: 'orthanc',
    qidoRoot: root,
    wadoRoot: root,
    wadoUriRoot: root,
    qidoSupportsIncludeField: false,
    supportsFuzzyMatching: true,
    supportsWildcard: true,
    imageRendering: 'wadors',
    thumbnailRendering: 'wadors',
    enableStudyLazyLoad: true,
    omitQuotationForMultipartRequest: true,
    bulkDataURI: { enabled: true, relativeResolution: 'studies' },
  };
  const config = {
    name: 'reference',
    routerBasename: '/viewer',
    extensions: [],
    modes: [],
    showStudyList: false,
    showLoadingIndicator: true,
    strictZSpacingForVolumeViewport: true,
    investigationalUseDialog: { option: 'never' },
    customizationService: [{ 'ohif.tours': { $set: [] } }],
    maxNumberOfWebWorkers: 3,
    maxNumRequests: { interaction: 100, thumbnail: 75, prefetch: 25 },
    studyPrefetcher: { enabled: false },
    defaultDataSourceName: 'orthanc',
    dataSources: [
      { namespace: '@ohif/extension-default.dataSourcesModule.dicomweb', sourceName: 'orthanc', configuration },
    ],
  };
  return `window.PUBLIC_URL = ${JSON.stringify(base)};
window.browserImportFunction = (name) => import(name);
window.config = ${JSON.stringify(config)};
`;
}

interface Plan {
  readonly folder: string;
  readonly root: string;
  readonly port: number;
  readonly dicomweb: URL;
}

function configuration({ folder, root, port, dicomweb }: Plan, { members }: SandboxPki): string {
  const { portal } = members;
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (kind) => `${kind}_temp_path ${join(folder, kind)};`,
  );
  return `daemon off; master_process off; user root; pid ${join(folder, 'pid')}; error_log ${join(folder, 'error.log')} warn;
events { worker_connections 512; }
http {
  access_log off; tcp_nopush on; keepalive_requests 1000000; ${temporary.join(' ')}
  types { text/html html; text/javascript js; text/css css; application/wasm wasm; font/woff2 woff2; image/svg+xml svg; }
  upstream pacs { server ${dicomweb.host}; keepalive 32; }
  server {
    listen 127.0.0.1:${port} ssl; server_name localhost; ssl_protocols TLSv1.2 TLSv1.3;
    ssl_certificate ${portal.cert}; ssl_certificate_key ${portal.key};
    root ${root}; gzip_static on;
    location = /viewer/basic { default_type text/html; try_files /viewer/page.html =404; }
    location /viewer/ { add_header Cache-Control "public, max-age=31536000, immutable"; }
    location ${dicomweb.pathname} {
      proxy_pass http://pacs; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $http_host;
      proxy_buffers 64 64k; proxy_max_temp_file_size 0; proxy_read_timeout 600s;
    }
  }
}
`;
}

async function listening(child: ChildProcess, port: number): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt++) {
    if (child.exitCode !== null) throw new Error(`nginx ended with ${child.exitCode}`);
    const isUp = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => (socket.destroy(), resolve(true)));
      socket.once('error', () => resolve(false));
    });
    if (isUp) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('nginx did not open its port within 5 s');
}
