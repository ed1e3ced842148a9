import { execFile } from 'node:child_process';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import type { Lab } from '../lab/lab';
import { Measure, measureOf } from '../measure';
import { stopWatch, stopWatchIsAbsent, WatchedTimes } from '../references/stop-watch';
import { alternate, median } from '../statistics';
import type { Group } from './group';

const run = promisify(execFile);
const tool = resolve(__dirname, '../../../bin/drimbox.cjs');
const methods = ['move', 'get'] as const;
type Method = (typeof methods)[number];

interface Told {
  readonly measures: readonly {
    readonly method: Method;
    readonly error?: string;
    readonly instances: number;
    readonly bytes: number;
    readonly firstInstanceMs?: number;
    readonly totalMs: number;
  }[];
}

/** The operator's tool, one association, under the title and port that the other stop-watch has too. */
async function pacsMeasure(lab: Lab): Promise<Record<Method, WatchedTimes>> {
  const { host, port, aeTitle, destinations } = await lab.pacs('quick');
  const { studyInstanceUid, seriesInstanceUid } = lab.study;
  const pacs = { id: 'main', kind: 'dimse', host, port, aeTitle, maxAssociations: 1 };
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('DRIMBOX_'));
  const env = {
    ...Object.fromEntries(inherited),
    DRIMBOX_MODE: 'sandbox',
    DRIMBOX_DATA_DIR: join(lab.folder, 'pacs-measure'),
    DRIMBOX_PSC_ISSUER: 'https://localhost:1/psc',
    DRIMBOX_PSC_CLIENT_ID: 'measure',
    DRIMBOX_DICOM_LISTEN: 'sandbox',
    DRIMBOX_DICOM_PORT: String(destinations.dcmtk),
    DRIMBOX_DICOM_AE_TITLE: 'BENCHDEST',
    DRIMBOX_PACS: JSON.stringify([pacs]),
  };
  const words = [tool, 'pacs', 'measure', studyInstanceUid, '--series', seriesInstanceUid, '--json'];
  const { measures } = JSON.parse((await run(process.execPath, words, { env })).stdout) as Told;
  const of = (method: Method): WatchedTimes => {
    const one = measures.find((each) => each.method === method);
    if (!one || one.error) throw new Error(`pacs measure, ${method}: ${one?.error ?? 'not measured'}`);
    const { firstInstanceMs = 0, totalMs, instances, bytes } = one;
    return { firstMs: firstInstanceMs, totalMs, instances, megabytes: bytes / 1e6 };
  };
  return { move: of('move'), get: of('get') };
}

/** `pacs measure` beside dimse.py: both ask the same PACS for the same series, over one association. */
export const measureGroup: Group = {
  name: 'measure',
  ids: methods.map((method) => `measure-${method}`),
  run: async (lab, rounds): Promise<Measure[]> => {
    const absence = await stopWatchIsAbsent();
    if (absence) throw new Error(absence);
    const contender = async () => ({ move: await stopWatch(lab, 'move'), get: await stopWatch(lab, 'get') });
    const runs = await alternate(rounds.quick, { ours: () => pacsMeasure(lab), reference: contender });
    const expected = lab.study.files.length;
    const byMethod = methods.map((method) => {
      const [ours, reference] = ['ours', 'reference'].map((who) => (runs[who] ?? []).map((both) => both[method]));
      for (const { instances } of [...ours, ...reference]) {
        if (instances !== expected) throw new Error(`${instances} instances instead of ${expected}`);
      }
      return { method, ours, reference, otherBytes: otherBytes(ours, reference) };
    });
    const notCompared = byMethod.flatMap(({ method, otherBytes: why }) =>
      why ? [`; ${method} not compared: ${why}`] : [],
    );
    return byMethod
      .filter(({ otherBytes: why }) => !why)
      .map(({ method, ours, reference }) =>
        measureOf({
          id: `measure-${method}`,
          value: medianOf(ours, afterFirst),
          unit: 'ms',
          reference: `dimse.py ${method}, first image to last`,
          referenceValue: medianOf(reference, afterFirst),
          aim: { atLeast: 0.9, atMost: 1.1 },
          runs: rounds.quick,
          note: `ours: ${seen(ours)}; dimse.py, programs started and files written: ${seen(reference)}${notCompared.join('')}`,
        }),
      );
  },
};

type Times = readonly WatchedTimes[];
const medianOf = (times: Times, what: (one: WatchedTimes) => number) => median(times.map(what));

/** dimse.py starts a program within its first image: from the first image to the last, both watch the PACS alone. */
const afterFirst = ({ firstMs, totalMs }: WatchedTimes) => totalMs - firstMs;

const seen = (times: Times) =>
  `first ${medianOf(times, ({ firstMs }) => firstMs).toFixed(0)} ms, total ${medianOf(times, ({ totalMs }) => totalMs).toFixed(0)} ms`;

/** Another retrieval altogether: getscu offers several syntaxes in one context, and Orthanc 1.10 then decompresses. */
function otherBytes(ours: Times, reference: Times): string | undefined {
  const [mine, theirs] = [ours, reference].map((times) => medianOf(times, ({ megabytes }) => megabytes));
  // Files have a head that data sets have not.
  const isSame = Math.abs(theirs / mine - 1) < 0.05;
  return isSame ? undefined : `dcmtk was sent ${theirs.toFixed(0)} MB (decompressed), we ${mine.toFixed(0)} MB`;
}
