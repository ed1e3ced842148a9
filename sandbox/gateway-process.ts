import { ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { basename, join } from 'node:path';

/** Compiled sandbox: dist/sandbox, with the gateway beside it. Run from its sources by a test: the gateway last built. */
const built = basename(join(__dirname, '..')) === 'dist' ? join(__dirname, '..') : join(__dirname, '..', 'dist');
const gatewayMain = join(built, 'src', 'main.js');
const operatorTool = join(built, 'src', 'cli', 'main.js');

export interface GatewayProcess {
  readonly child: ChildProcess;
  /** Ends it as an operator would (SIGTERM); resolves when it is gone. */
  stop(): Promise<void>;
}

function childEnvironment(settings: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('DRIMBOX_'));
  return { ...Object.fromEntries(inherited), ...settings };
}

/**
 * Starts the real gateway with these settings; resolves when it says that it is up.
 * @throws Error with the gateway's own words when it ends before
 */
export async function startGateway(
  settings: Readonly<Record<string, string>>,
  logFile: string,
): Promise<GatewayProcess> {
  const child = spawn(process.execPath, [gatewayMain], {
    env: childEnvironment(settings),
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  const log = createWriteStream(logFile, { flags: 'a' });
  let said = '';
  child.stdout?.pipe(log, { end: false });
  child.stderr?.on('data', (chunk: Buffer) => {
    said = (said + chunk.toString()).slice(-4_000);
    log.write(chunk);
  });
  child.once('exit', () => log.end());
  await new Promise<void>((resolve, reject) => {
    child.once('message', () => resolve());
    child.once('exit', (code) => setImmediate(() => reject(new Error(said.trim() || `the gateway ended (${code})`))));
    child.once('error', reject);
  });
  const stop = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), 60_000);
    await gone;
    clearTimeout(timer);
  };
  return { child, stop };
}

/** Runs one command of the operator's tool; resolves with what it printed. */
export async function runOperatorTool(settings: Readonly<Record<string, string>>, ...words: string[]): Promise<string> {
  const child = spawn(process.execPath, [operatorTool, ...words], {
    env: childEnvironment(settings),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let printed = '';
  let complaint = '';
  child.stdout.on('data', (chunk: Buffer) => (printed += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (complaint += chunk.toString()));
  const [code] = (await once(child, 'exit')) as [number | null];
  if (code !== 0) throw new Error(`drimbox ${words[0]}: ${complaint.trim()}`);
  return printed;
}
