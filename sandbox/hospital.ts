import { join } from 'node:path';
import { GatewayProcess, runOperatorTool, startGateway } from './gateway-process';
import { gatewaySettings, Site } from './gateway-settings';
import { LoadedStudy, loadDemoStudies, loadFolder, writeManifests } from './load-studies';
import type { Neighbours } from './neighbours';
import type { SandboxOptions } from './options';
import { SandboxPacs, startSandboxPacs } from './pacs';
import type { SandboxPorts } from './ports';
import { publishStudies } from './publish-studies';
import { exchangeBasePath, PacsFacts } from './ready';

export type Settings = Readonly<Record<string, string>>;
export type PublishedStudy = LoadedStudy & { readonly kosSopInstanceUid: string };

/** A hospital of the sandbox: its PACS, its gateway, its published studies. */
export interface Hospital {
  /** Undefined when the PACS runs elsewhere. */
  readonly pacs: SandboxPacs | undefined;
  readonly pacsFacts: PacsFacts;
  readonly gateway: GatewayProcess;
  readonly settings: Settings;
  readonly studies: readonly PublishedStudy[];
  stop(): Promise<void>;
}

export interface HospitalPlan {
  readonly site: Site;
  readonly dataDir: string;
  readonly ports: SandboxPorts;
  readonly neighbours: Neighbours;
  readonly pacs: SandboxOptions['pacs'];
  readonly database: string;
  /** Numbers that end the UIDs of the demo studies of this hospital. */
  readonly demoStudies: readonly number[];
  /** Folder of further DICOM files. */
  readonly study?: string;
  /** `report`: by HL7, as in a hospital. `import`: the manifests are put in place before the gateway starts. */
  readonly publish: 'report' | 'import';
  readonly settings?: Settings;
  readonly say: (step: string) => void;
}

const own = {
  home: { exchange: 'exchange', hl7: 'hl7', dicom: 'dicom', pacs: 'pacs', pacsWeb: 'pacsWeb' },
  remote: {
    exchange: 'remoteExchange',
    hl7: 'remoteHl7',
    dicom: 'remoteDicom',
    pacs: 'remotePacs',
    pacsWeb: 'remotePacsWeb',
  },
} as const;

async function startPacs(plan: HospitalPlan): Promise<{ pacs?: SandboxPacs; facts: PacsFacts }> {
  if (typeof plan.pacs === 'object') return { facts: { kind: 'external', ...plan.pacs } };
  const ports = own[plan.site];
  const pacs = await startSandboxPacs({
    kind: plan.pacs === 'auto' ? undefined : plan.pacs,
    dataDir: join(plan.dataDir, ports.pacs),
    port: plan.ports[ports.pacs],
    dicomwebPort: plan.ports[ports.pacsWeb],
    aeTitle: 'PACS',
    peers: [{ aet: 'DRIMBOX', host: '127.0.0.1', port: plan.ports[ports.dicom] }],
  });
  const { kind, host, port, aeTitle, dicomweb } = pacs;
  return { pacs, facts: { kind, host, port, aeTitle, dicomweb } };
}

async function loadStudies(plan: HospitalPlan, pacs: SandboxPacs | undefined): Promise<LoadedStudy[]> {
  if (!pacs) return [];
  const store = (bytes: Buffer) => pacs.storeFiles([bytes]).then(() => undefined);
  const isOurs = ({ studyInstanceUid }: { studyInstanceUid: string }) =>
    plan.demoStudies.some((number) => studyInstanceUid.endsWith(`.${number}`));
  const demo = plan.demoStudies.length > 0 ? await loadDemoStudies(store, isOurs) : [];
  return [...demo, ...(plan.study ? await loadFolder(plan.study, store) : [])];
}

/** Makes the manifests of these studies the current ones, without any report. */
async function importManifests(
  plan: HospitalPlan,
  settings: Settings,
  studies: readonly LoadedStudy[],
): Promise<string[]> {
  if (studies.length === 0) return [];
  const base = `https://localhost:${plan.ports[own[plan.site].exchange]}${exchangeBasePath}`;
  const manifests = writeManifests(studies, join(plan.dataDir, 'manifests'), base);
  await runOperatorTool(settings, 'manifest', 'import', ...manifests.map(({ file }) => file));
  return manifests.map(({ sopInstanceUid }) => sopInstanceUid);
}

/** Starts PACS and gateway and publishes; what was started is stopped again when a later step fails. */
export async function startHospital(plan: HospitalPlan): Promise<Hospital> {
  const stops: (() => Promise<unknown>)[] = [];
  const stop = async () => {
    for (const step of stops.splice(0).reverse()) await step().catch(() => undefined);
  };
  try {
    plan.say(`${plan.site}: PACS and studies`);
    const { pacs, facts } = await startPacs(plan);
    if (pacs) stops.push(() => pacs.stop());
    const studies = await loadStudies(plan, pacs);
    const { site, dataDir, database, ports, neighbours } = plan;
    const settings = {
      ...gatewaySettings({ site, dataDir, database, ports, neighbours, pacs: facts }),
      ...plan.settings,
    };
    const imported = plan.publish === 'import' ? await importManifests(plan, settings, studies) : undefined;
    plan.say(`${plan.site}: gateway`);
    const gateway = await startGateway(settings, join(dataDir, `gateway-${site}.log`));
    stops.push(() => gateway.stop());
    if (!imported && studies.length > 0) plan.say(`${plan.site}: reports, manifests, publication`);
    const hl7 = { host: '127.0.0.1', port: ports[own[site].hl7] };
    const uids = imported ?? (await publishStudies(studies, hl7, neighbours.dmp));
    const published = studies.map((study, index) => ({ ...study, kosSopInstanceUid: uids[index] }));
    return { pacs, pacsFacts: facts, gateway, settings, studies: published, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
