import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { projectFiles, read, root } from './tree';

/** Paths in backquotes that look like files of the project. */
const pointers = (text: string) =>
  [...text.matchAll(/`((?:src|test|docs|sandbox|bench|certs)\/[\w./-]+)`/g)].map((match) => match[1]);

const isTold = (file: string) =>
  (file.startsWith('docs/conformance/') && file.endsWith('.md')) || file === 'docs/security.md';

describe('conformance pages', () => {
  const pages = projectFiles().filter((file) => isTold(file));

  it.each(pages)('%s points only to files that exist', (page) => {
    expect(pointers(read(page)).filter((path) => !existsSync(join(root, path)))).toEqual([]);
  });

  it('names a test for every line that says "supported"', () => {
    const lines = pages.flatMap((page) =>
      read(page)
        .split('\n')
        .map((line) => ({ page, line })),
    );
    const silent = lines.filter(({ line }) => /\| supported[ |:]/.test(line) && pointers(line).length === 0);
    expect(silent).toEqual([]);
  });

  it('names a test for every threat (docs/security.md)', () => {
    const rows = read('docs/security.md')
      .split('\n')
      .filter((line) => line.startsWith('| ') && !/^\| (Threat|-)/.test(line));
    expect(rows.length).toBeGreaterThan(30);
    expect(rows.filter((row) => pointers(row).length === 0)).toEqual([]);
  });
});
