import { join } from 'node:path';
import { demoPatients } from '../../sandbox/demo-data';
import { Hospital, startHospital } from '../../sandbox/hospital';
import type { Neighbours } from '../../sandbox/neighbours';
import type { SandboxPorts } from '../../sandbox/ports';
import { copyWithBirthDate, type ReferenceStudy } from '../study';

/** The hospital where one looks, and the one that holds the study: a gateway process each. */
export interface TwoHospitals {
  readonly home: Hospital;
  readonly remote: Hospital;
  readonly risPage: string;
  stop(): Promise<void>;
}

/** The study is published in the other hospital by a report of its RIS, as in life. */
export async function startTwoHospitals(parts: {
  readonly folder: string;
  readonly neighbours: Neighbours;
  readonly ports: SandboxPorts;
  readonly study: ReferenceStudy;
  readonly say: (step: string) => void;
}): Promise<TwoHospitals> {
  const { folder: dataDir, neighbours, ports, study, say } = parts;
  const common = { dataDir, neighbours, ports, say, pacs: 'orthanc', database: 'embedded', demoStudies: [] } as const;
  const remote = await startHospital({
    ...common,
    site: 'remote',
    study: copyWithBirthDate(study, demoPatients.thorax.birthDate, join(dataDir, 'study')),
    publish: 'report',
  });
  try {
    const settings = { DRIMBOX_PORTAL_LOGINS_PER_MINUTE: '10000' };
    const home = await startHospital({ ...common, site: 'home', publish: 'import', settings });
    const stop = async () => {
      await home.stop();
      await remote.stop();
    };
    return { home, remote, risPage: neighbours.risPage.url, stop };
  } catch (error) {
    await remote.stop();
    throw error;
  }
}

/** Where the build laid the viewer's files. */
export const viewerWeb = join(__dirname, '../../viewer-web');
