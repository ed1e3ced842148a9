import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import type { DataSource, DataSourceOptions } from 'typeorm';
import { GatewayProcess, runOperatorTool, startGateway } from '../../sandbox/gateway-process';
import { gatewaySettings } from '../../sandbox/gateway-settings';
import { LoadedStudy, writeManifests } from '../../sandbox/load-studies';
import { Neighbours, startNeighbours } from '../../sandbox/neighbours';
import type { MemberName } from '../../sandbox/pki';
import { SandboxPorts, sandboxPorts } from '../../sandbox/ports';
import { exchangeBasePath } from '../../sandbox/ready';
import type { DatabaseAddress } from '../../src/platform/persistence';
import { startPostgres, TestDatabase } from './database';
import { anySyntax, WadoClient, WadoHeaders } from './wado-client';

export interface ConfiguredPacs {
  readonly id: string;
  readonly kind: 'dimse' | 'dicomweb';
  readonly [key: string]: unknown;
}

export interface AuditRow {
  readonly kind: string;
  readonly outcome: string;
  readonly correlation_id: string | null;
  readonly actor: Readonly<Record<string, string>>;
  readonly patient_matricule: string | null;
  readonly study_instance_uid: string | null;
  readonly instances: number | null;
  readonly bytes: string | null;
  readonly error_code: string | null;
}

export interface PublishedStudy extends LoadedStudy {
  readonly kosSopInstanceUid: string;
}

type Settings = Readonly<Record<string, string>>;

/**
 * The gateway as it is shipped (the process last built), among the neighbours of the sandbox, on real PostgreSQL and free
 * ports. The test brings the PACS. Call `stop()`.
 */
export class TestSandbox {
  readonly dir = mkdtempSync(join(tmpdir(), 'drimbox-flow-'));
  private readonly clients: WadoClient[] = [];
  private gatewayProcess: GatewayProcess | undefined;
  private settings: Settings = {};
  private db: Client | undefined;
  private database: TestDatabase | undefined;
  private neighbours_: Neighbours | undefined;
  private tokens = new Map<string, { token: Promise<string>; atMs: number }>();

  private constructor(readonly ports: SandboxPorts) {}

  static async open(): Promise<TestSandbox> {
    const sandbox = new TestSandbox(await sandboxPorts(0));
    [sandbox.neighbours_, sandbox.database] = await Promise.all([
      startNeighbours(sandbox.dir, sandbox.ports),
      startPostgres(),
    ]);
    return sandbox;
  }

  get neighbours(): Neighbours {
    if (!this.neighbours_) throw new Error('the sandbox is not open');
    return this.neighbours_;
  }

  get gateway(): GatewayProcess {
    if (!this.gatewayProcess) throw new Error('the gateway was not started');
    return this.gatewayProcess;
  }

  /** Starts the gateway with these PACS (or starts it again). Later settings win. */
  async startGateway(pacs: readonly ConfiguredPacs[], more: Settings = {}): Promise<void> {
    await this.stopGateway();
    const nowhere = { kind: 'test', host: '127.0.0.1', port: 1, aeTitle: 'PACS' };
    this.settings = {
      ...gatewaySettings({
        dataDir: this.dir,
        database: this.database?.address.url ?? '',
        ports: this.ports,
        neighbours: this.neighbours,
        pacs: nowhere,
      }),
      DRIMBOX_PACS: JSON.stringify(pacs),
      ...more,
    };
    this.gatewayProcess = await startGateway(this.settings, this.logFile);
    this.db ??= await this.connect();
  }

  async stopGateway(): Promise<void> {
    for (const client of this.clients.splice(0)) client.close();
    await this.gatewayProcess?.stop();
    this.gatewayProcess = undefined;
  }

  /** Makes a manifest for each study the current one; `pacsId` says which PACS holds them. */
  async publish(studies: readonly LoadedStudy[], pacsId?: string): Promise<PublishedStudy[]> {
    const manifests = writeManifests(studies, join(this.dir, 'manifests'), this.url);
    const files = manifests.map(({ file }) => file);
    await this.operator('manifest', 'import', ...files, ...(pacsId ? ['--pacs', pacsId] : []));
    return studies.map((study, at) => ({ ...study, kosSopInstanceUid: manifests[at]?.sopInstanceUid ?? '' }));
  }

