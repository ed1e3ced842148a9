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
  readonly exam: Pick<OpenedExam, 'instance' | 'hasArrived' | 'onProgress'>;
  readonly store: Pick<ConvertingStore, 'store'>;
  readonly rules: Reconciliation;
  /** In the order in which they are wanted: what is here goes first, then the first of them is asked for. */
  readonly sopInstanceUids: readonly string[];
  /** What became of some objects: to be durable before more are sent. */
  readonly note: (outcomes: readonly ObjectOutcome[]) => Promise<void>;
  readonly tally: ImportTally;
}

/** What one run has done so far; it holds also when the run is stopped in the middle. */
export class ImportTally {
  stored = 0;
  failed = 0;
  converted = 0;
  bytes = 0;
  /** The first failure met. */
  failure: GatewayError | undefined;

  count({ stored, status, bytes, convertedTo }: StoredObject): void {
    if (!stored) {
      const detail = `status ${status.toString(16).padStart(4, '0')}`;
      return this.fail(new GatewayError(transferErrors.notStored, { detail }));
    }
    this.stored += 1;
    this.bytes += bytes;
    if (convertedTo !== undefined) this.converted += 1;
  }

  fail(error: GatewayError): void {
    this.failed += 1;
    this.failure ??= error;
  }
}

/**
 * Sends objects to the PACS as they arrive, in small batches. An object that does not come, or is refused, does not stop the
 * others; a PACS that cannot be reached does.
 */
export async function runImport(run: ImportRun, signal: AbortSignal): Promise<void> {
  let batch: ObjectToStore[] = [];
  const fail = async (sopInstanceUid: string, error: GatewayError): Promise<void> => {
    run.tally.fail(error);
    await run.note([{ sopInstanceUid, result: 'failed', errorCode: error.code }]);
  };
  const send = async (): Promise<void> => {
    const sent = batch;
    batch = [];
    if (sent.length === 0) return;
    const outcomes = await run.store.store(sent, signal);
    for (const outcome of outcomes) run.tally.count(outcome);
    await run.note(outcomes.map(noteOf));
  };
  for await (const arrived of asTheyCome(run, signal)) {
    if ('error' in arrived) await fail(arrived.uid, arrived.error);
    else batch.push(arrived.object);
    const bytes = batch.reduce((sum, { pieces }) => pieces.reduce((all, piece) => all + piece.length, sum), 0);
    if (batch.length >= batchObjectsMax || bytes >= batchBytesMax) await send();
  }
  await send();
}

function noteOf({ sopInstanceUid, stored, status, convertedTo, bytes }: StoredObject): ObjectOutcome {
  if (stored) return { sopInstanceUid, result: 'stored', status, convertedTo, bytes };
  return { sopInstanceUid, result: 'failed', status, errorCode: transferErrors.notStored.code };
}

type Arrived = { readonly object: ObjectToStore } | { readonly uid: string; readonly error: GatewayError };

/** Objects that are here, a few read at once; while none is, the first one wanted is awaited, or any other that comes before it. */
async function* asTheyCome(run: ImportRun, signal: AbortSignal): AsyncGenerator<Arrived> {
  const missing = new Set(run.sopInstanceUids);
  let wake: () => void = () => undefined;
  const unwatch = run.exam.onProgress(() => wake());
  const awaited = new Map<string, Promise<Arrived>>();
  const arrival = (uid: string): Promise<Arrived> => awaited.get(uid) ?? arrivalOf(run, uid, signal);
  const isHere = (uid: string): boolean => run.exam.hasArrived(uid);
  try {
    for (let [wanted] = missing; wanted !== undefined; [wanted] = missing) {
      let batch = [...missing].filter(isHere).slice(0, transferParallel);
      if (batch.length === 0) {
        const other = new Promise<void>((resolve) => (wake = resolve));
        awaited.set(wanted, arrival(wanted));
        // Also when it failed: then it is its turn.
        if (await Promise.race([arrival(wanted), other])) batch = [wanted];
      }
      for (const arrived of await Promise.all(batch.map(arrival))) {
        // What was aborted is not a failure of the object.
        signal.throwIfAborted();
        yield arrived;
      }
      for (const uid of batch) {
        missing.delete(uid);
        awaited.delete(uid);
      }
    }
  } finally {
    unwatch();
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
