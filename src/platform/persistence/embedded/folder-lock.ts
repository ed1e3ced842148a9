import { closeSync, mkdirSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/**
 * Takes a lock file that names this process; a lock left by a dead process is taken over. Two processes on one
 * embedded database would damage it, and PGlite itself does not prevent that.
 * @returns a function that gives the lock back
 * @throws Error when a living process holds the lock
 */
export function lockFolder(file: string): () => void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  for (let attempt = 0; attempt < 2; attempt++) {
    try {
      const handle = openSync(file, 'wx', 0o600);
      writeSync(handle, String(process.pid));
      closeSync(handle);
      return () => rmSync(file, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      const holder = Number(readFileSync(file, 'utf8'));
      if (holder !== process.pid && Number.isInteger(holder) && holder > 0 && isAlive(holder)) {
        throw new Error(`the data folder is in use by process ${holder}`, { cause: error });
      }
      rmSync(file, { force: true });
    }
  }
  throw new Error('the data folder lock cannot be taken');
}
