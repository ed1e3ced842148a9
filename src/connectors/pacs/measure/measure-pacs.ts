import { GatewayError } from '../../../platform/errors';
import { ExpectedInstance, InstanceHeader, InstanceSink, Pacs, textOf } from '../pacs.port';
import { nameCause, SlowCause } from './slow-cause';
import { ComparedWith, compareSyntaxes, Comparison, toldSyntaxes } from './stored-syntaxes';

export interface MeasureRequest {
  readonly studyInstanceUid: string;
  /** Without it, every series of the study is measured in one go. */
  readonly seriesInstanceUid?: string;
  readonly methods?: readonly MeasuredMethod[];
  /** Syntax in which the study is known to be stored. Default: what the PACS says, else what its other methods bring. */
  readonly expectedTransferSyntaxUid?: string;
  readonly signal?: AbortSignal;
}

export type MeasuredMethod = 'move' | 'get' | 'dicomweb';

export interface Measure {
  readonly method: MeasuredMethod;
  /** Stable code of the error when the measure failed; the figures are then those of what had come. */
  readonly error?: string;
  readonly instances: number;
  readonly expected: number;
  /** Data set bytes. */
  readonly bytes: number;
  readonly firstInstanceMs?: number;
  readonly totalMs: number;
  readonly throughputMbps: number;
  readonly parallel: number;
  readonly medianGapMs: number;
  readonly transferSyntaxes: Readonly<Record<string, number>>;
  /** How it is known whether the PACS converts on the way. */
  readonly comparedWith: ComparedWith;
  readonly warnings: readonly string[];
  readonly cause?: SlowCause;
}

export interface MeasureResult {
  readonly pacs: string;
  readonly instances: number;
  readonly measures: readonly Measure[];
  /** For a person, in several lines. */
  readonly text: string;
}

/** Retrieves a study by each method, keeping nothing, and says how fast it was and, when slow, why. */
export async function measurePacs(pacs: Pacs, request: MeasureRequest): Promise<MeasureResult> {
  const instances = await listInstances(pacs, request);
  const methods = request.methods ?? (pacs.kind === 'dimse' ? (['move', 'get'] as const) : (['dicomweb'] as const));
  const { studyInstanceUid, signal, expectedTransferSyntaxUid: option } = request;
  const told = option ? new Map<string, string>() : await toldSyntaxes(pacs, studyInstanceUid, instances, signal);
  const runs: Run[] = [];
  for (const method of methods) runs.push(await runOnce(pacs, request, method, instances));
  const measures = runs.map((run) => {
    const others = runs.filter((other) => other !== run).map(({ watch }) => watch.syntaxOf);
    return measureOf(run, instances.length, compareSyntaxes(run.watch.syntaxOf, { option, told, others }));
  });
  return { pacs: pacs.id, instances: instances.length, measures, text: describe(pacs.id, measures) };
}

async function listInstances(pacs: Pacs, request: MeasureRequest): Promise<ExpectedInstance[]> {
  const { studyInstanceUid, signal } = request;
  const series = request.seriesInstanceUid
    ? [request.seriesInstanceUid]
    : (await pacs.findSeries(studyInstanceUid, {}, { signal })).map((one) => textOf(one, 'SeriesInstanceUID'));
  const found: ExpectedInstance[] = [];
  for (const seriesInstanceUid of series) {
    for (const one of await pacs.findInstances(studyInstanceUid, seriesInstanceUid, { SOPClassUID: '' }, { signal })) {
      found.push({
        seriesInstanceUid,
        sopInstanceUid: textOf(one, 'SOPInstanceUID'),
        sopClassUid: textOf(one, 'SOPClassUID'),
      });
    }
  }
  return found;
}

/** Counts what comes, and when each instance is complete. */
class StopWatch implements InstanceSink {
  readonly endsMs: number[] = [];
  readonly sizes: number[] = [];
  readonly syntaxes: Record<string, number> = {};
  readonly syntaxOf = new Map<string, string>();
  private size = 0;

