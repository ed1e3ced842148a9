import type { InstanceToStore, Pacs, StoreOutcome } from '../../connectors/pacs';
import { GatewayError } from '../../platform/errors';
import { DicomRefusal } from '../../standards/dicom';
import type { OpenedExam } from '../retrieval';
import { reconcileIdentity, Reconciliation } from './reconcile-identity';
import { transferErrors } from './transfer.errors';
import type { ObjectOutcome } from './transfer.repository';

const batchObjectsMax = 16;
const batchBytesMax = 96 * 1024 * 1024;
const transferParallel = 4;

export interface ImportRun {
  readonly exam: OpenedExam;
  readonly pacs: Pacs;
  readonly rules: Reconciliation;
  /** In the order in which they are wanted; a few are awaited at once. */
  readonly sopInstanceUids: readonly string[];
  /** What became of some objects: to be durable before more are sent. */
  readonly note: (outcomes: readonly ObjectOutcome[]) => Promise<void>;
}

export interface ImportTally {
  readonly stored: number;
  readonly failed: number;
  readonly bytes: number;
  /** The first failure met. */
  readonly failure?: GatewayError;
}

interface Ready {
  readonly instance: InstanceToStore;
  readonly bytes: number;
}

/**
 * Sends objects to the PACS as they arrive, in small batches. An object that does not come, or is refused, does not stop the
 * others; a PACS that cannot be reached does.
 */
export async function runImport(run: ImportRun, signal: AbortSignal): Promise<ImportTally> {
  const tally = { stored: 0, failed: 0, bytes: 0, failure: undefined as GatewayError | undefined };
  const fail = async (sopInstanceUid: string, error: GatewayError, status?: number): Promise<void> => {
    tally.failed += 1;
    tally.failure ??= error;
    await run.note([{ sopInstanceUid, result: 'failed', errorCode: error.code, status }]);
  };
  let batch: Ready[] = [];
  const send = async (): Promise<void> => {
    const sent = batch;
    batch = [];
    if (sent.length === 0) return;
    const outcomes = await run.pacs.store(
      sent.map(({ instance }) => instance),
      signal,
    );
    await noteStored(outcomes, run, tally, fail);
    tally.bytes += sent.reduce((sum, { bytes }) => sum + bytes, 0);
  };
  for await (const arrived of inTurn(run, signal)) {
    if ('error' in arrived) await fail(arrived.uid, arrived.error);
    else batch.push(arrived.ready);
    const bytes = batch.reduce((sum, each) => sum + each.bytes, 0);
    if (batch.length >= batchObjectsMax || bytes >= batchBytesMax) await send();
  }
  await send();
  return tally;
}

async function noteStored(
  outcomes: readonly StoreOutcome[],
  run: ImportRun,
  tally: { stored: number },
  fail: (uid: string, error: GatewayError, status?: number) => Promise<void>,
): Promise<void> {
  const stored = outcomes.filter((outcome) => outcome.stored);
  tally.stored += stored.length;
  await run.note(stored.map(({ sopInstanceUid, status }) => ({ sopInstanceUid, result: 'stored', status })));
  for (const { sopInstanceUid, status } of outcomes.filter((outcome) => !outcome.stored)) {
    const detail = `status ${status.toString(16).padStart(4, '0')}`;
    await fail(sopInstanceUid, new GatewayError(transferErrors.notStored, { detail }), status);
  }
}

type Arrived = { readonly ready: Ready } | { readonly uid: string; readonly error: GatewayError };

/** The objects in their order, a few of them awaited ahead. */
async function* inTurn(run: ImportRun, signal: AbortSignal): AsyncGenerator<Arrived> {
  const waiting = [...run.sopInstanceUids];
  const ahead: Promise<Arrived>[] = [];
  for (;;) {
    while (ahead.length < transferParallel && waiting.length > 0)
      ahead.push(arrivalOf(run, waiting.shift() ?? '', signal));
    const next = ahead.shift();
    if (!next) return;
    yield await next;
    signal.throwIfAborted();
  }
}

async function arrivalOf(run: ImportRun, uid: string, signal: AbortSignal): Promise<Arrived> {
  try {
    const { sopClassUid, transferSyntaxUid, dataset } = await run.exam.instance(uid, signal);
    const pieces = reconcileIdentity(dataset, transferSyntaxUid, run.rules);
    const bytes = pieces.reduce((sum, piece) => sum + piece.length, 0);
    const open = async function* (): AsyncGenerator<Buffer> {
      yield* pieces;
    };
    return { ready: { instance: { sopInstanceUid: uid, sopClassUid, transferSyntaxUid, open }, bytes } };
  } catch (cause) {
    const known = GatewayError.of(cause);
    const entry = cause instanceof TypeError ? transferErrors.localIdUnusable : transferErrors.objectUnreadable;
    if (!known && !(cause instanceof DicomRefusal) && !(cause instanceof TypeError)) {
      return { uid, error: new GatewayError(transferErrors.cancelled, { cause }) };
    }
    return { uid, error: known ?? new GatewayError(entry, { cause }) };
  }
}
