import { mkdirSync } from 'node:fs';
import type { GatewayProcess } from './gateway-process';
import { Hospital, Settings, startHospital } from './hospital';
import { Neighbours, startNeighbours } from './neighbours';
import type { SandboxOptions } from './options';
import type { SandboxPacs } from './pacs';
import { SandboxPorts, sandboxPorts } from './ports';
import { ReadyFacts, readyFacts } from './ready';

export interface Sandbox {
  readonly ready: ReadyFacts;
  readonly ports: SandboxPorts;
  readonly neighbours: Neighbours;
  /** The hospital where one looks; its PACS is undefined when it runs elsewhere. */
  readonly home: Hospital;
  /** The other hospital, whose images one looks at; undefined when not asked for. */
  readonly remote: Hospital | undefined;
  readonly pacs: SandboxPacs | undefined;
  readonly gateway: GatewayProcess;
  /** Settings of the home gateway's process, for the operator's tool or a second start. */
  readonly settings: Settings;
  stop(): Promise<void>;
}

export type SandboxRequest = Pick<SandboxOptions, 'portBase' | 'pacs' | 'database' | 'study' | 'demoData'> & {
  readonly dataDir: string;
  /** Starts a second hospital with a gateway and a PACS of its own. */
  readonly remote?: boolean;
  /** How studies are published; by HL7 reports unless told. */
  readonly publish?: 'report' | 'import';
  /** Further settings of the home gateway; they win. */
  readonly settings?: Settings;
  /** Told of each step. */
  readonly say?: (step: string) => void;
};

/** The priors of two patients are in the other hospital, when there is one. */
const remoteStudies = [9002, 9003];
const allStudies = [9001, 9002, 9003, 9004, 9005];

/** Starts everything in order; what was started is stopped again when a later step fails. */
export async function startSandbox(request: SandboxRequest): Promise<Sandbox> {
  const { portBase, dataDir, pacs, database, study, demoData, publish = 'report' } = request;
  const say = request.say ?? (() => undefined);
  const stops: (() => Promise<unknown>)[] = [];
  const stop = async () => {
    for (const step of stops.splice(0).reverse()) await step().catch(() => undefined);
  };
  try {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    const ports = await sandboxPorts(portBase);
    say('national neighbours: authorities, white list, Pro Santé Connect, DMP');
    const neighbours = await startNeighbours(dataDir, ports);
    stops.push(() => neighbours.stop());
    const common = { dataDir, ports, neighbours, publish, say };
    const homeStudies = request.remote ? allStudies.filter((number) => !remoteStudies.includes(number)) : allStudies;
    const starting = [
      startHospital({
        ...common,
        site: 'home',
        pacs,
        database,
        study,
        demoStudies: demoData ? homeStudies : [],
        settings: request.settings,
      }),
      ...(request.remote
        ? [
            startHospital({
              ...common,
              site: 'remote',
              pacs: 'auto',
              database: 'embedded',
              demoStudies: demoData ? remoteStudies : [],
            }),
          ]
        : []),
    ];
    const settled = await Promise.allSettled(starting);
    for (const result of settled) if (result.status === 'fulfilled') stops.push(() => result.value.stop());
    const failed = settled.find((result) => result.status === 'rejected');
    if (failed) throw failed.reason as Error;
    const [home, remote] = settled.map((result) => (result as PromiseFulfilledResult<Hospital>).value) as [
      Hospital,
      Hospital?,
    ];
    const ready = readyFacts({
      ports,
      neighbours,
      pacs: home.pacsFacts,
      studies: home.studies,
      remoteStudies: remote?.studies,
    });
    return {
      ready,
      ports,
      neighbours,
      home,
      remote,
      pacs: home.pacs,
      gateway: home.gateway,
      settings: home.settings,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}
