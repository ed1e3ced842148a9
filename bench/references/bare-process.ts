import { ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import type { SandboxPki } from '../../sandbox/pki';

export interface BareSettings {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
  /** DICOMweb base to pass through to. */
  readonly upstream: string;
  readonly pacs: { readonly host: string; readonly port: number; readonly aeTitle: string };
  /** Port of its own C-STORE SCP, AE title NODEDEST. */
  readonly dimsePort: number;
  readonly studyInstanceUid: string;
  readonly seriesInstanceUid: string;
}

export interface BareProcess {
  readonly pid: number;
  readonly url: string;
  stop(): Promise<void>;
}

/** Starts the bare Node reference in a process of its own, so that its CPU seconds can be told. */
export async function startBare(
  pki: SandboxPki,
  rest: Omit<BareSettings, 'ca' | 'cert' | 'key'>,
): Promise<BareProcess> {
  const { cert, key } = pki.members.gateway;
  const child = fork(join(__dirname, 'bare-main.js'), { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  const settings: BareSettings = { ca: pki.exchangeCa, cert, key, ...rest };
  child.send(settings);
  const port = await new Promise<number>((resolve, reject) => {
    child.once('message', (told) => resolve(Number(told)));
    child.once('exit', (code) => reject(new Error(`the bare reference ended with ${code}`)));
  });
  return { pid: child.pid ?? 0, url: `https://localhost:${port}`, stop: () => stop(child) };
}

async function stop(child: ChildProcess): Promise<void> {
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await gone;
}
