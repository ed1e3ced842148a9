import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import type { Lab } from '../lab/lab';

const run = promisify(execFile);
const tool = resolve(__dirname, '../../../../shared/tools/measure/dimse.py');
const timeoutMs = 300_000;

/** What both stop-watches tell of one retrieval. */
export interface WatchedTimes {
  readonly firstMs: number;
  readonly totalMs: number;
  readonly instances: number;
  readonly megabytes: number;
}

/** The line that dimse.py writes. */
interface Told {
  readonly first_ms: number | null;
  readonly total_ms: number;
  readonly instances: number;
  readonly MB: number;
  readonly error?: string;
}

/** Why the independent stop-watch cannot run here; undefined when it can. */
export async function stopWatchIsAbsent(): Promise<string | undefined> {
  if (!existsSync(tool)) return 'its reference, ../shared/tools/measure/dimse.py, is absent';
  return run('python3', ['--version']).then(
    () => undefined,
    () => 'its reference needs python3',
  );
}

/** getscu, or movescu with storescp, around which dimse.py holds its watch; files are written in memory. */
export async function stopWatch(lab: Lab, method: 'move' | 'get'): Promise<WatchedTimes> {
  const { port, aeTitle, destinations } = await lab.pacs('quick');
  const { studyInstanceUid, seriesInstanceUid } = lab.study;
  const titles = ['--aet', 'BENCHDEST', '--aec', aeTitle, '--listen', String(destinations.dcmtk)];
  const words = [tool, method, String(port), studyInstanceUid, seriesInstanceUid, ...titles, '--nodelay'];
  const { stdout } = await run('python3', words, { timeout: timeoutMs });
  const told = JSON.parse(stdout) as Told;
  if (told.error || !told.first_ms) throw new Error(`dimse.py ${method}: ${told.error ?? 'too few instances'}`);
  return { firstMs: told.first_ms, totalMs: told.total_ms, instances: told.instances, megabytes: told.MB };
}