  /** One command of the operator's tool, with the settings of the gateway. */
  operator(...words: string[]): Promise<string> {
    return runOperatorTool(this.settings, ...words);
  }

  get url(): string {
    return `https://localhost:${this.ports.exchange}${exchangeBasePath}`;
  }

  client(peer: MemberName = 'listed', tlsVersion?: 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3'): WadoClient {
    return this.clientWith(peer, tlsVersion);
  }

  clientWith(peer: MemberName | undefined, tlsVersion?: 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3'): WadoClient {
    const files = peer && this.neighbours.pki.members[peer];
    const client = new WadoClient({
      url: this.url,
      ca: this.neighbours.pki.exchangeCa,
      cert: files?.cert,
      key: files?.key,
      tlsVersion,
    });
    this.clients.push(client);
    return client;
  }

  /** A token of Pro Santé Connect, at most a minute old (they live two). */
  token(username = 'radiologue'): Promise<string> {
    const known = this.tokens.get(username);
    if (known && Date.now() - known.atMs < 60_000) return known.token;
    const token = this.neighbours.psc.token(username);
    this.tokens.set(username, { token, atMs: Date.now() });
    return token;
  }

  /** Headers of a good request for a study. */
  async headersFor(study: PublishedStudy, more: WadoHeaders = {}): Promise<WadoHeaders> {
    return { accept: anySyntax, kos: study.kosSopInstanceUid, token: await this.token(), ...more };
  }

  /** Runs something and resolves with the audit records that it left, awaited up to `count`. */
  async audited(work: () => Promise<unknown>, count = 1): Promise<AuditRow[]> {
    const [{ last }] = await this.query<{ last: string }>('SELECT coalesce(max(id), 0) AS last FROM audit_record');
    await work();
    const rows = () => this.query<AuditRow>('SELECT * FROM audit_record WHERE id > $1 ORDER BY id', [last]);
    for (let tries = 0; tries < 1_200 && (await rows()).length < count; tries++) await pause(50);
    // One more than expected would come just after.
    await pause(100);
    return rows();
  }

  async query<Row extends object>(sql: string, values: unknown[] = []): Promise<Row[]> {
    if (!this.db) throw new Error('the gateway was not started');
    return (await this.db.query(sql, values)).rows as Row[];
  }

  /** The database of the gateway by the entities of some room, as another process of it would open them. Destroy it. */
  openDatabase(entities: NonNullable<DataSourceOptions['entities']>): Promise<DataSource> {
    if (!this.database) throw new Error('the sandbox is not open');
    return this.database.open(entities);
  }

  get databaseAddress(): DatabaseAddress {
    if (!this.database) throw new Error('the sandbox is not open');
    return this.database.address;
  }

  get logFile(): string {
    return join(this.dir, 'gateway.log');
  }

  log(): string {
    return readFileSync(this.logFile, 'utf8');
  }

  async metrics(): Promise<string> {
    const answer = await fetch(`http://127.0.0.1:${this.ports.internal}/metrics`);
    return answer.text();
  }

  /** Resident memory of the gateway process, MiB. */
  rssMiB(): number {
    const status = readFileSync(`/proc/${this.gateway.child.pid}/status`, 'latin1');
    return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) / 1024;
  }

  get isRunning(): boolean {
    const { exitCode, signalCode } = this.gateway.child;
    return exitCode === null && signalCode === null;
  }

  async stop(): Promise<void> {
    await this.stopGateway();
    await this.db?.end().catch(() => undefined);
    await this.neighbours_?.stop();
    await this.database?.stop();
    rmSync(this.dir, { recursive: true, force: true });
  }

  private async connect(): Promise<Client> {
    const client = new Client({ connectionString: this.database?.address.url });
    client.on('error', () => undefined);
    await client.connect();
    return client;
  }
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Waits until something holds; the label says what when it never does. */
export async function until(label: string, holds: () => boolean | Promise<boolean>, limitMs = 90_000): Promise<void> {
  const end = Date.now() + limitMs;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`never came: ${label}`);
    await pause(20);
  }
}
