import 'reflect-metadata';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { configSlices } from '../../src/app.module';
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

  const rows = pages
    .filter((page) => page.startsWith('docs/conformance/'))
    .flatMap((page) =>
      read(page)
        .split('\n')
        .filter((line) => line.startsWith('| '))
        .map((line) => `${page}: ${line.replace(/ {2,}/g, ' ')}`),
    );

  const claims = rows.filter((row) => /\| (supported|partly)[ |:,;]/.test(row));

  it('name a test that exists for every line that says "supported" or "partly"', () => {
    expect(claims.length).toBeGreaterThan(100);
    const isTest = (path: string) =>
      /\.(spec|medium|flow|browser|tidy)\.ts$/.test(path) && existsSync(join(root, path));
    expect(claims.filter((row) => !pointers(row).some(isTest))).toEqual([]);
  });

  it('name for each of these lines the case that shows it; all words so given stand in its file', () => {
    const isShown = (row: string) => /\.ts` \([^)]+\)/.test(row);
    expect(claims.filter((row) => !isShown(row))).toEqual([]);
    const missing = rows.flatMap((row) =>
      [...row.matchAll(/`((?:src|test)\/[\w./-]+\.ts)` \(([^)]+)\)/g)].flatMap(([, path, words]) => {
        const cases = read(path).replaceAll("\\'", "'").toLowerCase();
        // What a table of cases fills in is left out (…).
        const parts = words.split(/[,;…]/).map((part) => part.trim().toLowerCase());
        return parts.filter((part) => !cases.includes(part)).map((part) => `${path}: ${part}`);
      }),
    );
    expect(missing).toEqual([]);
  });

  it('name settings that exist', () => {
    const settings = new Set(configSlices.flatMap((slice) => Object.values(slice.shape).map(({ name }) => name)));
    const wrong = pages.flatMap((page) =>
      [...read(page).matchAll(/\bDRIMBOX_[A-Z0-9_]*[A-Z0-9](_\*)?/g)].flatMap(([name, family]) => {
        const begins = family && name.slice(0, -1);
        const isKnown = begins ? [...settings].some((one) => one.startsWith(begins)) : settings.has(name);
        return isKnown ? [] : [`${page}: ${name}`];
      }),
    );
    expect(wrong).toEqual([]);
  });

  it('say of every uncertain line which setting changes it, or that there is no option', () => {
    const uncertain = rows.filter((row) => /\buncertain\b/i.test(row));
    expect(uncertain.length).toBeGreaterThan(5);
    expect(uncertain.filter((row) => !/`DRIMBOX_|\bno option\b/.test(row))).toEqual([]);
  });

  it('names a test for every threat (docs/security.md)', () => {
    const rows = read('docs/security.md')
      .split('\n')
      .filter((line) => line.startsWith('| ') && !/^\| (Threat|-)/.test(line));
    expect(rows.length).toBeGreaterThan(30);
    expect(rows.filter((row) => pointers(row).length === 0)).toEqual([]);
  });
});
