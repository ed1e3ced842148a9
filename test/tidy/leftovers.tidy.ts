import { statSync } from 'node:fs';
import { join } from 'node:path';
import { projectFiles, read, root, sourceFiles } from './tree';

const isText = (file: string) =>
  /\.(ts|js|mjs|cjs|json|md|hbs|css|html|ya?ml|sh|example)$/.test(file) || !file.includes('.');
const thisFile = 'test/tidy/leftovers.tidy.ts';

function linesMatching(files: string[], pattern: RegExp): string[] {
  return files.flatMap((file) =>
    read(file)
      .split('\n')
      .flatMap((line, index) => (pattern.test(line) ? [`${file}:${index + 1}: ${line.trim().slice(0, 100)}`] : [])),
  );
}

describe('the repository', () => {
  const files = projectFiles().filter((file) => file !== thisFile);
  const texts = files.filter((file) => isText(file) && file !== 'package-lock.json');
  const tests = texts.filter((file) => /\.(spec|tidy|medium|flow|browser)\.ts$/.test(file) || file.startsWith('test/'));
  const code = texts.filter((file) => /\.(ts|js|mjs|cjs)$/.test(file));

  it('reads the environment of the product in one place', () => {
    const reads = linesMatching(sourceFiles('src'), /process\.env\b/).filter(
      (line) => !line.startsWith('src/platform/config/environment.ts'),
    );
    expect(reads).toEqual([]);
  });

  it('holds no leftover marker, no focused or skipped test, no console', () => {
    expect(linesMatching(code, /\b(TODO|FIXME|XXX|HACK)\b/)).toEqual([]);
    // A skipped test fails `npm test`: what the machine lacks is told by a placeholder (test/support/shared-data.ts).
    const notRun =
      /\.(only|skip)\b|\.(todo|failing)\(|\[['"`](only|skip)['"`]\]|\b(xit|xtest|xdescribe|fit|fdescribe)[.(]/;
    expect(linesMatching(tests, notRun)).toEqual([]);
    expect(linesMatching(code, /\bconsole\.(log|error|warn|info|debug)\(/)).toEqual([]);
  });

  it('silences no checker', () => {
    expect(
      linesMatching(code, /@ts-(ignore|nocheck)|eslint-disable(?!-next-line @typescript-eslint\/[a-z-]+ -- \S)/),
    ).toEqual([]);
  });

  it('holds no private key', () => {
    const marker = new RegExp(['BEGIN', '(RSA |EC |ENCRYPTED )?PRIVATE KEY-----\\s*$'].join(' '));
    expect(linesMatching(texts, marker)).toEqual([]);
  });

  it('holds no large binary', () => {
    expect(files.filter((file) => statSync(join(root, file)).size > 1024 * 1024)).toEqual([]);
  });
});
