import { dicomJson, DicomRefusal } from '../../standards/dicom';
import { describeCause, GatewayError } from '../../platform/errors';
import { viewerErrors } from '../viewer.errors';
import type { ArrivedHead, ViewerSeries, ViewerStudySource } from './study-source';

const deflated = '1.2.840.10008.1.2.1.99';
const explicitLittle = '1.2.840.10008.1.2.1';
const pollMs = 40;

/** One series of a granted study, and where the facade serves it. */
export interface SeriesToDescribe {
  readonly source: ViewerStudySource;
  readonly series: ViewerSeries;
  /** `/dicomweb/<grant>`. */
  readonly basePath: string;
}

/** JSON texts by head: the same series is described again while it grows. */
const known = new WeakMap<ArrivedHead, string>();

function textOf(arrived: ArrivedHead, instancePath: string): string {
  const before = known.get(arrived);
  if (before) return before;
  try {
    const json = dicomJson(arrived.head, {
      transferSyntaxUid: arrived.transferSyntaxUid === deflated ? explicitLittle : arrived.transferSyntaxUid,
      pixelDataFollows: arrived.pixelDataFollows,
      bulkDataUri: (path) => (path === '7FE00010' ? `${instancePath}/frames/1` : `${instancePath}/bulkdata/${path}`),
    });
    const text = JSON.stringify(json);
    known.set(arrived, text);
    return text;
  } catch (error) {
    if (!(error instanceof DicomRefusal)) throw error;
    throw new GatewayError(viewerErrors.imageUnreadable, { cause: error, detail: describeCause(error) });
  }
}

/** DICOM JSON of one instance (PS3.18 10.4.1.1.2), from the instance itself, once it has arrived. */
export async function instanceMetadata(
  { source, series, basePath }: SeriesToDescribe,
  sopInstanceUid: string,
  signal: AbortSignal,
): Promise<string> {
  const { studyInstanceUid } = source.study;
  const arrived = await source.head(sopInstanceUid, signal);
  const path = `${basePath}/studies/${studyInstanceUid}/series/${series.seriesInstanceUid}/instances/${sopInstanceUid}`;
  return textOf(arrived, path);
}

export interface SeriesMetadata {
  readonly texts: readonly string[];
  readonly isWhole: boolean;
}

/**
 * DICOM JSON of the instances that are here. It waits for the whole series a short while, and beyond that for one instance
 * only: nothing is ever invented for those still to come, the viewer asks again when they have arrived.
 */
export async function seriesMetadata(
  wanted: SeriesToDescribe,
  signal: AbortSignal,
  waitMs: number,
): Promise<SeriesMetadata> {
  const { source, series } = wanted;
  source.prefer(series.seriesInstanceUid);
  await untilWhole(wanted, signal, waitMs);
  let here = arrivedOf(wanted);
  if (here.length === 0) {
    await firstOf(wanted, signal);
    here = arrivedOf(wanted);
  }
  const texts: string[] = [];
  for (const uid of here) texts.push(await instanceMetadata(wanted, uid, signal));
  return { texts, isWhole: here.length === series.instances.length };
}

function arrivedOf({ source, series }: SeriesToDescribe): string[] {
  return series.instances.map(({ sopInstanceUid }) => sopInstanceUid).filter((uid) => source.hasArrived(uid));
}

/** Waits for any instance; when all fail, with the failure of the first one. */
async function firstOf({ source, series }: SeriesToDescribe, signal: AbortSignal): Promise<void> {
  const left = new AbortController();
  const waits = series.instances
    .slice(0, firstCandidates)
    .map(({ sopInstanceUid }) => source.head(sopInstanceUid, AbortSignal.any([signal, left.signal])));
  const arrival = new Promise<void>((resolve) => {
    const stop = source.onProgress(() => arrivedOf({ source, series, basePath: '' }).length > 0 && resolve());
    left.signal.addEventListener('abort', stop, { once: true });
  });
  try {
    await Promise.race([Promise.any(waits), arrival]);
  } catch (error) {
    throw error instanceof AggregateError ? error.errors[0] : error;
  } finally {
    left.abort();
  }
}

const firstCandidates = 16;

async function untilWhole(wanted: SeriesToDescribe, signal: AbortSignal, waitMs: number): Promise<void> {
  const until = performance.now() + waitMs;
  const { seriesInstanceUid } = wanted.series;
  for (;;) {
    const now = wanted.source.progress().series.find((each) => each.seriesInstanceUid === seriesInstanceUid);
    if (!now || now.arrived + now.failed >= now.expected || performance.now() >= until) return;
    await new Promise((resolve) => setTimeout(resolve, pollMs));
    signal.throwIfAborted();
  }
}
