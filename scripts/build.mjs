/** Compiles to dist/ and lays the files that are not TypeScript beside it. `--quiet` says nothing when all is well. */
import { cpSync, existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { runTool } from './lib/run.mjs';
import { prepareOhif } from './prepare-ohif.mjs';

const quiet = process.argv.includes('--quiet');
const root = new URL('..', import.meta.url).pathname;

/** What the compiler leaves behind: plain JavaScript children, screens, style, texts. */
const assetEndings = ['.cjs', '.hbs', '.css', '.svg', '.ico', '.woff2', '.html', '.rng'];
const isAsset = (path) => assetEndings.some((ending) => path.endsWith(ending)) || path.includes('/web/');

function copyAssets(folder) {
  for (const name of readdirSync(join(root, folder))) {
    const path = join(folder, name);
    if (statSync(join(root, path)).isDirectory()) copyAssets(path);
    else if (isAsset(path) && !path.endsWith('.ts')) cpSync(join(root, path), join(root, 'dist', path));
  }
}

const code = await runTool('typescript/bin/tsc', ['-p', join(root, 'tsconfig.build.json')]);
if (code !== 0) {
  process.stderr.write('The build failed: the compiler found the errors above.\n');
  process.exit(code);
}
for (const folder of ['src', 'sandbox', 'bench', 'scripts']) if (existsSync(join(root, folder))) copyAssets(folder);
// The portal shows the runbook's pages beside what they are about.
cpSync(join(root, 'docs/runbook'), join(root, 'dist/src/portal/web/runbook'), { recursive: true });
try {
  await prepareOhif({ say: (text) => process.stdout.write(`${text}\n`) });
} catch (error) {
  process.stderr.write(`The viewer was not prepared: ${error.message}. The gateway works without it.\n`);
}
if (!quiet) process.stdout.write('built into dist/\n');
