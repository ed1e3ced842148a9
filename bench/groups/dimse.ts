import type { SeriesTimes, WadoClient } from '../client/wado-client';
import type { GatewayUnderTest } from '../lab/gateway';
import { Lab } from '../lab/lab';
import { cpuSeconds } from '../lab/process-facts';
import { Measure, measureOf } from '../measure';
import { startBare } from '../references/bare-process';
import { dcmtkMove } from '../references/dcmtk';
import { alternate, median } from '../statistics';
import { admittedClient, Group, referenceClient, seriesUrl } from './group';

interface Run {
  readonly firstMs: number;
  readonly totalMs: number;
  readonly cpu: number;
}

/** Times of one series with the CPU seconds that the serving process spent meanwhile. */
export async function timed(pid: number, work: () => Promise<SeriesTimes>, expected: number): Promise<Run> {
  const before = cpuSeconds(pid);
  const { firstInstanceMs, totalMs, parts } = await work();
  if (parts !== expected) throw new Error(`${parts} parts instead of ${expected}`);
  return { firstMs: firstInstanceMs, totalMs, cpu: cpuSeconds(pid) - before };
}

export const bareOf = (lab: Lab) =>
  lab.once(
    'bare Node reference',
    async () => {
      const pacs = await lab.pacs('quick');
      const { neighbours } = await lab.neighbours();
      return startBare(neighbours.pki, {
        upstream: pacs.dicomwebUrl,
        pacs: { host: pacs.host, port: pacs.port, aeTitle: pacs.aeTitle },
        dimsePort: pacs.destinations.bare,
        studyInstanceUid: lab.study.studyInstanceUid,
        seriesInstanceUid: lab.study.seriesInstanceUid,
      });
    },
    (bare) => bare.stop(),
  );

async function dcmtkRun(lab: Lab): Promise<Run> {
  const { studyInstanceUid, seriesInstanceUid } = lab.study;
  const pacs = await lab.pacs('quick');
  const { firstInstanceMs, totalMs, instances } = await dcmtkMove({
    pacs,
    studyInstanceUid,
    seriesInstanceUid,
    noDelay: true,
    leastBytes: lab.study.smallestBytes,
  });
  if (instances !== lab.study.files.length) throw new Error(`dcmtk received ${instances} instances`);
  return { firstMs: firstInstanceMs, totalMs, cpu: 0 };
}

async function gatewayRun(lab: Lab, gateway: GatewayUnderTest, client?: WadoClient): Promise<Run> {
  const reader = client ?? (await admittedClient(gateway, lab.study.studyInstanceUid));
  return timed(gateway.pid, () => reader.series(seriesUrl(gateway.url, lab.study)), lab.study.files.length);
}

/** Goals 1 and 5: a PACS by DIMSE without Nagle's algorithm. */
export const dimseGroup: Group = {
  name: 'dimse',
  ids: ['dimse-first', 'dimse-rate', 'dimse-cpu'],
  run: async (lab, rounds): Promise<Measure[]> => {
    const gateway = await lab.gateway('dimse');
    const bare = await bareOf(lab);
    const plain = await referenceClient(gateway, lab.study.studyInstanceUid);
    const bareRun = () => timed(bare.pid, () => plain.series(`${bare.url}/dimse`), lab.study.files.length);
    for (const warmUp of [() => gatewayRun(lab, gateway), bareRun]) await warmUp();
    const runs = await alternate<Run>(rounds.quick, {
      gateway: () => gatewayRun(lab, gateway),
      dcmtk: () => dcmtkRun(lab),
      bare: bareRun,
    });
    const of = (who: string, what: keyof Run) => median((runs[who] ?? []).map((run) => run[what]));
    const rate = (who: string) => lab.study.bytes / 1_000 / of(who, 'totalMs');
    const reference = 'dcmtk C-MOVE, no Nagle';
    return [
      measureOf({
        id: 'dimse-first',
        value: of('gateway', 'firstMs'),
        unit: 'ms',
        reference,
        referenceValue: of('dcmtk', 'firstMs'),
        aim: { atMost: 1.5 },
        runs: rounds.quick,
        note: `bare Node: ${of('bare', 'firstMs').toFixed(0)} ms`,
      }),
      measureOf({
        id: 'dimse-rate',
        value: rate('gateway'),
        unit: 'MB/s',
        reference,
        referenceValue: rate('dcmtk'),
        aim: { atLeast: 0.9 },
        runs: rounds.quick,
        note: `bare Node: ${rate('bare').toFixed(0)} MB/s`,
      }),
      measureOf({
        id: 'dimse-cpu',
        value: of('gateway', 'cpu'),
        unit: 's',
        reference: 'bare Node, C-MOVE to multipart, no INS',
        referenceValue: of('bare', 'cpu'),
        aim: { atMost: 1.5 },
        runs: rounds.quick,
      }),
    ];
  },
};

/** Goal 2: a PACS as packaged, with Nagle's algorithm: some 40 ms of waiting for each instance. */
export const stockGroup: Group = {
  name: 'stock',
  ids: ['stock-total', 'stock-first'],
  run: async (lab, rounds): Promise<Measure[]> => {
    const gateway = await lab.gateway('stock');
    const pacs = await lab.pacs('stock');
    const { studyInstanceUid, seriesInstanceUid } = lab.study;
    const reference = await alternate(rounds.slow, {
      dcmtk: () =>
        dcmtkMove({ pacs, studyInstanceUid, seriesInstanceUid, noDelay: false, leastBytes: lab.study.smallestBytes }),
    });
    // The references take minutes: the gateway's runs come after them, all on the same PACS.
    const cold = await gatewayRun(lab, gateway);
    const runs = await alternate(rounds.quick, { gateway: () => gatewayRun(lab, gateway) });
    const [dcmtk, ours] = [reference.dcmtk ?? [], runs.gateway ?? []];
    const name = 'dcmtk C-MOVE, stock';
    const note = `pace of the PACS unknown (first run): first ${cold.firstMs.toFixed(0)} ms, total ${cold.totalMs.toFixed(0)} ms`;
    return [
      measureOf({
        id: 'stock-total',
        value: median(ours.map((run) => run.totalMs)),
        unit: 'ms',
        reference: name,
        referenceValue: median(dcmtk.map((run) => run.totalMs)),
        aim: { atMost: 0.0667 },
        runs: rounds.slow,
        note,
      }),
      measureOf({
        id: 'stock-first',
        value: median(ours.map((run) => run.firstMs)),
        unit: 'ms',
        reference: name,
        referenceValue: median(dcmtk.map((run) => run.firstInstanceMs)),
        aim: { atMost: 1 },
        runs: rounds.slow,
        note,
      }),
    ];
  },
};
