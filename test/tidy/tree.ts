import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';

export const root = resolve(__dirname, '../..');

/** Every file that git tracks or would track, relative to the project. */
export function projectFiles(): string[] {
  const listed = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 1e8,
  });
  return listed
    .split('\n')
    .filter((file) => file !== '' && existsSync(join(root, file)) && statSync(join(root, file)).isFile());
}

export const read = (file: string): string => readFileSync(join(root, file), 'utf8');

/** TypeScript of the product, without its specs. */
export function sourceFiles(...folders: string[]): string[] {
  return projectFiles().filter(
    (file) => folders.some((f) => file.startsWith(`${f}/`)) && file.endsWith('.ts') && !file.endsWith('.spec.ts'),
  );
}

/** Relative imports of a file, as paths from the project's root (a folder stands for its index). */
export function importsOf(file: string): string[] {
  const found = [...read(file).matchAll(/(?:from|import|require\()\s*['"](\.[^'"]+)['"]/g)].map((match) => match[1]);
  return found.map((target) => relative(root, resolve(root, dirname(file), target)).replaceAll('\\', '/'));
}
