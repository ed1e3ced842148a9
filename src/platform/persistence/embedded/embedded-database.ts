import { ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { lockFolder } from './folder-lock';

export interface EmbeddedDatabase {
  /** Address for `pg`; one connection at a time. */
  readonly url: string;
  stop(): Promise<void>;
}

function announcedPort(child: ChildProcess, startMsMax: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(
      () => reject(new Error(`the embedded database did not start within ${startMsMax} ms`)),
      startMsMax,
    );
    const settle = (act: () => void) => {
      clearTimeout(timer);
      act();
    };
    child.once('message', (message: { port?: number; error?: string }) =>
      settle(() =>
        message.port ? resolve(message.port) : reject(new Error(message.error ?? 'the embedded database cannot start')),
      ),
    );
    child.once('exit', (code) => settle(() => reject(new Error(`the embedded database ended at once (${code})`))));
  });
}

/** Starts PGlite in a child process; `folder` undefined keeps it in memory (tests). */
export async function startEmbeddedDatabase(
  folder: string | undefined,
  startMsMax = 60_000,
): Promise<EmbeddedDatabase> {
  const unlock = folder ? lockFolder(`${folder}.lock`) : () => undefined;
  const child = fork(join(__dirname, 'server.cjs'), folder ? [folder] : [], {
    execArgv: [],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  try {
    const port = await announcedPort(child, startMsMax);
    return {
      url: `postgres://postgres:postgres@127.0.0.1:${port}/postgres?sslmode=disable`,
      stop: async () => {
        if (child.exitCode === null && child.signalCode === null) {
          child.kill('SIGTERM');
          await once(child, 'exit');
        }
        unlock();
      },
    };
  } catch (error) {
    child.kill('SIGKILL');
    unlock();
    throw error;
  }
}
