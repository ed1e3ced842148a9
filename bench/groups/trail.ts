import { join } from 'node:path';
import type { WadoClient } from '../client/wado-client';
import { GatewayUnderTest, startGatewayUnderTest } from '../lab/gateway';
import type { Lab } from '../lab/lab';
import { freePort } from '../../sandbox/free-port';
import { Measure, measureOf } from '../measure';
import { alternate, median } from '../statistics';
import { admittedClient, Group, seriesUrl } from './group';
import { startPostgres } from './intake';

const connections = 8;
const smallRequests = 3_000;
/** Requests that warm a process up: the first ones are compiled while they run. */
const warmUp = 300;

/** What the trail costs: the same gateway twice on a PostgreSQL that waits for its disk, once recording nothing. */
export const trailGroup: Group = {
  name: 'trail',
  ids: ['trail-instances', 'trail-series', 'trail-small'],
  run: async (lab, rounds): Promise<Measure[]> => {
    const withTrail = await gatewayOf(lab, 'with');
    const without = await gatewayOf(lab, 'without');
    const { studyInstanceUid, objects } = lab.study;
    const instances = (base: string) =>
      objects.slice(0, 400).map(({ sopInstanceUid }) => `${seriesUrl(base, lab.study)}/instances/${sopInstanceUid}`);
    const small = (base: string) => `${instances(base)[0]}/metadata`;
    const compare = async (work: (client: WadoClient, base: string) => Promise<number>) => {
      const one = (gateway: GatewayUnderTest) => async () =>
        work(await admittedClient(gateway, studyInstanceUid), gateway.url);
      const runs = await alternate(rounds.quick, { with: one(withTrail), without: one(without) });
      return { value: median(runs.with ?? []), reference: median(runs.without ?? []) };
    };
    for (const gateway of [withTrail, without]) {
      const client = await admittedClient(gateway, studyInstanceUid);
      await client.requests(Array<string>(warmUp).fill(small(gateway.url)), connections, 'application/dicom+json');
    }
    const byInstance = await compare(
      async (client, base) => (await client.requests(instances(base), connections)).perSecond,
    );
    const bySeries = await compare(async (client, base) => (await client.series(seriesUrl(base, lab.study))).totalMs);
    const bySmall = await compare(
      async (client, base) =>
        (await client.requests(Array<string>(smallRequests).fill(small(base)), connections, 'application/dicom+json'))
          .perSecond,
    );
    const common = { reference: 'the same without a trail', runs: rounds.quick };
    return [
      measureOf({
        ...common,
        id: 'trail-instances',
        unit: 'requests/s',
        value: byInstance.value,
        referenceValue: byInstance.reference,
        aim: { atLeast: 0.95 },
        note: 'single images of 150 kB: one durable line each, chained behind',
      }),
      measureOf({
        ...common,
        id: 'trail-series',
        unit: 'ms',
        value: bySeries.value,
        referenceValue: bySeries.reference,
        aim: { atMost: 1.05 },
        note: 'a whole series: one line',
      }),
      measureOf({
        ...common,
        id: 'trail-small',
        unit: 'requests/s',
        value: bySmall.value,
        referenceValue: bySmall.reference,
        aim: { atLeast: 0.95 },
        note: 'metadata of one instance from memory: hardly anything but the line itself',
      }),
    ];
  },
};

function gatewayOf(lab: Lab, trail: 'with' | 'without'): Promise<GatewayUnderTest> {
  return lab.once(
    `gateway ${trail} trail`,
    async () => {
      const { neighbours, ports } = await lab.neighbours();
      const { dicomwebUrl } = await lab.pacs('quick');
      const database = await lab.once(
        `PostgreSQL ${trail} trail`,
        () => startPostgres(lab, `postgresql-${trail}`),
        (started) => started.stop(),
      );
      return startGatewayUnderTest({
        name: trail,
        folder: join(lab.folder, `gateway-${trail}-trail`),
        neighbours,
        neighbourPorts: ports,
        dicomPort: await freePort(),
        pacs: { by: 'dicomweb', url: dicomwebUrl },
        studies: [lab.study],
        settings: {
          DRIMBOX_DATABASE_URL: database.url,
          ...(trail === 'without' ? { NODE_OPTIONS: `--require=${join(__dirname, '../lab/without-trail.js')}` } : {}),
        },
      });
    },
    (gateway) => gateway.stop(),
  );
}
