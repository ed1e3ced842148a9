import { setTimeout as sleep } from 'node:timers/promises';
import { mayPass, peerErrors, type PeerPart } from '../../connectors/peer';
import { GatewayError } from '../../platform/errors';
import { retrievalErrors } from './retrieval.errors';

/** Fewer missing ones than this are asked for one by one, the others by asking for the series again. */
const singlesMax = 24;
const singlesParallel = 4;
const attemptsInAllMax = 40;
const waitMsMax = 30_000;

/** What one series needs in order to be fetched. */
export interface SeriesToFetch {
  /** Still awaited, at this moment. */
  missing(): string[];
  /** Objects of the whole series, or of one instance. */
  ask(sopInstanceUid: string | undefined, signal: AbortSignal): AsyncIterable<PeerPart>;
  /** Takes one object; true when it is one that was awaited. */
  take(part: PeerPart): Promise<boolean>;
  giveUp(sopInstanceUid: string, error: GatewayError): void;
}

export interface FetchRules {
  /** Requests in a row that bring nothing. */
  readonly attemptsMax: number;
  /** First pause between attempts; it doubles. Default 400 ms. */
  readonly pauseMs?: number;
}

/**
 * Fetches what is missing of a series until all has arrived or nothing helps any more: the series at once, then what it did
 * not bring. What has arrived is never asked for again. Never rejects, except with the signal's reason.
 * @returns the failure that ended it, when something stays missing
 */
export async function fetchSeries(
  series: SeriesToFetch,
  rules: FetchRules,
  signal: AbortSignal,
): Promise<GatewayError | undefined> {
  let fruitless = 0;
  let failure: GatewayError | undefined;
  for (let attempt = 0; attempt < attemptsInAllMax; attempt++) {
    const missing = series.missing();
    if (missing.length === 0) return undefined;
    const before = missing.length;
    try {
      if (attempt > 0 && missing.length <= singlesMax) await fetchSingles(series, missing, signal);
      else await drain(series, undefined, signal);
      failure = undefined;
    } catch (error) {
      signal.throwIfAborted();
      failure = GatewayError.of(error);
      if (!failure) throw error;
    }
    const brought = before - series.missing().length;
    if (failure && !mayPass(failure)) break;
    fruitless = brought > 0 ? 0 : fruitless + 1;
    if (fruitless >= rules.attemptsMax || (fruitless >= 2 && !failure)) break;
    if (failure) await sleep(pauseMs(failure, fruitless, rules.pauseMs ?? 400), undefined, { signal });
  }
  const left = series.missing();
  const reason = failure ?? new GatewayError(retrievalErrors.missing);
  for (const uid of left) series.giveUp(uid, reason);
  return left.length > 0 ? reason : undefined;
}

function pauseMs({ retryAfterSeconds, entry }: GatewayError, fruitless: number, firstMs: number): number {
  const told = entry === peerErrors.busy || entry === peerErrors.suspended ? (retryAfterSeconds ?? 0) * 1000 : 0;
  return Math.min(Math.max(told, firstMs * 2 ** fruitless), waitMsMax);
}

async function drain(series: SeriesToFetch, uid: string | undefined, signal: AbortSignal): Promise<void> {
  for await (const part of series.ask(uid, signal)) await series.take(part);
}

/** One by one, a few at once. What its source says is gone is given up; another failure ends the attempt. */
async function fetchSingles(series: SeriesToFetch, uids: readonly string[], signal: AbortSignal): Promise<void> {
  const waiting = [...uids];
  let failure: unknown;
  const lane = async (): Promise<void> => {
    for (let uid = waiting.shift(); uid !== undefined && !failure; uid = waiting.shift()) {
      try {
        await drain(series, uid, signal);
      } catch (error) {
        const known = GatewayError.of(error);
        if (known && isFinalForOne(known)) series.giveUp(uid, known);
        else failure = error;
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(singlesParallel, uids.length) }, lane));
  if (failure) throw failure as Error;
}

const isFinalForOne = ({ entry }: GatewayError): boolean =>
  entry === peerErrors.gone || entry === peerErrors.notFound || entry === peerErrors.refused;
