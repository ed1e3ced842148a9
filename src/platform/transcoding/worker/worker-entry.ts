import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';

export interface WorkerEntry {
  readonly file: string;
  readonly argv: string[];
}

/** The compiled worker beside this file; when running from sources (tests), the same worker compiled on the fly. */
export function workerEntry(): WorkerEntry {
  const compiled = join(__dirname, 'conversion.worker.js');
  if (existsSync(compiled)) return { file: compiled, argv: [] };
  const root = resolve(__dirname, '../../../..');
  return {
    file: join(root, 'test/support/typescript-worker.cjs'),
    argv: [join(__dirname, 'conversion.worker.ts')],
  };
}
