import { existsSync, readdirSync } from 'node:fs';
import { run } from './run.mjs';

/** Debian packages that the tests talk to, each with a file that shows it is there. */
export const testPackages = {
  orthanc: '/usr/sbin/Orthanc',
  'orthanc-dicomweb': '/usr/share/orthanc/plugins/libOrthancDicomWeb.so',
  dcmtk: '/usr/bin/dcmdump',
  'libgdcm-tools': '/usr/bin/gdcmconv',
  dicom3tools: '/usr/bin/dciodvfy',
  postgresql: '/usr/lib/postgresql',
  xmlsec1: '/usr/bin/xmlsec1',
  openssl: '/usr/bin/openssl',
  chromium: '/usr/bin/chromium',
  'nginx-light': '/usr/sbin/nginx',
  'libnginx-mod-stream': '/usr/lib/nginx/modules/ngx_stream_module.so',
  rsyslog: '/usr/sbin/rsyslogd',
  'rsyslog-gnutls': '/usr/lib/x86_64-linux-gnu/rsyslog/lmnsd_gtls.so',
  jing: '/usr/bin/jing',
  'testssl.sh': '/usr/bin/testssl',
  curl: '/usr/bin/curl',
  'fonts-dejavu-core': '/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf',
};

const present = (file) =>
  existsSync(file) &&
  (!file.endsWith('/postgresql') || readdirSync(file).some((v) => existsSync(`${file}/${v}/bin/initdb`)));

export const missingPackages = () => Object.keys(testPackages).filter((name) => !present(testPackages[name]));

/** Installs what is missing when this user may; otherwise names it. Resolves with what is still missing. */
export async function ensurePackages() {
  const missing = missingPackages();
  if (missing.length === 0 || process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) return missing;
  process.stdout.write(`installing Debian packages: ${missing.join(' ')}\n`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
  const quiet = { env, stdio: ['ignore', 'ignore', 'inherit'] };
  await run('apt-get', ['update', '-q'], quiet);
  await run('apt-get', ['install', '-y', '-q', '--no-install-recommends', ...missing], quiet);
  return missingPackages();
}
