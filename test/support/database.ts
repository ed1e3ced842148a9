import { execFile, spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { DataSource, DataSourceOptions } from 'typeorm';
import { DatabaseAddress, dataSourceOptions, migrate, startEmbeddedDatabase } from '../../src/platform/persistence';
import { freePort } from '../../sandbox/free-port';

export { freePort };

const run = promisify(execFile);

export interface TestDatabase {
  readonly address: DatabaseAddress;
  /** Opens TypeORM on it, migrated. */
  open(entities?: NonNullable<DataSourceOptions['entities']>): Promise<DataSource>;
  /** Stops the server for good and removes its files. */
  stop(): Promise<void>;
  /** Real PostgreSQL only: stops it at once, or starts it again with the same data. */
  kill?(): Promise<void>;
  restart?(): Promise<void>;
}

/** Folder of the newest PostgreSQL programs (Debian). */
export function postgresBin(): string {
  const versions = existsSync('/usr/lib/postgresql') ? readdirSync('/usr/lib/postgresql').sort().reverse() : [];
  const found = versions
    .map((v) => join('/usr/lib/postgresql', v, 'bin'))
    .find((bin) => existsSync(join(bin, 'initdb')));
  if (!found) throw new Error('PostgreSQL is not installed (Debian package postgresql)');
  return found;
}

/** PostgreSQL refuses to run as root: then its own user runs it. */
function asServerUser(program: string, args: string[]): [string, string[]] {
  return process.getuid?.() === 0 ? ['runuser', ['-u', 'postgres', '--', program, ...args]] : [program, args];
}

function opener(address: DatabaseAddress): TestDatabase['open'] {
  return async (entities = []) => {
    const dataSource = await new DataSource(dataSourceOptions(address, entities)).initialize();
    await migrate(dataSource, address.embedded);
    return dataSource;
  };
}

/** A real PostgreSQL server of its own, in a temporary folder, on a free port of 127.0.0.1. */
export async function startPostgres(poolSize = 10): Promise<TestDatabase> {
  const bin = postgresBin();
  const folder = mkdtempSync(join(tmpdir(), 'drimbox-pg-'));
  if (process.getuid?.() === 0) await run('chown', ['postgres', folder]);
  chmodSync(folder, 0o700);
  const data = join(folder, 'data');
  await run(
    ...asServerUser(join(bin, 'initdb'), [
      '-D',
      data,
      '-U',
      'drimbox',
      '-A',
      'trust',
      '--no-sync',
      '-E',
      'UTF8',
      '--locale=C',
    ]),
    { cwd: '/' },
  );
  const port = await freePort();
  const ctl = (...args: string[]) => run(...asServerUser(join(bin, 'pg_ctl'), ['-D', data, ...args]), { cwd: '/' });
  const start = async () => {
    // pg_ctl -w keeps the pipes of execFile open through the server: its output goes nowhere.
    const [program, args] = asServerUser(join(bin, 'pg_ctl'), [
      '-D',
      data,
      '-w',
      '-l',
      join(folder, 'log'),
      '-o',
      `-p ${port} -h 127.0.0.1 -k ${folder} -c fsync=off`,
      'start',
    ]);
    const child = spawn(program, args, { stdio: 'ignore', cwd: '/' });
    const code = await new Promise((resolve) => child.once('exit', resolve));
    if (code !== 0) throw new Error(`PostgreSQL did not start (pg_ctl ended with ${String(code)})`);
  };
  await start();
  const stop = async () => {
    await ctl('-m', 'immediate', 'stop').catch(() => undefined);
    rmSync(folder, { recursive: true, force: true });
  };
  const address: DatabaseAddress = {
    url: `postgres://drimbox@127.0.0.1:${port}/postgres`,
    embedded: false,
    poolSize,
    stop,
  };
  return {
    address,
    open: opener(address),
    stop,
    kill: async () => void (await ctl('-m', 'immediate', 'stop')),
    restart: start,
  };
}

/** The embedded database, in memory or in a folder. */
export async function startEmbedded(folder?: string): Promise<TestDatabase> {
  const embedded = await startEmbeddedDatabase(folder);
  const address: DatabaseAddress = { url: embedded.url, embedded: true, poolSize: 1, stop: () => embedded.stop() };
  return { address, open: opener(address), stop: () => embedded.stop() };
}
