import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runOperatorTool, startGateway } from '../../sandbox/gateway-process';
import { gatewaySettings } from '../../sandbox/gateway-settings';
import { LoadedStudy, writeManifests } from '../../sandbox/load-studies';
import type { Neighbours } from '../../sandbox/neighbours';
import { sandboxPorts, SandboxPorts } from '../../sandbox/ports';
import { exchangeBasePath } from '../../sandbox/ready';
import type { WadoClientOptions } from '../client/wado-client';

export interface GatewayParts {
  readonly name: string;
  readonly folder: string;
  readonly neighbours: Neighbours;
  readonly neighbourPorts: SandboxPorts;
  readonly dicomPort: number;
  readonly pacs:
    | { readonly by: 'dicomweb'; readonly url: string }
    | { readonly by: 'dimse'; readonly host: string; readonly port: number; readonly aeTitle: string };
  /** Published to it, the first under a manifest of its own each. */
  readonly studies: readonly LoadedStudy[];
  /** Further settings of its process; they win. */
  readonly settings?: Readonly<Record<string, string>>;
}

/** The gateway as another one sees it. */
export interface GatewayUnderTest {
  readonly pid: number;
  /** Base of WADO-RS. */
  readonly url: string;
  readonly metricsUrl: string;
  /** Certificate, token and manifest for requests about this study. */
  credentials(studyInstanceUid: string): Promise<WadoClientOptions>;
  /** Ends it and starts it again with the same data: its memory is then empty. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts dist/src/main.js with the settings of a sandbox and one PACS. */
export async function startGatewayUnderTest(parts: GatewayParts): Promise<GatewayUnderTest> {
  const { folder, neighbours, pacs } = parts;
  mkdirSync(folder, { recursive: true });
  const ports = { ...parts.neighbourPorts, ...(await ownPorts()), dicom: parts.dicomPort };
  const facts = { kind: 'orthanc', host: '127.0.0.1', port: 0, aeTitle: 'PACS', ...(pacs.by === 'dimse' ? pacs : {}) };
  const settings = {
    ...gatewaySettings({ dataDir: folder, database: 'embedded', ports, neighbours, pacs: facts }),
    ...(pacs.by === 'dicomweb'
      ? {
          DRIMBOX_PACS: JSON.stringify([{ id: 'pacs', kind: 'dicomweb', url: pacs.url }]),
          DRIMBOX_DICOM_LISTEN: 'off',
        }
      : {}),
    // Its repository is a neighbour on the same two cores; what it costs is not what is measured.
    DRIMBOX_ATNA_ENABLED: 'false',
    DRIMBOX_HL7_ENABLED: 'false',
    DRIMBOX_PORTAL_ENABLED: 'false',
    ...parts.settings,
  };
  const url = `https://localhost:${ports.exchange}${exchangeBasePath}`;
  const manifests = writeManifests(parts.studies, join(folder, 'manifests'), url);
  await runOperatorTool(settings, 'manifest', 'import', ...manifests.map(({ file }) => file));
  const start = () => startGateway(settings, join(folder, 'gateway.log'));
  let gateway = await start();
  const { listed } = neighbours.pki.members;
  const tls = {
    ca: readFileSync(neighbours.pki.exchangeCa),
    cert: readFileSync(listed.cert),
    key: readFileSync(listed.key),
  };
  return {
    get pid() {
      return gateway.child.pid ?? 0;
    },
    url,
    metricsUrl: `http://127.0.0.1:${ports.internal}/metrics`,
    credentials: async (studyInstanceUid) => ({
      tls,
      headers: {
        Authorization: `Bearer ${await accessToken(neighbours)}`,
        'KOS-SOPInstanceUID':
          manifests[parts.studies.findIndex((study) => study.studyInstanceUid === studyInstanceUid)]?.sopInstanceUid ??
          '',
      },
    }),
    restart: async () => {
      await gateway.stop();
      gateway = await start();
    },
    stop: () => gateway.stop(),
  };
}

async function ownPorts(): Promise<Partial<SandboxPorts>> {
  const { exchange, internal, portal, hl7, hl7Tls } = await sandboxPorts(0);
  return { exchange, internal, portal, hl7, hl7Tls };
}

async function accessToken({ psc }: Neighbours): Promise<string> {
  return psc.token(psc.users[0]?.username ?? '');
}
