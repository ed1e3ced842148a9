import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { importsOf, root, sourceFiles } from './tree';

/** Rooms from the top down; an import may only go to its own floor's own room or to a lower floor. */
const floors: readonly (readonly string[])[] = [
  ['src/main', 'src/app.module', 'src/cli'],
  ['src/portal'],
  ['src/viewer'],
  ['src/source', 'src/consumer'],
  ['src/connectors'],
  ['src/audit'],
  ['src/standards', 'src/platform'],
];
const floorOf = (path: string) =>
  floors.findIndex((rooms) =>
    rooms.some((room) => path === room || path.startsWith(`${room}/`) || path.startsWith(`${room}.`)),
  );
const roomOf = (path: string) => path.split('/').slice(0, 2).join('/');

/** `src/connectors/pacs`: the folder whose index is the door for everybody outside. */
function doorOf(path: string): string | undefined {
  const parts = path.split('/');
  const door = parts.slice(0, 3).join('/');
  return parts.length > 3 && existsSync(join(root, door, 'index.ts')) ? door : undefined;
}

describe('imports', () => {
  const all = sourceFiles('src').flatMap((file) => importsOf(file).map((target) => ({ file, target })));

  it('go down, never up', () => {
    const up = all.filter(({ file, target }) => target.startsWith('src/') && floorOf(target) < floorOf(file));
    expect(up).toEqual([]);
  });

  it('do not cross between rooms of one floor', () => {
    const separate = ['src/source', 'src/consumer'];
    const crossing = all.filter(
      ({ file, target }) =>
        separate.includes(roomOf(file)) && separate.includes(roomOf(target)) && roomOf(file) !== roomOf(target),
    );
    expect(crossing).toEqual([]);
    const standardsToPlatform = all.filter(
      ({ file, target }) => file.startsWith('src/standards/') && target.startsWith('src/platform/'),
    );
    expect(standardsToPlatform).toEqual([]);
  });

  it('enter a room through its index', () => {
    const sideways = all.filter(({ file, target }) => {
      const door = doorOf(target);
      return door !== undefined && target !== door && target !== `${door}/index` && !file.startsWith(`${door}/`);
    });
    expect(sideways).toEqual([]);
  });

  it('never reach the sandbox from the product, nor the product from the sandbox', () => {
    const products = all.filter(
      ({ target }) => target.startsWith('sandbox/') || target.startsWith('test/') || target.startsWith('bench/'),
    );
    const sandbox = sourceFiles('sandbox').flatMap((file) => importsOf(file).map((target) => ({ file, target })));
    expect(products).toEqual([]);
    expect(sandbox.filter(({ target }) => target.startsWith('src/'))).toEqual([]);
  });
});
