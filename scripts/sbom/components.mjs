/** What the product ships, read from the lock file: packages that are not for development only, and the viewer's bundle. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Packages whose manifest says no licence, or says it in a word that SPDX does not know; `sentence` stands in the licence file
 * that they come with.
 */
const mit = { licence: 'MIT', sentence: 'Permission is hereby granted, free of charge' };
const told = {
  busboy: mit,
  streamsearch: mit,
  pause: mit,
  'passport-strategy': mit,
};
const otherWords = { Apache2: 'Apache-2.0' };

const nameOf = (path) => path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);

/** The text of a package's licence file; pause has it in its readme. */
export function licenceText(folder) {
  if (!existsSync(folder)) return undefined;
  const names = readdirSync(folder).sort();
  const file = names.find((name) => /^(un)?licen[sc]e/i.test(name)) ?? names.find((name) => /^readme/i.test(name));
  return file && readFileSync(join(folder, file), 'utf8').trim();
}

function licenceOf(root, path, entry) {
  const name = nameOf(path);
  if (typeof entry.license === 'string') return otherWords[entry.license] ?? entry.license;
  const known = told[name];
  if (!known) return 'unknown';
  const text = licenceText(join(root, path));
  return text === undefined || text.includes(known.sentence) ? known.licence : 'unknown';
}

/** Where Node finds `name` from a package: the nearest folder upward. */
function resolveFrom(packages, path, name) {
  for (let at = path; ; at = at.slice(0, Math.max(0, at.lastIndexOf('node_modules/')))) {
    const base = at === '' || at.endsWith('/') ? at : `${at}/`;
    const candidate = `${base}node_modules/${name}`;
    if (packages[candidate]) return candidate;
    if (at === '') return undefined;
    if (at.endsWith('/')) at = at.slice(0, -1);
  }
}

/** @returns components by their path in the lock file, sorted by it */
export function readComponents(lock, root) {
  const { packages } = lock;
  const shipped = Object.entries(packages).filter(([path, entry]) => path !== '' && !entry.dev && !entry.link);
  const paths = new Set(shipped.map(([path]) => path));
  return shipped
    .map(([path, entry]) => ({
      path,
      name: entry.name ?? nameOf(path),
      version: entry.version,
      licence: licenceOf(root, path, entry),
      integrity: entry.integrity,
      optional: Boolean(entry.optional),
      needs: Object.keys({ ...entry.dependencies, ...entry.optionalDependencies, ...entry.peerDependencies })
        .map((name) => resolveFrom(packages, path, name))
        .filter((found) => found !== undefined && paths.has(found)),
    }))
    .sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** The viewer's web files are OHIF's own build, laid beside the product by the build. */
export function viewerComponent(ohif) {
  const at = ohif.package.lastIndexOf('@');
  return {
    path: 'dist/viewer-web',
    name: ohif.package.slice(0, at),
    version: ohif.package.slice(at + 1),
    licence: 'MIT',
    integrity: ohif.integrity,
    optional: false,
    needs: [],
  };
}
