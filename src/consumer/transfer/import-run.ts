import { GatewayError } from '../../platform/errors';
import { DicomRefusal } from '../../standards/dicom';
import type { OpenedExam } from '../retrieval';
import type { ConvertingStore, ObjectToStore, StoredObject } from './converting-store';
import { reconcileIdentity, Reconciliation } from './reconcile-identity';
import { transferErrors } from './transfer.errors';
import type { ObjectOutcome } from './transfer.repository';

const batchObjectsMax = 16;
const batchBytesMax = 96 * 1024 * 1024;
const transferParallel = 4;

export interface ImportRun {
  readonly exam: Pick<OpenedExam, 'instance'>;
  readonly store: Pick<ConvertingStore, 'store'>;
  readonly rules: Reconciliation;
  /** In the order in which they are wanted; a few are awaited at once. */
  readonly sopInstanceUids: readonly string[];
  /** What became of some objects: to be durable before more are sent. */
  readonly note: (outcomes: readonly ObjectOutcome[]) => Promise<void>;
}

export interface ImportTally {
  readonly stored: number;
  readonly failed: number;
  readonly converted: number;
  readonly bytes: number;
  /** The first failure met. */
  readonly failure?: GatewayError;
}

export const emptyTally: ImportTally = { stored: 0, failed: 0, converted: 0, bytes: 0 };

/**
 * Sends objects to the PACS as they arrive, in small batches. An object that does not come, or is refused, does not stop the
 * others; a PACS that cannot be reached does.
 */
export async function runImport(run: ImportRun, signal: AbortSignal): Promise<ImportTally> {
  let tally = emptyTally;
  let batch: ObjectToStore[] = [];
  const fail = async (sopInstanceUid: string, error: GatewayError): Promise<void> => {
    tally = { ...tally, failed: tally.failed + 1, failure: tally.failure ?? error };
    await run.note([{ sopInstanceUid, result: 'failed', errorCode: error.code }]);
  };
  const send = async (): Promise<void> => {
    const sent = batch;
    batch = [];
    if (sent.length === 0) return;
    const outcomes = await run.store.store(sent, signal);
    await run.note(outcomes.map(noteOf));
    tally = outcomes.reduce(counted, tally);
  };
  for await (const arrived of inTurn(run, signal)) {
    if ('error' in arrived) await fail(arrived.uid, arrived.error);
    else batch.push(arrived.object);
    const bytes = batch.reduce((sum, { pieces }) => pieces.reduce((all, piece) => all + piece.length, sum), 0);
    if (batch.length >= batchObjectsMax || bytes >= batchBytesMax) await send();
  }
  await send();
  return tally;
}

function noteOf({ sopInstanceUid, stored, status, convertedTo }: StoredObject): ObjectOutcome {
  if (stored) return { sopInstanceUid, result: 'stored', status, convertedTo };
  return { sopInstanceUid, result: 'failed', status, errorCode: transferErrors.notStored.code };
}

function counted(tally: ImportTally, { stored, status, bytes, convertedTo }: StoredObject): ImportTally {
  if (!stored) {
    const detail = `status ${status.toString(16).padStart(4, '0')}`;
    const failure = tally.failure ?? new GatewayError(transferErrors.notStored, { detail });
    return { ...tally, failed: tally.failed + 1, failure };
  }
  const converted = tally.converted + (convertedTo === undefined ? 0 : 1);
  return { ...tally, stored: tally.stored + 1, bytes: tally.bytes + bytes, converted };
}

type Arrived = { readonly object: ObjectToStore } | { readonly uid: string; readonly error: GatewayError };

/** The objects in their order, a few of them awaited ahead. */
async function* inTurn(run: ImportRun, signal: AbortSignal): AsyncGenerator<Arrived> {
  const waiting = [...run.sopInstanceUids];
  const ahead: Promise<Arrived>[] = [];
  for (;;) {
    while (ahead.length < transferParallel && waiting.length > 0)
      ahead.push(arrivalOf(run, waiting.shift() ?? '', signal));
    const next = ahead.shift();
    if (!next) return;
    const arrived = await next;
    // What was aborted is not a failure of the object.
    signal.throwIfAborted();
    yield arrived;
  }
}

async function arrivalOf(run: ImportRun, uid: string, signal: AbortSignal): Promise<Arrived> {
  try {
    const { sopClassUid, transferSyntaxUid, dataset } = await run.exam.instance(uid, signal);
    const pieces = reconcileIdentity(dataset, transferSyntaxUid, run.rules);
    return { object: { sopInstanceUid: uid, sopClassUid, transferSyntaxUid, pieces } };
  } catch (cause) {
    const known = GatewayError.of(cause);
    const entry = cause instanceof TypeError ? transferErrors.localIdUnusable : transferErrors.objectUnreadable;
    if (!known && !(cause instanceof DicomRefusal) && !(cause instanceof TypeError)) {
      return { uid, error: new GatewayError(transferErrors.cancelled, { cause }) };
    }
    return { uid, error: known ?? new GatewayError(entry, { cause }) };
  }
}
