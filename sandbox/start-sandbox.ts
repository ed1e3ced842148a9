import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { GatewayProcess, runOperatorTool, startGateway } from './gateway-process';
import { gatewaySettings } from './gateway-settings';
import { LoadedStudy, loadDemoStudies, loadFolder, writeManifests } from './load-studies';
import { Neighbours, startNeighbours } from './neighbours';
import type { SandboxOptions } from './options';
import { SandboxPacs, startSandboxPacs } from './pacs';
import { SandboxPorts, sandboxPorts } from './ports';
import { exchangeBasePath, PacsFacts, ReadyFacts, readyFacts } from './ready';

export interface Sandbox {
  readonly ready: ReadyFacts;
  readonly ports: SandboxPorts;
  readonly neighbours: Neighbours;
  /** Undefined when the PACS runs elsewhere. */
  readonly pacs: SandboxPacs | undefined;
  readonly gateway: GatewayProcess;
  /** Settings of the gateway process, for the operator's tool or a second start. */
  readonly settings: Readonly<Record<string, string>>;
  stop(): Promise<void>;
}

export type SandboxRequest = Pick<SandboxOptions, 'portBase' | 'pacs' | 'database' | 'study' | 'demoData'> & {
  readonly dataDir: string;
  /** Further settings of the gateway; they win. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Told of each step. */
  readonly say?: (step: string) => void;
};

async function startPacs(
  request: SandboxRequest,
  ports: SandboxPorts,
): Promise<{ pacs?: SandboxPacs; facts: PacsFacts }> {
  if (typeof request.pacs === 'object') return { facts: { kind: 'external', ...request.pacs } };
  const pacs = await startSandboxPacs({
    kind: request.pacs === 'auto' ? undefined : request.pacs,
    dataDir: join(request.dataDir, 'pacs'),
    port: ports.pacs,
    dicomwebPort: ports.pacsWeb,
    aeTitle: 'PACS',
    peers: [{ aet: 'DRIMBOX', host: '127.0.0.1', port: ports.dicom }],
  });
  const { kind, host, port, aeTitle, dicomweb } = pacs;
  return { pacs, facts: { kind, host, port, aeTitle, dicomweb } };
}

async function loadStudies(request: SandboxRequest, pacs: SandboxPacs | undefined): Promise<LoadedStudy[]> {
  if (!pacs) return [];
  const store = (bytes: Buffer) => pacs.storeFiles([bytes]).then(() => undefined);
  const demo = request.demoData ? await loadDemoStudies(store) : [];
  return [...demo, ...(request.study ? await loadFolder(request.study, store) : [])];
}

/** Starts everything in order; what was started is stopped again when a later step fails. */
export async function startSandbox(request: SandboxRequest): Promise<Sandbox> {
  const say = request.say ?? (() => undefined);
  const stops: (() => Promise<unknown>)[] = [];
  const stop = async () => {
    for (const step of stops.splice(0).reverse()) await step().catch(() => undefined);
  };
  try {
    mkdirSync(request.dataDir, { recursive: true, mode: 0o700 });
    const ports = await sandboxPorts(request.portBase);
    say('national neighbours: authorities, white list, Pro Santé Connect, DMP');
    const neighbours = await startNeighbours(request.dataDir, ports);
    stops.push(() => neighbours.stop());
    say('PACS');
    const { pacs, facts } = await startPacs(request, ports);
    if (pacs) stops.push(() => pacs.stop());
    say('studies');
    const studies = await loadStudies(request, pacs);
    const manifests = writeManifests(
      studies,
      join(request.dataDir, 'manifests'),
      `https://localhost:${ports.exchange}${exchangeBasePath}`,
    );
    const settings = {
      ...gatewaySettings({ dataDir: request.dataDir, database: request.database, ports, neighbours, pacs: facts }),
      ...request.settings,
    };
    if (manifests.length > 0)
      await runOperatorTool(settings, 'manifest', 'import', ...manifests.map(({ file }) => file));
    say('gateway');
    const gateway = await startGateway(settings, join(request.dataDir, 'gateway.log'));
    stops.push(() => gateway.stop());
    const published = studies.map((study, index) => ({
      ...study,
      kosSopInstanceUid: manifests[index]?.sopInstanceUid ?? '',
    }));
    return {
      ready: readyFacts({ ports, neighbours, pacs: facts, studies: published }),
      ports,
      neighbours,
      pacs,
      gateway,
      settings,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}
