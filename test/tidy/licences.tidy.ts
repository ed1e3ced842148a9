import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from './tree';

interface Bill {
  readonly components: readonly {
    readonly name: string;
    readonly version: string;
    readonly purl: string;
    readonly licenses: readonly object[];
    readonly hashes: readonly object[];
  }[];
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn: readonly string[] }[];
  readonly serialNumber: string;
}

interface Listed {
  readonly version?: string;
  readonly dependencies?: Readonly<Record<string, Listed>>;
}

/** The scripts are ES modules; what they export is asked for in a process of their own. */
function ask<T>(module: string, expression: string): T {
  const program = `const m = await import(${JSON.stringify(pathToFileURL(join(root, module)).href)});
    process.stdout.write(JSON.stringify(${expression}));`;
  const args = ['--input-type=module', '-e', program];
  return JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8', maxBuffer: 1e8 })) as T;
}

describe('what the product ships', () => {
  const { bill, refused } = ask<{ bill: Bill; refused: { name: string; licence: string }[] }>(
    'scripts/sbom.mjs',
    'm.billOfMaterials()',
  );

  it('has only licences of the list (scripts/sbom/licences.mjs)', () => {
    expect(refused).toEqual([]);
  });

  it('is all in the bill of materials, as npm itself counts it, with hash and licence, and the viewer', () => {
    const args = ['ls', '--all', '--omit=dev', '--json', '--package-lock-only'];
    const said = execFileSync('npm', args, { cwd: root, maxBuffer: 1e8, stdio: ['ignore', 'pipe', 'ignore'] });
    const byNpm = new Set<string>();
    const walk = ({ dependencies = {} }: Listed): void => {
      for (const [name, one] of Object.entries(dependencies)) {
        // A peer that need not be there is listed without a version.
        if (one.version) byNpm.add(`${name}@${one.version}`);
        walk(one);
      }
    };
    walk(JSON.parse(said.toString()) as Listed);
    const listed = bill.components.map(({ name, version }) => `${name}@${version}`);
    const viewer = listed.filter((one) => one.startsWith('@ohif/app@'));
    expect(viewer).toHaveLength(1);
    expect(listed.sort()).toEqual([...byNpm, ...viewer].sort());
    expect(bill.components.filter(({ licenses, hashes }) => licenses.length !== 1 || hashes.length !== 1)).toEqual([]);
  });

  it('names in its graph only what it lists, and reaches all of it', () => {
    const edges = new Map(bill.dependencies.map(({ ref, dependsOn }) => [ref, dependsOn]));
    const reached = new Set<string>();
    const visit = (ref: string): void => {
      if (reached.has(ref)) return;
      reached.add(ref);
      edges.get(ref)?.forEach(visit);
    };
    visit(bill.dependencies[0].ref);
    const listed = bill.components.map(({ purl }) => purl);
    expect([...reached].slice(1).sort()).toEqual([...listed].sort());
  });

  it('is the same each time', () => {
    const again = ask<string>('scripts/sbom.mjs', 'm.billOfMaterials().bill.serialNumber');
    expect(again).toBe(bill.serialNumber);
  });

  it.each([
    ['MIT', true],
    ['GPL-3.0-only', false],
    ['(BSD-3-Clause OR GPL-2.0)', true],
    ['(MIT AND GPL-2.0)', false],
    ['MIT AND GPL-2.0 OR ISC', true],
    ['ISC OR (MIT', false],
    ['Apache-2.0 WITH LLVM-exception', false],
    ['SEE LICENSE IN x', false],
    ['unknown', false],
    ['', false],
  ])('%j is allowed: %s', (expression, allowed) => {
    expect(ask('scripts/sbom/licences.mjs', `m.isAllowed(${JSON.stringify(expression)})`)).toBe(allowed);
  });
});
