import { getPriority, platform, setPriority } from 'node:os';
import { parentPort } from 'node:worker_threads';
import { tooManyDiscards } from '../codecs/discards';
import { ConversionError } from '../conversion-error';
import { convertDataset, ConversionLimits } from '../convert';
import { decodeOneFrame, renderFrame } from '../render';
import { Answer, Job, TaskResult } from './messages';
import { movable, ownBuffers } from './moving';

/** One thread of the pool: takes one job at a time, answers once, keeps the codecs loaded in between. */
async function perform(job: Job): Promise<TaskResult> {
  const parts = job.parts.map((part) => Buffer.from(part.buffer, part.byteOffset, part.byteLength));
  const data = parts.length === 1 ? parts[0] : Buffer.concat(parts);
  const limits: ConversionLimits = {
    maxObjectBytes: job.maxObjectBytes,
    cancelled: () => Atomics.load(job.cancelled, 0) !== 0,
  };
  switch (job.task.kind) {
    case 'convert':
      return ownBuffers(await convertDataset(data, job.task.from, job.task.to, limits));
    case 'decode':
      return decodeOneFrame(data, job.task.from, job.task.frame, limits);
    case 'render':
      return renderFrame(data, job.task.from, job.task.options, limits);
  }
}

function refusal(id: number, thrown: unknown): Answer {
  const spent = tooManyDiscards();
  if (thrown instanceof ConversionError) return { id, spent, reason: thrown.reason, detail: thrown.detail };
  const detail = thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : 'unknown';
  return { id, spent, reason: 'internal', detail };
}

/** Niceness of the conversion threads above that of the process. */
const politeness = 5;

/**
 * With as many threads as cores, the event loop would wait for its turn behind its own conversions. On Linux niceness belongs
 * to a thread (setpriority(2), "C library/kernel differences"); elsewhere it would slow the whole process, so it is left alone.
 */
function letTheEventLoopPass(): void {
  if (platform() !== 'linux') return;
  try {
    setPriority(Math.min(19, getPriority() + politeness));
  } catch {
    // A sandbox may forbid it: conversions then work as before.
  }
}

letTheEventLoopPass();
const port = parentPort;
port?.on('message', (job: Job) => {
  void perform(job)
    .then((result) =>
      port.postMessage({ id: job.id, spent: tooManyDiscards(), result } satisfies Answer, movable(result)),
    )
    .catch((thrown: unknown) => port.postMessage(refusal(job.id, thrown)));
});
