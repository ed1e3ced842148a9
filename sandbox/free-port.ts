import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * Ports below those that the system gives to outgoing connections (Linux: from 32768 on): nobody takes one of these between the
 * choice and the use. They are shared out in blocks; a process claims one by a file that holds its number, so that what one of
 * them chose, and will open some seconds later, is not chosen by another one meanwhile.
 */
const range = { first: 10_240, blocks: 110, perBlock: 200 };
const folder = join(tmpdir(), 'drimbox-ports');
let next: number | undefined;
let block = 0;

/** A TCP port of this machine that is free now, and not given again soon. */
export async function freePort(): Promise<number> {
  if (next === undefined) [block, next] = [claimedBlock(), 0];
  for (let tries = 0; tries < range.perBlock; tries += 1) {
    const port = range.first + block * range.perBlock + next;
    next = (next + 1) % range.perBlock;
    const server = await tryToListen(port);
    if (!server) continue;
    await new Promise((resolve) => server.close(resolve));
    return port;
  }
  throw new Error('no free port');
}

const tryToListen = (port: number): Promise<Server | undefined> =>
  new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(undefined));
    server.listen(port, '127.0.0.1', () => resolve(server));
  });

/** The block of this process: one that it claimed before, else the first that nobody alive holds, from a place of its own. */
function claimedBlock(): number {
  mkdirSync(folder, { recursive: true, mode: 0o777 });
  const start = (process.pid * 37) % range.blocks;
  for (let tries = 0; tries < range.blocks; tries += 1) {
    const candidate = (start + tries) % range.blocks;
    if (claim(join(folder, String(candidate)))) return candidate;
  }
  return start;
}

function claim(file: string): boolean {
  const mine = String(process.pid);
  try {
    writeFileSync(file, mine, { flag: 'wx' });
    return true;
  } catch {
    const holder = holderOf(file);
    if (holder === mine) return true;
    if (holder === undefined || isAlive(Number(holder))) return false;
  }
  // Its process is gone. Whoever moves the file away may claim the block; the others find it gone or taken.
  const aside = `${file}.${mine}`;
  try {
    renameSync(file, aside);
    rmSync(aside);
    writeFileSync(file, mine, { flag: 'wx' });
    return true;
  } catch {
    return false;
  }
}

function holderOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
