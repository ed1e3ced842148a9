/**
 * Lays the viewer's web files into dist/viewer-web: OHIF's own build as published on npm, pinned by its hash, slimmed, moved
 * below /viewer/, made smaller and compressed once. Does nothing when they are already there. Called by the build.
 */
import { createHash } from 'node:crypto';
import { execFile } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { pathToFileURL } from 'node:url';
import { compressFiles } from './prepare-ohif/compress.mjs';
import { rewriteFiles } from './prepare-ohif/rewrite.mjs';

const run = promisify(execFile);
const root = new URL('..', import.meta.url).pathname;
const own = new URL('prepare-ohif/', import.meta.url).pathname;

export const ohif = {
  package: '@ohif/app@3.13.2',
  integrity: 'sha512-WZdxmpmG7rqFgW9ZJLcbgr3XCtLi1KDNPoMaeY5PPe6j4G4fjEjjkycZM6C6Zk2F87BKxFfpq+jd5xXZB9E8EA==',
};

/** Changes with OHIF's version and with everything done to it: browsers may keep what lies below it for ever. */
function fingerprint() {
  const hash = createHash('sha256').update(ohif.integrity);
  for (const name of readdirSync(own).sort()) hash.update(name).update(readFileSync(join(own, name)));
  return hash.digest('hex').slice(0, 16);
}

function isPrepared(target, print) {
  const stamp = join(target, 'prepared.json');
  return existsSync(stamp) && JSON.parse(readFileSync(stamp, 'utf8')).fingerprint === print;
}

async function download(folder) {
  const args = ['pack', ohif.package, '--pack-destination', folder, '--silent'];
  try {
    await run('npm', args, { cwd: folder, timeout: 300_000 });
  } catch (error) {
    const reason = String(error.stderr ?? error.message ?? '')
      .trim()
      .split('\n')[0];
    throw new Error(`npm did not give ${ohif.package} (is the npm registry reachable?) ${reason}`.trim());
  }
  const file = readdirSync(folder).find((name) => name.endsWith('.tgz'));
  if (!file) throw new Error(`npm pack left no archive of ${ohif.package}`);
  const archive = join(folder, file);
  const integrity = `sha512-${createHash('sha512').update(readFileSync(archive)).digest('base64')}`;
  if (integrity !== ohif.integrity) throw new Error(`what npm gave for ${ohif.package} is not the pinned archive`);
  return archive;
}

/** @returns {Promise<'present' | 'prepared'>} */
export async function prepareOhif({ target = join(root, 'dist', 'viewer-web'), say = () => {} } = {}) {
  const print = fingerprint();
  if (isPrepared(target, print)) return 'present';
  say(`preparing the viewer (${ohif.package}), once`);
  const folder = mkdtempSync(join(tmpdir(), 'drimbox-ohif-'));
  try {
    const archive = await download(folder);
    await run('tar', [
      '-xzf',
      archive,
      '-C',
      folder,
      '--exclude=*/dist/ort',
      '--exclude=*/dist/dicom-microscopy-viewer',
    ]);
    const fresh = `${target}.${process.pid}`;
    rmSync(fresh, { recursive: true, force: true });
    mkdirSync(join(fresh, 'files'), { recursive: true });
    const license = readFileSync(join(folder, 'package', 'LICENSE'));
    writeFileSync(join(fresh, 'files', 'LICENSE.txt'), license);
    const source = join(folder, 'package', 'dist');
    const { workers, soon } = await rewriteFiles({ source, target: fresh, own, base: `/viewer/files-${print}/` });
    await compressFiles(join(fresh, 'files'));
    const stamp = { fingerprint: print, ohif: ohif.package, workers, soon };
    writeFileSync(join(fresh, 'prepared.json'), JSON.stringify(stamp));
    rmSync(target, { recursive: true, force: true });
    renameSync(fresh, target);
    return 'prepared';
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  prepareOhif({ say: (text) => process.stdout.write(`${text}\n`) }).catch((error) => {
    process.stderr.write(`The viewer was not prepared: ${error.message}\n`);
    process.exitCode = 1;
  });
}
