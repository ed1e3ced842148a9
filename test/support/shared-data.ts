import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** Folder of the shared sample data: beside the project (see its README); tests that need it say so when it is absent. */
const sharedRoot = resolve(__dirname, '../../../shared');

/** Absolute path of a file of the shared material, for example `sharedPath('data/dicom/CT_small.dcm')`. */
export function sharedPath(...parts: string[]): string {
  return join(sharedRoot, ...parts);
}

export const sharedIsPresent = existsSync(join(sharedRoot, 'README.md'));

/** `describe` that becomes one visible placeholder when the shared material is absent (it is not part of the project). */
export function describeWithShared(name: string, body: () => void): void {
  if (sharedIsPresent) {
    describe(name, body);
    return;
  }
  describe(name, () => {
    it('needs ../shared, which is absent here: not run', () => {
      process.stderr.write(`${name}: ../shared is absent, its cases were not run\n`);
    });
  });
}
