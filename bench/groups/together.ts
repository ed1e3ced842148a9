import { residentMib, peakMib } from '../lab/process-facts';
import { Measure, measureOf } from '../measure';
import { alternate, median } from '../statistics';
import { bareOf } from './dimse';
import { admittedClient, Group, referenceClient, seriesUrl } from './group';
import type { Lab } from '../lab/lab';

const slowBytesPerSecond = 2_000_000;
const slowReaderMs = 20_000;

/** The study and its copies, each as a reference study. */
async function four(lab: Lab): Promise<Lab['study'][]> {
  const copies = await lab.copies();
  return [
    lab.study,
    ...copies.map((copy) => ({ ...lab.study, ...copy, seriesInstanceUid: copy.objects[0]?.seriesInstanceUid ?? '' })),
  ];
}

/** Goal 6: four series at once, of four studies. */
export const parallelGroup: Group = {
  name: 'parallel',
  ids: ['parallel-dimse', 'parallel-dicomweb'],
  run: async (lab, rounds): Promise<Measure[]> => {
    const studies = await four(lab);
    const bare = await bareOf(lab);
    const ours = async (name: 'dimse' | 'dicomweb') => {
      const gateway = await lab.gateway(name);
      const clients = await Promise.all(studies.map((study) => admittedClient(gateway, study.studyInstanceUid)));
      const startedMs = performance.now();
      await Promise.all(studies.map((study, index) => clients[index]?.series(seriesUrl(gateway.url, study))));
      return performance.now() - startedMs;
    };
    const plain = await referenceClient(await lab.gateway('dimse'), lab.study.studyInstanceUid);
    const runs = await alternate(rounds.slow, {
      dimse: () => ours('dimse'),
      dicomweb: () => ours('dicomweb'),
      bare: async () => {
        const startedMs = performance.now();
        await Promise.all(studies.map((study) => plain.series(seriesUrl(`${bare.url}/pass`, study))));
        return performance.now() - startedMs;
      },
    });
    const parts = {
      unit: 'ms',
      reference: 'bare Node pass-through of DICOMweb',
      referenceValue: median(runs.bare ?? []),
      aim: { atMost: 1.2 },
      runs: rounds.slow,
    };
    return (['dimse', 'dicomweb'] as const).map((name) =>
      measureOf({ id: `parallel-${name}`, value: median(runs[name] ?? []), ...parts }),
    );
  },
};

/** Goal 6: four readers of four studies, one of them at 2 MB/s. */
export const memoryGroup: Group = {
  name: 'memory',
  ids: ['memory-dimse', 'memory-dicomweb'],
  run: async (lab, rounds): Promise<Measure[]> => {
    const studies = await four(lab);
    const measures: Measure[] = [];
    for (const name of ['dimse', 'dicomweb'] as const) {
      const gateway = await lab.gateway(name);
      const client = (index: number) => admittedClient(gateway, studies[index]?.studyInstanceUid ?? '');
      const read = async (index: number) =>
        (await client(index)).series(seriesUrl(gateway.url, studies[index] ?? lab.study));
      await gateway.restart();
      // What one quick reader needs is the process's own; what is added by the others is the growth.
      for (let warmUp = 0; warmUp < 2; warmUp++) await read(0);
      const before = residentMib(gateway.pid);
      const growths: number[] = [];
      for (let round = 0; round < Math.min(rounds.slow, 2); round++) {
        const slow = await client(3);
        const peak = await peakMib(gateway.pid, () =>
          Promise.all([
            slow.crawl(seriesUrl(gateway.url, studies[3] ?? lab.study), slowBytesPerSecond, slowReaderMs),
            ...[0, 1, 2].map(read),
          ]),
        );
        growths.push(peak - before);
      }
      measures.push(
        measureOf({
          id: `memory-${name}`,
          value: Math.max(...growths),
          unit: 'MiB',
          reference: 'resident memory after two readers, one after the other',
          referenceValue: before,
          aim: { atMost: 50, absolute: true },
          runs: growths.length,
          note: `four readers of 4 x ${(lab.study.bytes / 1e6).toFixed(0)} MB, one at 2 MB/s for ${slowReaderMs / 1_000} s`,
        }),
      );
    }
    return measures;
  },
};
