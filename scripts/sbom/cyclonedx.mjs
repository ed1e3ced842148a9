import { createHash } from 'node:crypto';

/** `pkg:npm/%40scope/name@version` (package-url specification, npm). */
export const purlOf = ({ name, version }) => `pkg:npm/${name.replace('@', '%40')}@${encodeURIComponent(version)}`;

function hashesOf(integrity) {
  const [algorithm, base64] = (integrity ?? '').split('-');
  if (algorithm !== 'sha512') return [];
  return [{ alg: 'SHA-512', content: Buffer.from(base64, 'base64').toString('hex') }];
}

const licencesOf = (licence) =>
  /[\s()]/.test(licence)
    ? [{ expression: licence }]
    : [{ license: licence === 'unknown' ? { name: licence } : { id: licence } }];

/** A name-based identifier: the same product has the same bill, wherever it is written. */
function uuidOf(text) {
  const hex = createHash('sha256').update(text).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-5${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

/** The bill of materials (CycloneDX 1.5). Deterministic: no time, no random number. */
export function cycloneDx({ product, components, directPaths }) {
  const refs = new Map(components.map((one) => [one.path, purlOf(one)]));
  const own = purlOf(product);
  const byRef = new Map();
  for (const one of components) {
    const known = byRef.get(purlOf(one)) ?? { one, needs: new Set() };
    for (const path of one.needs) known.needs.add(refs.get(path));
    byRef.set(purlOf(one), known);
  }
  const sorted = [...byRef.entries()].sort(([a], [b]) => (a < b ? -1 : 1));
  const refsOf = (paths) => [...new Set(paths.map((path) => refs.get(path)))].filter(Boolean).sort();
  return {
    bomFormat: 'CycloneDX',
    specVersion: '1.5',
    serialNumber: `urn:uuid:${uuidOf(JSON.stringify([own, sorted.map(([ref, { one }]) => [ref, one.integrity])]))}`,
    version: 1,
    metadata: {
      component: {
        type: 'application',
        'bom-ref': own,
        name: product.name,
        version: product.version,
        purl: own,
        licenses: licencesOf(product.licence),
      },
    },
    components: sorted.map(([ref, { one }]) => ({
      type: 'library',
      'bom-ref': ref,
      name: one.name,
      version: one.version,
      purl: ref,
      scope: one.optional ? 'optional' : 'required',
      hashes: hashesOf(one.integrity),
      licenses: licencesOf(one.licence),
    })),
    dependencies: [
      { ref: own, dependsOn: refsOf(directPaths) },
      ...sorted.map(([ref, { needs }]) => ({ ref, dependsOn: [...needs].sort() })),
    ],
  };
}