  begin({ sopInstanceUid, transferSyntaxUid }: InstanceHeader): void {
    this.size = 0;
    this.syntaxOf.set(sopInstanceUid, transferSyntaxUid);
    this.syntaxes[transferSyntaxUid] = (this.syntaxes[transferSyntaxUid] ?? 0) + 1;
  }
  write(chunk: Buffer): boolean {
    this.size += chunk.length;
    return true;
  }
  drained(): Promise<void> {
    return Promise.resolve();
  }
  end(): void {
    this.endsMs.push(performance.now());
    this.sizes.push(this.size);
  }
  cut(): void {
    this.size = 0;
  }
  get bytes(): number {
    return this.sizes.reduce((sum, size) => sum + size, 0);
  }
}

/** What one method did. */
interface Run {
  readonly method: MeasuredMethod;
  readonly watch: StopWatch;
  readonly error?: string;
  readonly startedMs: number;
  readonly totalMs: number;
  readonly parallel: number;
}

async function runOnce(
  pacs: Pacs,
  request: MeasureRequest,
  method: MeasuredMethod,
  instances: readonly ExpectedInstance[],
): Promise<Run> {
  const watch = new StopWatch();
  const startedMs = performance.now();
  const { studyInstanceUid, seriesInstanceUid, signal } = request;
  const asked = { studyInstanceUid, seriesInstanceUid, instances, sharing: 'never' as const };
  let error: string | undefined;
  let parallel = 1;
  try {
    const outcome = await pacs.retrieve(method === 'dicomweb' ? asked : { ...asked, method }, watch, signal);
    parallel = outcome.parallel;
  } catch (failure) {
    signal?.throwIfAborted();
    error = GatewayError.of(failure)?.code ?? 'pacs.failed';
  }
  return { method, watch, error, startedMs, totalMs: performance.now() - startedMs, parallel };
}

function measureOf(run: Run, expected: number, { changes, comparedWith, uncompared }: Comparison): Measure {
  const { method, watch, error, startedMs, totalMs, parallel } = run;
  const { endsMs, bytes } = watch;
  // Gaps seen by the sink are those of all associations together: one association waits `parallel` times longer.
  const gapsMs = endsMs.slice(1).map((at, index) => (at - endsMs[index]) * parallel);
  const { cause, medianGapMs, warnings } = nameCause({ gapsMs, bytes, totalMs, parallel, changes });
  const missing = expected - endsMs.length;
  return {
    method,
    error,
    instances: endsMs.length,
    expected,
    bytes,
    firstInstanceMs: endsMs.length > 0 ? endsMs[0] - startedMs : undefined,
    totalMs,
    throughputMbps: (bytes * 8) / 1_000 / Math.max(totalMs, 0.001),
    parallel,
    medianGapMs,
    transferSyntaxes: watch.syntaxes,
    comparedWith,
    warnings: [
      ...warnings,
      ...(missing > 0 ? [`${missing} instance(s) non reçue(s)`] : []),
      ...(uncompared > 0 ? [notCompared(uncompared)] : []),
    ],
    cause,
  };
}

const notCompared = (images: number): string =>
  `syntaxe de transfert non comparée pour ${images} image(s) : le PACS ne dit pas sous laquelle il les conserve, ` +
  'une conversion en route ne se verrait pas (la donner par --expect)';

const names: Readonly<Record<MeasuredMethod, string>> = { move: 'C-MOVE', get: 'C-GET', dicomweb: 'DICOMweb' };

function describe(id: string, measures: readonly Measure[]): string {
  const lines = measures.flatMap((m) => [
    `${names[m.method].padEnd(8)} ${m.instances}/${m.expected} images, première ${m.firstInstanceMs?.toFixed(0) ?? '-'} ms, ` +
      `total ${m.totalMs.toFixed(0)} ms, ${(m.bytes / 1e6).toFixed(1)} Mo, ${m.throughputMbps.toFixed(0)} Mbit/s, ` +
      `${m.parallel} association(s)`,
    ...(m.error ? [`         échec : ${m.error}`] : []),
    ...m.warnings.map((warning) => `         attention : ${warning}`),
    ...(m.cause ? [`         cause : ${m.cause.explanation}`] : []),
  ]);
  return [`PACS ${id}`, ...lines].join('\n');
}
