/** Writes what the product ships: dist/sbom.cdx.json (CycloneDX) and dist/licences.txt; fails when a licence is not allowed. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ohif } from './prepare-ohif.mjs';
import { licenceText, readComponents, viewerComponent } from './sbom/components.mjs';
import { cycloneDx } from './sbom/cyclonedx.mjs';
import { isAllowed } from './sbom/licences.mjs';

const root = new URL('..', import.meta.url).pathname;

export function billOfMaterials() {
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
  const own = lock.packages[''];
  const components = [...readComponents(lock, root), viewerComponent(ohif)];
  const directPaths = [...Object.keys(own.dependencies).map((name) => `node_modules/${name}`), 'dist/viewer-web'];
  const product = { name: own.name, version: own.version, licence: own.license };
  return {
    components,
    refused: components.filter(({ licence }) => !isAllowed(licence)),
    bill: cycloneDx({ product, components, directPaths }),
  };
}

/** Every package with its licence, then the texts, each once. */
function licenceList(components) {
  const rows = components.map(({ name, version, licence }) => `${name} ${version}: ${licence}`);
  const texts = new Map();
  for (const { path, name } of components) {
    const text = licenceText(join(root, path));
    if (text) texts.set(text, [...(texts.get(text) ?? []), name]);
  }
  const notices = [...texts].map(([text, names]) => `${'='.repeat(78)}\n${names.join(', ')}\n\n${text}\n`);
  return `${[...new Set(rows)].join('\n')}\n\n${notices.join('\n')}`;
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const { components, refused, bill } = billOfMaterials();
  mkdirSync(join(root, 'dist'), { recursive: true });
  writeFileSync(join(root, 'dist/sbom.cdx.json'), `${JSON.stringify(bill, null, 2)}\n`);
  writeFileSync(join(root, 'dist/licences.txt'), licenceList(components));
  process.stdout.write(`dist/sbom.cdx.json, dist/licences.txt: ${bill.components.length} components\n`);
  for (const { name, version, licence } of refused)
    process.stderr.write(
      `${name} ${version}: the licence ${licence} is not on the list of scripts/sbom/licences.mjs\n`,
    );
  process.exitCode = refused.length > 0 ? 1 : 0;
}
