import { Measure, measureOf } from '../measure';
import { alternate, median } from '../statistics';
import { bareOf } from './dimse';
import { admittedClient, Group, referenceClient } from './group';

const connections = 8;
const requests = 4_000;

/** Goal 5: what every request costs. The smallest authorised one is a capability request, refused to who is not listed. */
export const smallGroup: Group = {
  name: 'small',
  ids: ['small-requests'],
  run: async (lab, rounds): Promise<Measure[]> => {
    const gateway = await lab.gateway('dimse');
    const bare = await bareOf(lab);
    const { studyInstanceUid, seriesInstanceUid, objects } = lab.study;
    const plain = await referenceClient(gateway, studyInstanceUid);
    const url = `${gateway.url}/studies/${studyInstanceUid}/series/${seriesInstanceUid}/instances/${objects[0]?.sopInstanceUid}/metadata`;
    const runs = await alternate(rounds.quick, {
      gateway: async () => {
        const client = await admittedClient(gateway, studyInstanceUid);
        return client.requests(Array<string>(requests).fill(url), connections, 'application/dicom+json');
      },
      bare: () => plain.requests(Array<string>(requests).fill(`${bare.url}/small`), connections),
    });
    const of = (who: string) => median((runs[who] ?? []).map(({ perSecond }) => perSecond));
    return [
      measureOf({
        id: 'small-requests',
        value: of('gateway'),
        unit: 'requests/s',
        reference: 'bare node:https, two bytes',
        referenceValue: of('bare'),
        aim: { atLeast: 0.5 },
        runs: rounds.quick,
        note: 'metadata of one instance from memory: white list, token, manifest and audit record for each request',
      }),
    ];
  },
};
