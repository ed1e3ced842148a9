import { WadoClient } from '../client/wado-client';
import type { GatewayUnderTest } from '../lab/gateway';
import { Measure, measureOf } from '../measure';
import { alternate, median } from '../statistics';
import { admittedClient, Group, seriesUrl } from './group';

const json = 'application/dicom+json';

async function took(client: WadoClient, url: string): Promise<number> {
  const startedMs = performance.now();
  await client.requests([url], 1, json);
  return performance.now() - startedMs;
}

const collectMsMax = 60_000;

/** Resolves when the gateway has collected the study by itself, as it does after a publication. */
async function collected({ metricsUrl }: GatewayUnderTest): Promise<void> {
  for (const fromMs = performance.now(); performance.now() - fromMs < collectMsMax;) {
    const text = await (await fetch(metricsUrl)).text();
    if (Number(/^drimbox_metadata_kept_series (\d+)/m.exec(text)?.[1] ?? 0) > 0) return;
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
  throw new Error(`the gateway did not collect the metadata within ${collectMsMax / 1_000} s`);
}

/**
 * Goal 4: metadata of all instances. Cold: the first request after a start of the gateway, nothing of the study in its memory, what
 * it collected before on its disk.
 */
export const metadataGroup: Group = {
  name: 'metadata',
  ids: ['metadata-cold', 'metadata-cold-dicomweb', 'metadata-warm'],
  run: async (lab, rounds): Promise<Measure[]> => {
    const { dicomwebUrl } = await lab.pacs('quick');
    const { studyInstanceUid } = lab.study;
    const orthanc = () => took(new WadoClient(), `${seriesUrl(dicomwebUrl, lab.study)}/metadata`);
    const cold: Record<string, number[]> = { dimse: [], dicomweb: [] };
    const orthancCold: number[] = [];
    const warm: number[] = [];
    const orthancWarm: number[] = [];
    for (const name of ['dimse', 'dicomweb'] as const) {
      const gateway = await lab.gateway(name);
      const ours = async () =>
        took(await admittedClient(gateway, studyInstanceUid), `${seriesUrl(gateway.url, lab.study)}/metadata`);
      await collected(gateway);
      for (let round = 0; round < rounds.slow; round++) {
        await gateway.restart();
        orthancCold.push(await orthanc());
        cold[name]?.push(await ours());
      }
      const runs = await alternate(rounds.quick, { ours, orthanc });
      warm.push(...(runs.ours ?? []));
      orthancWarm.push(...(runs.orthanc ?? []));
    }
    const parts = { unit: 'ms', reference: 'Orthanc DICOMweb, plain HTTP', runs: rounds.slow };
    const coldParts = { ...parts, referenceValue: median(orthancCold), aim: { atMost: 0.25 } };
    return [
      measureOf({ id: 'metadata-cold', value: median(cold.dimse ?? []), ...coldParts }),
      measureOf({ id: 'metadata-cold-dicomweb', value: median(cold.dicomweb ?? []), ...coldParts }),
      measureOf({
        id: 'metadata-warm',
        value: median(warm),
        ...parts,
        referenceValue: median(orthancWarm),
        aim: { atMost: 1 },
        runs: rounds.quick,
      }),
    ];
  },
};
