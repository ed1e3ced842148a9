import { copyFileSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { extname, join } from 'node:path';

/** What we add to OHIF's page, as it is. */
const ownFiles = [
  'viewer-french.js',
  'viewer-requests.js',
  'viewer-growth.js',
  'viewer-readiness.js',
  'viewer-names.js',
  'viewer.css',
];

const rootPath = '__webpack_require__.p = "/"';

/** What OHIF's page loads and we replace, or never use: its page, sample settings, service worker, login helpers. */
const leftOut =
  /^(index\.html|app-config\.js|google\.js|init-service-worker\.js|sw\.js|oidc-client\.min\.js|polyfill\.min\.js|es6-shim\.min\.js|silent-refresh\.html|serve\.json|manifest\.json|_headers|_redirects|ohif-logo.*)$/;

/** Parts of OHIF that are loaded at start whether used or not; only those of the one mode we open stay. */
const startedForNothing = [
  'pluginImports_extensions.push("@ohif/extension-ultrasound-pleura-bline");',
  'pluginImports_modes.push("@ohif/mode-longitudinal");',
  'pluginImports_modes.push("@ohif/mode-segmentation");',
  'pluginImports_modes.push("@ohif/mode-tmtv");',
  'pluginImports_modes.push("@ohif/mode-microscopy");',
  'pluginImports_modes.push("@ohif/mode-preclinical-4d");',
  'pluginImports_modes.push("@ohif/mode-ultrasound-pleura-bline");',
];

/** Pieces that the viewer asks for one after the other: told at once, they travel side by side. */
const neededAtStart = ['app', '1673', '6938', '6489', '6495', '8478', '89', '7248'];

/** What decodes images: a worker and its small WebAssembly codecs, asked for when the first image is there. */
const decoder = '8097';
const codecBytesMax = 300_000;

/** Everything that a page shown before the viewer may fetch early, besides the pieces named by the viewer's own page. */
function soonNeeded(names, sizeOf) {
  const worker = names.find((name) => name.startsWith(`${decoder}.bundle.`) && name.endsWith('.js'));
  if (!worker) throw new Error(`OHIF's build has no piece ${decoder}`);
  const codecs = names.filter((name) => extname(name) === '.wasm' && sizeOf(name) <= codecBytesMax);
  return ['app.bundle.css', worker, ...codecs];
}

function removeOnce(text, piece, name) {
  const [before, after, ...more] = text.split(piece);
  if (after === undefined || more.length > 0) throw new Error(`${name} does not hold «${piece}» once`);
  return before + after;
}

/** Where OHIF's texts are ready and nothing is drawn yet: ours are added (`viewer-french.js`). */
const textsReady = '.A.addLocales = addLocales;';

function addTexts(text, name) {
  const [before, after, ...more] = text.split(textsReady);
  if (after === undefined || more.length > 0) throw new Error(`${name} does not hold «${textsReady}» once`);
  return `${before}${textsReady}\naddLocales(window.drimboxFrench ?? {});${after}`;
}

/** Words that OHIF and cornerstone write without asking their list of texts, and how often a build holds them at least. */
const fixedWords = [
  { english: /(["'] ?)FPS(["']\)\)\)\)\))/g, french: '$1img/s$2', least: 2 },
  { english: /`Area: (?=\$\{)/g, french: '`Surface : ', least: 4 },
  { english: /`Mean: (?=\$\{)/g, french: '`Moyenne : ', least: 3 },
  { english: /`(Max|Min): (?=\$\{)/g, french: '`$1 : ', least: 4 },
  { english: /`Std Dev: (?=\$\{)/g, french: '`Écart type : ', least: 3 },
  { english: /`Area: Oblique not supported`/g, french: '`Surface : non mesurée (coupe oblique)`', least: 3 },
  { english: /`Radius: Oblique not supported`/g, french: '`Rayon : non mesuré (coupe oblique)`', least: 1 },
  { english: /`Radius: (?=\$\{)/g, french: '`Rayon : ', least: 1 },
  { english: /`Perimeter: (?=\$\{)/g, french: '`Périmètre : ', least: 1 },
];

function translateWords(text, seen) {
  return fixedWords.reduce((so, { english, french }, word) => {
    seen[word] += so.match(english)?.length ?? 0;
    return so.replaceAll(english, french);
  }, text);
}

/** Comments and white space go, names stay, nothing is reordered: a third of the bytes to read at each start. */
function minifier() {
  try {
    const swc = createRequire(import.meta.url)('@swc/core');
    const mangle = { keep_classnames: true, keep_fnames: true };
    return (text) => swc.minifySync(text, { compress: false, mangle, module: false, format: { comments: false } }).code;
  } catch {
    return (text) => text;
  }
}

function rewriteScript(name, text, base) {
  let script = text.replaceAll(rootPath, `__webpack_require__.p = ${JSON.stringify(base)}`);
  if (!name.startsWith('app.bundle')) return script;
  for (const piece of startedForNothing) script = removeOnce(script, piece, name);
  return addTexts(script, name);
}

function page(template, names, base) {
  const file = (start) => names.find((name) => name.startsWith(`${start}.bundle.`) && name.endsWith('.js'));
  const preloads = neededAtStart.map((start) => {
    const name = file(start);
    if (!name) throw new Error(`OHIF's build has no piece ${start}`);
    return `    <link rel="preload" as="script" href="${base}${name}" />`;
  });
  return template
    .replaceAll('{{base}}', base)
    .replace('{{preloads}}', preloads.join('\n'))
    .replace('{{app}}', file('app'));
}

/**
 * Writes `files/` (everything public) and `viewer.html` (given to sessions with a grant only).
 * @returns `workers`: names of the scripts that run as workers (they begin a program of their own, as the application does);
 * `soon`: files that a page shown before the viewer may fetch
 */
export async function rewriteFiles({ source, target, own, base }) {
  const minify = minifier();
  const names = readdirSync(source, { withFileTypes: true })
    .filter((entry) => entry.isFile() && !leftOut.test(entry.name))
    .map((entry) => entry.name);
  const workers = [];
  const seen = fixedWords.map(() => 0);
  let moved = 0;
  for (const name of names) {
    const from = join(source, name);
    const to = join(target, 'files', name);
    if (extname(name) === '.js') {
      const text = readFileSync(from, 'utf8');
      if (text.includes(rootPath)) moved++;
      if (text.includes(rootPath) && !name.startsWith('app.')) workers.push(name);
      writeFileSync(to, minify(translateWords(rewriteScript(name, text, base), seen)));
    } else if (extname(name) === '.css') {
      writeFileSync(to, readFileSync(from, 'utf8').replaceAll('url(/', `url(${base}`));
    } else {
      copyFileSync(from, to);
    }
  }
  if (moved < 5) throw new Error('the place where OHIF says its root path was not found');
  for (const [word, { english, least }] of fixedWords.entries())
    if (seen[word] < least) throw new Error(`OHIF's build holds ${english.source} ${seen[word]} times`);
  const settings = readFileSync(join(own, 'viewer-settings.js'), 'utf8').replaceAll('{{base}}', base);
  writeFileSync(join(target, 'files', 'viewer-settings.js'), settings);
  for (const name of ownFiles) copyFileSync(join(own, name), join(target, 'files', name));
  writeFileSync(join(target, 'viewer.html'), page(readFileSync(join(own, 'viewer.html'), 'utf8'), names, base));
  const soon = soonNeeded(names, (name) => statSync(join(source, name)).size);
  return { workers, soon };
}
