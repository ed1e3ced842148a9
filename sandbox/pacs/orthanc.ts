import { ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { SandboxPacs, SandboxPacsOptions } from './sandbox-pacs.types';
import { freePort } from '../free-port';

const programs = ['/usr/sbin/Orthanc', '/usr/bin/Orthanc', '/usr/local/sbin/Orthanc'];
const plugins = [
  '/usr/share/orthanc/plugins/libOrthancDicomWeb.so',
  '/usr/local/share/orthanc/plugins/libOrthancDicomWeb.so',
];
const startLimitMs = 120_000;
const stopLimitMs = 10_000;

export const orthancProgram = (): string | undefined => programs.find((path) => existsSync(path));
export const orthancIsInstalled = (): boolean => orthancProgram() !== undefined;

function configuration(options: SandboxPacsOptions, ports: { dicom: number; http: number }, plugin?: string) {
  return {
    Name: 'PACS du bac à sable',
    StorageDirectory: join(options.dataDir, 'orthanc'),
    IndexDirectory: join(options.dataDir, 'orthanc'),
    HttpPort: ports.http,
    DicomPort: ports.dicom,
    DicomAet: options.aeTitle,
    DicomCheckCalledAet: false,
    RemoteAccessAllowed: false,
    AuthenticationEnabled: false,
    DicomAlwaysAllowEcho: true,
    DicomAlwaysAllowStore: true,
    DicomAlwaysAllowFind: true,
    DicomAlwaysAllowGet: true,
    DicomAlwaysAllowMove: true,
    DicomModalities: Object.fromEntries(
      options.peers.map(({ aet, host, port }) => [aet.toLowerCase(), [aet, host, port]]),
    ),
    SynchronousCMove: true,
    OverwriteInstances: true,
    SaveJobs: false,
    Plugins: [...(plugin ? [plugin] : []), ...(options.plugins ?? [])],
    DicomWeb: { Enable: true, Root: '/dicom-web/', Ssl: false },
  };
}

/** Starts Orthanc with its DICOMweb plugin; resolves when both of its ports answer. */
export async function startOrthanc(options: SandboxPacsOptions): Promise<SandboxPacs> {
  const program = orthancProgram();
  if (!program) throw new Error('Orthanc is not installed (Debian: apt-get install orthanc orthanc-dicomweb)');
  const ports = { dicom: options.port || (await freePort()), http: options.dicomwebPort || (await freePort()) };
  const plugin = plugins.find((path) => existsSync(path));
  mkdirSync(join(options.dataDir, 'orthanc'), { recursive: true });
  const file = join(options.dataDir, 'orthanc.json');
  writeFileSync(file, JSON.stringify(configuration(options, ports, plugin), undefined, 2));
  const env: NodeJS.ProcessEnv = { PATH: '/usr/bin:/bin', LANG: 'C.UTF-8' };
  // Read by the DICOM toolkit inside Orthanc: without it each object waits for a delayed acknowledgement.
  if (options.noDelay !== false) env.TCP_NODELAY = '1';
  const child = spawn(program, [file], { env, stdio: ['ignore', 'ignore', 'pipe'] });
  let lastWords = '';
  child.stderr.on('data', (text: Buffer) => (lastWords = (lastWords + text.toString()).slice(-2000)));
  const base = `http://127.0.0.1:${ports.http}`;
  try {
    await answering(child, base, ports.dicom);
  } catch (cause) {
    await stopChild(child);
    throw new Error(
      `Orthanc did not start: ${
        lastWords
          .split('\n')
          .filter((line) => /^[EF]/.test(line))
          .at(-1) ?? 'no answer'
      }`,
      { cause },
    );
  }
  return {
    kind: 'orthanc',
    host: '127.0.0.1',
    port: ports.dicom,
    aeTitle: options.aeTitle,
    dicomweb: plugin ? `${base}/dicom-web` : undefined,
    storeFiles: (files) => storeAll(base, files),
    stop: () => stopChild(child),
  };
}

async function answering(child: ChildProcess, base: string, dicomPort: number): Promise<void> {
  const deadline = Date.now() + startLimitMs;
  while (Date.now() < deadline) {
    if (child.exitCode !== null) throw new Error(`it ended with code ${child.exitCode}`);
    const http = await fetch(`${base}/system`).then(
      async (answer) => (await answer.arrayBuffer(), answer.ok),
      () => false,
    );
    if (http && (await accepts(dicomPort))) return;
    await pause(50);
  }
  throw new Error(`no answer within ${startLimitMs} ms`);
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => (socket.destroy(), resolve(true)));
    socket.once('error', () => resolve(false));
  });
}

async function storeAll(
  base: string,
  files: Iterable<string | Buffer> | AsyncIterable<string | Buffer>,
): Promise<number> {
  let stored = 0;
  for await (const file of files) {
    const body = typeof file === 'string' ? await readFile(file) : file;
    const answer = await fetch(`${base}/instances`, { method: 'POST', body: new Uint8Array(body) });
    await answer.arrayBuffer();
    if (!answer.ok) throw new Error(`Orthanc refused an object: ${answer.status}`);
    stored++;
  }
  return stored;
}

async function stopChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  const killer = setTimeout(() => child.kill('SIGKILL'), stopLimitMs);
  await ended;
  clearTimeout(killer);
}
