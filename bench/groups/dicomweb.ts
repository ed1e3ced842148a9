import { join } from 'node:path';
import { asStored, WadoClient } from '../client/wado-client';
import { Lab } from '../lab/lab';
import { Measure, measureOf } from '../measure';
import { startNginx } from '../references/nginx';
import { alternate, median } from '../statistics';
import { bareOf, timed } from './dimse';
import { admittedClient, Group, referenceClient, seriesUrl } from './group';

const connections = 8;

const nginxOf = (lab: Lab) =>
  lab.once(
    'nginx',
    async () => {
      const { neighbours } = await lab.neighbours();
      const { dicomwebUrl } = await lab.pacs('quick');
      return startNginx(join(lab.folder, 'nginx'), dicomwebUrl, neighbours.pki);
    },
    (nginx) => nginx.stop(),
  );

const instanceUrls = (lab: Lab, base: string) =>
  lab.study.objects.map(({ sopInstanceUid }) => `${seriesUrl(base, lab.study)}/instances/${sopInstanceUid}`);

/** Goal 3: a PACS by DICOMweb, beside nginx that only passes through. */
export const dicomwebGroup: Group = {
  name: 'dicomweb',
  ids: ['dicomweb-first', 'dicomweb-total'],
  run: async (lab, rounds): Promise<Measure[]> => {
    const gateway = await lab.gateway('dicomweb');
    const nginx = await nginxOf(lab);
    const bare = await bareOf(lab);
    const { dicomwebUrl } = await lab.pacs('quick');
    const { studyInstanceUid, files } = lab.study;
    const through = await referenceClient(gateway, studyInstanceUid);
    const runs = await alternate(rounds.quick, {
      gateway: async () => {
        const client = await admittedClient(gateway, studyInstanceUid);
        return timed(gateway.pid, () => client.series(seriesUrl(gateway.url, lab.study)), files.length);
      },
      direct: () => timed(nginx.pid, () => through.series(seriesUrl(nginx.direct, lab.study)), files.length),
      buffered: () => timed(nginx.pid, () => through.series(seriesUrl(nginx.buffered, lab.study)), files.length),
      bare: () => timed(bare.pid, () => through.series(seriesUrl(`${bare.url}/pass`, lab.study)), files.length),
      orthanc: () => timed(nginx.pid, () => new WadoClient().series(seriesUrl(dicomwebUrl, lab.study)), files.length),
    });
    const of = (who: string, what: 'firstMs' | 'totalMs' | 'cpu') => median((runs[who] ?? []).map((run) => run[what]));
    const best = (what: 'firstMs' | 'totalMs') => Math.min(of('direct', what), of('buffered', what));
    const reference = 'nginx pass-through, the better of two';
    const cpu = (who: string) => `${of(who, 'cpu').toFixed(2)} s`;
    const note = [
      `Orthanc direct ${of('orthanc', 'totalMs').toFixed(0)} ms, bare Node pass-through ${of('bare', 'totalMs').toFixed(0)} ms`,
      `CPU of the gateway ${cpu('gateway')}, of bare Node ${cpu('bare')}, of nginx ${cpu('buffered')}`,
    ].join('; ');
    return [
      measureOf({
        id: 'dicomweb-first',
        value: of('gateway', 'firstMs'),
        unit: 'ms',
        reference,
        referenceValue: best('firstMs'),
        aim: { atMost: 1.2 },
        runs: rounds.quick,
      }),
      measureOf({
        id: 'dicomweb-total',
        value: of('gateway', 'totalMs'),
        unit: 'ms',
        reference,
        referenceValue: best('totalMs'),
        aim: { atMost: 1.1 },
        runs: rounds.quick,
        note,
      }),
    ];
  },
};

/** Goal 3: single instances over eight connections. */
export const instancesGroup: Group = {
  name: 'instances',
  ids: ['dicomweb-instances', 'dimse-instances'],
  run: async (lab, rounds): Promise<Measure[]> => {
    const [web, dimse] = [await lab.gateway('dicomweb'), await lab.gateway('dimse')];
    const nginx = await nginxOf(lab);
    const bare = await bareOf(lab);
    const { studyInstanceUid } = lab.study;
    const through = await referenceClient(web, studyInstanceUid);
    const ours = async (gateway: typeof web) =>
      (await admittedClient(gateway, studyInstanceUid)).requests(instanceUrls(lab, gateway.url), connections, asStored);
    const runs = await alternate(rounds.slow, {
      web: () => ours(web),
      direct: () => through.requests(instanceUrls(lab, nginx.direct), connections),
      buffered: () => through.requests(instanceUrls(lab, nginx.buffered), connections),
      bare: () => through.requests(instanceUrls(lab, `${bare.url}/pass`), connections),
      dimse: () => ours(dimse),
    });
    const of = (who: string) => median((runs[who] ?? []).map(({ perSecond }) => perSecond));
    const parts = {
      unit: 'requests/s',
      reference: `nginx pass-through, ${connections} connections`,
      referenceValue: Math.max(of('direct'), of('buffered')),
      aim: { atLeast: 0.95 },
      runs: rounds.slow,
    };
    return [
      measureOf({
        id: 'dicomweb-instances',
        value: of('web'),
        ...parts,
        note: `bare Node pass-through, without admission and record: ${of('bare').toFixed(0)} requests/s`,
      }),
      measureOf({
        id: 'dimse-instances',
        value: of('dimse'),
        ...parts,
        note: 'C-MOVE of one instance each; no goal of its own',
      }),
    ];
  },
};
