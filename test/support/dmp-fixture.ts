import { createPrivateKey, randomUUID, X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Agent } from 'undici';
import { createSandboxPki, type SandboxPki } from '../../sandbox/pki';
import { startSandboxDmp, type SandboxDmp } from '../../sandbox/dmp';
import { MemoryAuditTrail } from '../../src/audit';
import { configureLogging } from '../../src/platform/logging';
import { type DmpCaller, type DmpStructure } from '../../src/connectors/dmp';
import { DmpExchange } from '../../src/connectors/dmp/dmp-exchange';
import { dmpConfig } from '../../src/connectors/dmp/dmp.config';
import { RegistryStoredQueryClient } from '../../src/connectors/dmp/iti18-registry-stored-query.client';
import { ProvideAndRegisterClient } from '../../src/connectors/dmp/iti41-provide-and-register.client';
import { RetrieveDocumentSetClient } from '../../src/connectors/dmp/iti43-retrieve-document-set.client';
import { UpdateDocumentSetClient } from '../../src/connectors/dmp/iti57-update-document-set.client';
import { DmpStatusClient } from '../../src/connectors/dmp/td02-dmp-status.client';
import type { ConfigOf } from '../../src/platform/config';
import { newOid } from '../../src/standards/xds';
import { createSigner } from '../../src/standards/xmlsec';

/** A sandbox registry and our clients facing it over mutual TLS, with the certificates of the sandbox authority. */

/** Unmistakable and invented; its key is right. */
export const ins = { matricule: '162018885045327', oid: '1.2.250.1.213.1.4.10' };
export const professional = {
  nationalId: '899700367909',
  familyName: 'DOC0036790',
  givenName: 'KIT',
  roles: [
    { code: '10', system: '1.2.250.1.71.1.2.7', label: 'Medecin' },
    { code: 'SM26', system: '1.2.250.1.71.4.2.5', label: 'Qualifie en Medecine Generale (SM)' },
  ],
};

export interface DmpFixture {
  dir: string;
  pki: SandboxPki;
  dmp: SandboxDmp;
  audit: MemoryAuditTrail;
  structure: DmpStructure;
  caller: DmpCaller;
  iti41: ProvideAndRegisterClient;
  iti57: UpdateDocumentSetClient;
  iti18: RegistryStoredQueryClient;
  iti43: RetrieveDocumentSetClient;
  td02: DmpStatusClient;
  ids: { oid: () => string; uuid: () => string };
  /** Stops the registry and starts it again on the same data and port. */
  restart(): Promise<void>;
  /** Our clients facing another address, whose certificate is of the sandbox. */
  clientsAt(url: string): { iti18: RegistryStoredQueryClient; iti43: RetrieveDocumentSetClient };
  /** Runs something with another limit of time for each exchange, ms. */
  withPatience<T>(timeoutMs: number, work: () => Promise<T>): Promise<T>;
  /** A structure with other certificates of the sandbox. */
  structureWith(tls: keyof SandboxPki['members'], seal: keyof SandboxPki['members'], id?: string): DmpStructure;
  close(): Promise<void>;
}

const read = (file: string): string => readFileSync(file, 'utf8');

function defaults(url: string): ConfigOf<typeof dmpConfig> {
  const values = Object.entries(dmpConfig.shape).map(([key, variable]) => [
    key,
    key === 'url' ? url : variable.schema.parse(undefined),
  ]);
  return { ...Object.fromEntries(values), timeoutMs: 30_000 } as ConfigOf<typeof dmpConfig>;
}

export async function dmpFixture(): Promise<DmpFixture> {
  configureLogging({ level: 'silent' });
  const dir = mkdtempSync(join(tmpdir(), 'drimbox-dmp-'));
  const pki = await createSandboxPki({ dir: join(dir, 'pki'), fast: true });
  const server = pki.members.dmpServer;
  const start = (port: number) =>
    startSandboxDmp({
      port,
      tls: { key: read(server.key), cert: read(server.cert) },
      clientCa: read(pki.exchangeCa),
      dataDir: join(dir, 'dmp'),
    });
  let dmp = await start(0);
  const agents: Agent[] = [];
  const structureWith: DmpFixture['structureWith'] = (tls, seal, id = '999900000000019') => {
    const client = pki.members[tls];
    const sealFiles = pki.members[seal];
    const dispatcher = new Agent({
      connect: { key: read(client.key), cert: read(client.cert), ca: read(pki.exchangeCa) },
    });
    agents.push(dispatcher);
    const certificates = read(sealFiles.cert).match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
    const signer = createSigner(
      createPrivateKey(read(sealFiles.key)),
      certificates.map((pem) => new X509Certificate(pem).raw),
    );
    return {
      published: { id, name: 'CENTRE DE DEMONSTRATION' },
      vihf: { id, sector: { code: 'SA01', system: '1.2.250.1.71.4.2.4' } },
      dispatcher,
      signer: () => signer,
    };
  };
  const structure = structureWith('dmpClient', 'seal');
  const audit = new MemoryAuditTrail();
  const config = defaults(dmp.url);
  const exchange = new DmpExchange(config, audit);
  return {
    dir,
    pki,
    get dmp() {
      return dmp;
    },
    audit,
    structure,
    structureWith,
    caller: { structure, professional, ins },
    iti41: new ProvideAndRegisterClient(exchange),
    iti57: new UpdateDocumentSetClient(exchange),
    iti18: new RegistryStoredQueryClient(exchange),
    iti43: new RetrieveDocumentSetClient(exchange),
    td02: new DmpStatusClient(exchange),
    clientsAt: (url) => {
      const elsewhere = new DmpExchange(defaults(url), audit);
      return { iti18: new RegistryStoredQueryClient(elsewhere), iti43: new RetrieveDocumentSetClient(elsewhere) };
    },
    withPatience: async (timeoutMs, work) => {
      const usual = config.timeoutMs;
      Object.assign(config, { timeoutMs });
      return work().finally(() => Object.assign(config, { timeoutMs: usual }));
    },
    ids: { oid: () => newOid(randomUUID()), uuid: randomUUID },
    restart: async () => {
      const port = Number(new URL(dmp.url).port);
      await dmp.close();
      dmp = await start(port);
    },
    close: async () => {
      await Promise.all(agents.map((agent) => agent.close()));
      await dmp.close();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}
