import { readdirSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';

/** Every file below a folder of DICOM files, as [name relative to the folder, absolute path]; READMEs left out. */
export function dicomFilesBelow(folder: string, root = folder): [string, string][] {
  let names: string[];
  try {
    names = readdirSync(folder).sort();
  } catch {
    return [];
  }
  return names.flatMap((name) => {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) return dicomFilesBelow(path, root);
    return name.endsWith('.md') ? [] : [[relative(root, path), path] as [string, string]];
  });
}
