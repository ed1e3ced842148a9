import { WadoClient } from '../client/wado-client';
import { Measure, measureOf } from '../measure';
import { alternate, median } from '../statistics';
import { orthancWritesJpeg2000 } from '../lab/lab';
import { admittedClient, Group, seriesUrl } from './group';

const accept = (syntax: string) => `multipart/related; type="application/dicom"; transfer-syntax=${syntax}`;
const explicit = '1.2.840.10008.1.2.1';
const jpeg2000 = '1.2.840.10008.1.2.4.90';

/** Highest of the event loop's delays (99th percentile, ms) since the last look at the gateway's own metrics. */
async function loopDelayMs(metricsUrl: string): Promise<number> {
  const text = await (await fetch(metricsUrl)).text();
  return Number(/^drimbox_nodejs_eventloop_lag_p99_seconds (\S+)/m.exec(text)?.[1]) * 1_000;
}

/** Goal 7: conversion of the whole series, and what it does to everybody else meanwhile. */
export const conversionGroup: Group = {
  name: 'conversion',
  ids: ['convert-explicit', 'convert-jpeg2000', 'convert-loop'],
  run: async (lab, rounds): Promise<Measure[]> => {
    const gateway = await lab.gateway('dimse');
    const { dicomwebUrl } = await lab.pacs('quick');
    const { studyInstanceUid } = lab.study;
    const delays: number[] = [];
    const ours = (syntax: string) => async () => {
      const client = await admittedClient(gateway, studyInstanceUid);
      await loopDelayMs(gateway.metricsUrl);
      const times = await client.series(seriesUrl(gateway.url, lab.study), accept(syntax));
      delays.push(await loopDelayMs(gateway.metricsUrl));
      return times.totalMs;
    };
    const theirs = (syntax: string, url: string) => async () => {
      const times = await new WadoClient().series(seriesUrl(url, lab.study), accept(syntax));
      return times.totalMs;
    };
    const native = await alternate(rounds.slow, { gateway: ours(explicit), orthanc: theirs(explicit, dicomwebUrl) });
    const orthancKnows2000 = orthancWritesJpeg2000();
    const to2000 = await alternate(rounds.slow, {
      gateway: ours(jpeg2000),
      ...(orthancKnows2000 ? { orthanc: theirs(jpeg2000, (await lab.pacs('gdcm')).dicomwebUrl) } : {}),
    });
    const parts = { unit: 'ms', reference: 'Orthanc transcoding over DICOMweb', aim: { atMost: 1 }, runs: rounds.slow };
    const explicitReference = median(native.orthanc ?? []);
    return [
      measureOf({
        id: 'convert-explicit',
        value: median(native.gateway ?? []),
        ...parts,
        referenceValue: explicitReference,
      }),
      measureOf({
        id: 'convert-jpeg2000',
        value: median(to2000.gateway ?? []),
        ...parts,
        ...(orthancKnows2000
          ? { referenceValue: median(to2000.orthanc ?? []) }
          : {
              referenceValue: explicitReference,
              reference: 'Orthanc transcoding to explicit little endian',
              note: 'without the package orthanc-gdcm no reference of the same kind',
            }),
      }),
      measureOf({
        id: 'convert-loop',
        value: Math.max(...delays),
        unit: 'ms',
        reference: 'limit of the goal',
        referenceValue: 50,
        aim: { atMost: 50, absolute: true },
        runs: delays.length,
        note: 'event loop delay, 99th percentile, worst run',
      }),
    ];
  },
};
