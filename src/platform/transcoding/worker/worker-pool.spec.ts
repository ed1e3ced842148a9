import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GatewayError } from '../../errors';
import { PoolSettings, WorkerPool } from './worker-pool';

/** A thread that does what `task.from` says, so that every way of failing is at hand. */
const actor = `
const { parentPort, threadId } = require('node:worker_threads');
parentPort.on('message', ({ id, task, parts, cancelled }) => {
  const answer = (more) => parentPort.postMessage({ id, spent: false, ...more });
  const echo = () => answer({ result: [Buffer.from(threadId + ':' + Buffer.concat(parts).toString())] });
  if (task.from === 'exit') process.exit(3);
  if (task.from === 'throw') throw new Error('burst');
  if (task.from === 'hang') for (;;);
  if (task.from === 'never') return;
  if (task.from === 'spent') return answer({ spent: true, result: [Buffer.from(String(threadId))] });
  if (task.from === 'until-cancelled') {
    while (Atomics.load(cancelled, 0) === 0) Atomics.wait(cancelled, 0, 0, 20);
    return answer({ reason: 'cancelled', detail: 'left' });
  }
  if (task.from.startsWith('reason:')) return answer({ reason: task.from.slice(7), detail: 'why' });
  if (task.from === 'slow') return setTimeout(echo, 100);
  echo();
});`;

const folder = mkdtempSync(join(tmpdir(), 'worker-pool-'));
const file = join(folder, 'actor.cjs');
writeFileSync(file, actor);
const pools: WorkerPool[] = [];
afterEach(() => Promise.all(pools.splice(0).map((pool) => pool.close())));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function poolOf(settings: Partial<PoolSettings> = {}): WorkerPool {
  const entry = { file, argv: [] };
  const pool = new WorkerPool({
    workers: 1,
    queueMax: 10,
    maxObjectBytes: 1000,
    jobTimeoutMs: 20_000,
    entry,
    ...settings,
  });
  pools.push(pool);
  return pool;
}

const send = (pool: WorkerPool, what: string, text = 'x', signal?: AbortSignal) =>
  pool.run({ kind: 'convert', from: what, to: '' }, [new Uint8Array(Buffer.from(text))], signal);
const said = async (pool: WorkerPool, what = 'echo', text = 'x') =>
  Buffer.from(((await send(pool, what, text)) as Uint8Array[])[0]).toString();
const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'no error',
    (error: unknown) => (error instanceof GatewayError ? error.code : (error as Error).name),
  );

describe('conversion threads', () => {
  it('answer each caller with its own bytes, in any number', async () => {
    const pool = poolOf({ workers: 2, queueMax: 100 });
    const texts = Array.from({ length: 40 }, (_, index) => `image ${index}`);
    const answers = await Promise.all(texts.map((text) => said(pool, 'echo', text)));
    expect(answers.map((answer) => answer.replace(/^\d+:/, ''))).toEqual(texts);
    expect(new Set(answers.map((answer) => answer.split(':')[0])).size).toBe(2);
    expect({ waiting: pool.waiting, busy: pool.busy }).toEqual({ waiting: 0, busy: 0 });
  });

  it.each(['exit', 'throw'])('are replaced when they die (%s): one job fails, the next ones do not', async (death) => {
    const pool = poolOf();
    const first = await said(pool);
    const dying = codeOf(send(pool, death));
    const after = Promise.all([said(pool), said(pool)]);
    expect(await dying).toBe('transcoding.worker-lost');
    const [second, third] = await after;
    expect(second).not.toBe(first);
    expect(third).toBe(second);
  });

  it.each(['hang', 'never'])('are replaced when they are overdue (%s)', async (how) => {
    const pool = poolOf({ jobTimeoutMs: 2_000 });
    const first = await said(pool);
    const [overdue, after] = [codeOf(send(pool, how)), said(pool)];
    expect(await overdue).toBe('transcoding.timed-out');
    expect(await after).not.toBe(first);
    expect(pool.busy).toBe(0);
  });

  it('are replaced when they ask for it, and their last answer counts', async () => {
    const pool = poolOf();
    const last = await said(pool, 'spent');
    expect(await said(pool)).not.toBe(`${last}:x`);
  });

  it('refuse what goes beyond the queue, and take work again afterwards', async () => {
    const pool = poolOf({ queueMax: 2 });
    const accepted = [send(pool, 'slow'), send(pool, 'echo'), send(pool, 'echo')];
    expect(await codeOf(send(pool, 'echo'))).toBe('transcoding.queue-full');
    await Promise.all(accepted);
    expect(await said(pool)).toMatch(/:x$/);
  });

  it('forget what waits when its caller leaves', async () => {
    const pool = poolOf();
    const leaving = new AbortController();
    const running = send(pool, 'slow');
    const waiting = codeOf(send(pool, 'exit', 'x', leaving.signal));
    leaving.abort();
    expect(await waiting).toBe('AbortError');
    expect(pool.waiting).toBe(0);
    await running;
    expect(await said(pool)).toMatch(/:x$/);
  });

  it('are told when the caller of the job under way leaves', async () => {
    const pool = poolOf();
    const leaving = new AbortController();
    const running = codeOf(send(pool, 'until-cancelled', 'x', leaving.signal));
    leaving.abort();
    expect(await running).toBe('AbortError');
    expect(await said(pool)).toMatch(/:x$/);
  });

  it('never see the job of a caller that has left before', async () => {
    const pool = poolOf();
    expect(await codeOf(send(pool, 'exit', 'x', AbortSignal.abort()))).toBe('AbortError');
    expect(pool.busy).toBe(0);
  });

  it('refuse everything once closed: waiting, under way, new', async () => {
    const pool = poolOf();
    const codes = [codeOf(send(pool, 'never')), codeOf(send(pool, 'echo'))];
    await pool.close();
    codes.push(codeOf(send(pool, 'echo')));
    expect(await Promise.all(codes)).toEqual(Array.from({ length: 3 }, () => 'transcoding.stopped'));
  });

  it('fail the one job whose memory has already been given away', async () => {
    const pool = poolOf();
    const part = new Uint8Array(Buffer.from('once'));
    const run = () => pool.run({ kind: 'convert', from: 'echo', to: '' }, [part]);
    await run();
    await codeOf(run());
    expect(await said(pool)).toMatch(/:x$/);
    expect(pool.busy).toBe(0);
  });
});

describe('reasons of the threads', () => {
  it.each([
    ['unsupported-transfer-syntax', 406],
    ['unsupported-pixel-format', 406],
    ['no-pixel-data', 406],
    ['object-too-large', 406],
    ['malformed-data-set', 502],
    ['truncated-data-set', 502],
    ['pixel-data-length-mismatch', 502],
    ['corrupt-code-stream', 502],
  ])('%s is told with status %i, a French sentence and its detail', async (reason, status) => {
    const error = await send(poolOf(), `reason:${reason}`).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(GatewayError);
    const { entry, detail } = error as GatewayError;
    expect(entry).toMatchObject({ code: `transcoding.${reason}`, status });
    expect(entry.screen).toMatch(/^(Cette image|La conversion) .*\.$/);
    expect(entry.caller).not.toMatch(/why|DRIMBOX/);
    expect(detail).toBe('why');
  });

  it.each([
    ['internal', 'transcoding.worker-lost', 500],
    ['cancelled', 'transcoding.stopped', 503],
  ])('%s becomes %s', async (reason, code, status) => {
    const error = await send(poolOf(), `reason:${reason}`).catch((thrown: unknown) => thrown);
    expect((error as GatewayError).entry).toMatchObject({ code, status });
  });
});
