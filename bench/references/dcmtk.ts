import { ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BenchPacs } from '../lab/lab';

/** A stock Orthanc needs some 65 s for the reference series; beyond this it is stuck. */
const timeoutMs = 150_000;

export interface DimseTimes {
  readonly firstInstanceMs: number;
  readonly totalMs: number;
  readonly instances: number;
}

export interface DcmtkRequest {
  readonly pacs: BenchPacs;
  readonly studyInstanceUid: string;
  readonly seriesInstanceUid: string;
  /** TCP_NODELAY=1 for its programs; the PACS decides for itself. */
  readonly noDelay: boolean;
  /** Size of the smallest file: one that has come so far is whole, but for what is still in the writer's buffer. */
  readonly leastBytes: number;
}

/** Buffer of a program that writes a file. */
const writerBufferBytes = 8_192;

export function dcmtkIsInstalled(): boolean {
  try {
    execFileSync('movescu', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** A C-MOVE of the series by dcmtk: movescu asks, storescp receives in memory. */
export async function dcmtkMove(request: DcmtkRequest): Promise<DimseTimes> {
  const { pacs, noDelay } = request;
  const folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'bench-dcmtk-'));
  const { TCP_NODELAY: _inherited, ...environment } = process.env;
  const env = noDelay ? { ...environment, TCP_NODELAY: '1' } : environment;
  const receiver = spawn(
    'storescp',
    ['--fork', '-aet', 'BENCHDEST', '+B', '+xt', '-od', folder, String(pacs.destinations.dcmtk)],
    { cwd: folder, env, stdio: 'ignore' },
  );
  try {
    await new Promise((resolve) => setTimeout(resolve, 500));
    const startedMs = performance.now();
    const mover = spawn('movescu', words(request), { cwd: folder, env, stdio: 'ignore' });
    let firstInstanceMs = 0;
    const watch = setInterval(() => {
      const [first] = readdirSync(folder);
      if (!first || sizeOf(join(folder, first)) < request.leastBytes - writerBufferBytes) return;
      firstInstanceMs = performance.now() - startedMs;
      clearInterval(watch);
    }, 2);
    await ended(mover);
    clearInterval(watch);
    return { firstInstanceMs, totalMs: performance.now() - startedMs, instances: readdirSync(folder).length };
  } finally {
    receiver.kill();
    rmSync(folder, { recursive: true, force: true });
  }
}

function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}

function words({ pacs, studyInstanceUid, seriesInstanceUid }: DcmtkRequest): string[] {
  const keys = [
    'QueryRetrieveLevel=SERIES',
    `StudyInstanceUID=${studyInstanceUid}`,
    `SeriesInstanceUID=${seriesInstanceUid}`,
  ];
  const titles = ['-S', '-aet', 'BENCHDEST', '-aec', pacs.aeTitle, '-aem', 'BENCHDEST'];
  return [...titles, ...keys.flatMap((key) => ['-k', key]), pacs.host, String(pacs.port)];
}

async function ended(child: ChildProcess): Promise<void> {
  const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
  const code = await new Promise<number | null>((resolve, reject) => child.once('exit', resolve).once('error', reject));
  clearTimeout(timer);
  if (code !== 0) throw new Error(`movescu ended with ${code ?? 'a signal'}`);
}
