import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DataSource } from 'typeorm';
import { type DemoPatient, manifestFile } from '../../sandbox/demo-data';
import type { SandboxDmp } from '../../sandbox/dmp';
import { type GatewayProcess, startGateway } from '../../sandbox/gateway-process';
import { type Hospital, type PublishedStudy, startHospital } from '../../sandbox/hospital';
import { type SandboxPacs, startSandboxPacs } from '../../sandbox/pacs';
import { exchangeBasePath } from '../../sandbox/ready';
import { ByteProxy } from './byte-proxy';
import { type PortalBench, startPortalBench } from './portal-bench';
import { callOf, monthsAgo } from './record-seed';

type Agent = Awaited<ReturnType<PortalBench['loggedIn']>>;

export interface RecordedManifest {
  /** Objects left out of the manifest of the record, although their gateway has them. */
  readonly without?: readonly string[];
  /** Base of the addresses in the manifest; that of the proxy before the other gateway when left out. */
  readonly base?: string;
}

/**
 * Two hospitals: the gateway where one looks, in this process, with a PACS of its own; and another one as a process (the one last
 * built) with its own certificates, database and PACS, behind a proxy that does harm on demand. Call `close()`.
 */
export interface TwoHospitals extends PortalBench {
  readonly remote: Hospital;
  readonly pacs: SandboxPacs;
  readonly proxy: ByteProxy;
  /** A study of the other hospital by the end of its UID: 9002 (chest CT), 9003 (head MR). */
  study(number: number): PublishedStudy;
  /** Puts its manifest into the record in place of the one before. */
  record(number: number, how?: RecordedManifest): void;
  /** A contextual call, opened in that browser. @returns the address of the patient's exams */
  open(agent: Agent, patient: DemoPatient): Promise<string>;
  /** Starts the other gateway again, after a test killed it. */
  restartRemote(): Promise<void>;
  /** File of its log. */
  readonly remoteLog: string;
  /** Rows of the home gateway's database. */
  query<Row>(sql: string, values?: unknown[]): Promise<Row[]>;
}

const KOS = {
  mimeType: 'application/dicom',
  classCode: { code: '31', scheme: '1.2.250.1.213.1.1.4.1', display: 'Imagerie médicale' },
  typeCode: { code: 'IMG-KOS', scheme: '1.2.250.1.213.1.1.4.12', display: "Reference d'objets d'un examen d'imagerie" },
  formatCode: { code: '1.2.840.10008.5.1.4.1.1.88.59', scheme: '1.2.840.10008.2.6.1', display: 'KOS' },
};

export async function startTwoHospitals(settings: Readonly<Record<string, string>> = {}): Promise<TwoHospitals> {
  const dataDir = mkdtempSync(join(tmpdir(), 'drimbox-two-'));
  const bench = await startPortalBench({ DRIMBOX_PUBLICATION_ENABLED: 'false', ...settings });
  const { ports, neighbours } = bench;
  const [pacs, remote, proxy] = await Promise.all([
    startSandboxPacs({
      dataDir: join(dataDir, 'home'),
      port: ports.pacs,
      dicomwebPort: ports.pacsWeb,
      aeTitle: 'PACS',
      peers: [{ aet: 'DRIMBOX', host: '127.0.0.1', port: ports.dicom }],
    }),
    startHospital({
      site: 'remote',
      dataDir,
      ports,
      neighbours,
      pacs: 'auto',
      database: 'embedded',
      demoStudies: [9002, 9003],
      publish: 'import',
      // What Pro Santé Connect says of a token counts at once.
      settings: { DRIMBOX_PSC_INTROSPECTION_CACHE_MS: '0' },
      say: () => undefined,
    }),
    ByteProxy.start(ports.remoteExchange),
  ]);
  const remoteLog = join(dataDir, 'gateway-remote.log');
  let restarted: GatewayProcess | undefined;
  const registered = new Map<number, string>();
  const study = (number: number): PublishedStudy => {
    const found = remote.studies.find(({ studyInstanceUid }) => studyInstanceUid.endsWith(`.${number}`));
    if (!found) throw new Error(`no study ${number}`);
    return found;
  };
  return {
    ...bench,
    remote,
    pacs,
    proxy,
    study,
    record: (number, how = {}) => {
      const before = registered.get(number);
      if (before) neighbours.dmp.registry.changeStatus(before, 'Deleted');
      const base = how.base ?? `https://localhost:${proxy.port}${exchangeBasePath}`;
      registered.set(number, recordManifest(neighbours.dmp, study(number), base, how.without));
    },
    open: async (agent, patient) => {
      const answer = await bench.visitor().post('/contextual-call').type('form').send(callOf(patient));
      const { pathname } = new URL(answer.headers.location ?? '');
      return (await agent.get(pathname).set('Accept', 'text/html')).headers.location ?? '';
    },
    restartRemote: async () => {
      restarted = await startGateway(remote.settings, remoteLog);
    },
    remoteLog,
    query: (sql, values = []) => bench.app.get(DataSource).query(sql, values),
    close: async () => {
      await bench.close();
      await restarted?.stop();
      await Promise.allSettled([remote.stop(), pacs.stop(), proxy.stop()]);
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

/** Puts the manifest of a study into the record. @returns its entryUUID */
export function recordManifest(
  dmp: SandboxDmp,
  study: PublishedStudy,
  retrieveBase: string,
  without: readonly string[] = [],
): string {
  const { patient, description, studyInstanceUid, accessionNumber, accessionIssuer, kosSopInstanceUid } = study;
  const objects = study.objects.filter(({ sopInstanceUid }) => !without.includes(sopInstanceUid));
  const { bytes } = manifestFile({ ...study, objects, retrieveBase, sopInstanceUid: kosSopInstanceUid });
  return dmp.addReport({
    content: bytes,
    kind: KOS,
    uniqueId: kosSopInstanceUid,
    ins: { matricule: patient.ins, oid: patient.oid },
    title: description,
    author: { id: '801234560801', family: 'BIDEAULT', given: 'Jacques' },
    structure: { id: '1999900002', name: 'HOPITAL PAIR DE DEMONSTRATION' },
    creationTime: monthsAgo(1),
    serviceStartTime: monthsAgo(1),
    referenceIds: [
      `${accessionNumber}^^^&${accessionIssuer}&ISO^urn:ihe:iti:xds:2013:accession`,
      `${studyInstanceUid}^^^&1.2.840.10008.2.6.1&ISO^urn:ihe:iti:xds:2016:studyInstanceUID`,
    ],
    eventCodes: [
      { code: study.modality ?? 'CT', scheme: '1.2.250.1.213.1.1.5.618', display: study.modality ?? 'CT' },
      { code: '24628-0', scheme: '2.16.840.1.113883.6.1', display: description },
    ],
    sourcePatientInfo: [
      `PID-5|${patient.family}^${patient.given.split(' ')[0]}^${patient.given}^^^^L`,
      `PID-7|${patient.birthDate}`,
      `PID-8|${patient.gender}`,
      `PID-11|^^^^^^BDL^^${patient.birthPlace}`,
    ],
  });
}
