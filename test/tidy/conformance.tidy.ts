import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { projectFiles, read, root } from './tree';

/** Paths in backquotes that look like files of the project. */
const pointers = (text: string) =>
  [...text.matchAll(/`((?:src|test|docs|sandbox|bench|certs)\/[\w./-]+)`/g)].map((match) => match[1]);

describe('conformance pages', () => {
  const pages = projectFiles().filter((file) => file.startsWith('docs/conformance/') && file.endsWith('.md'));

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
});
