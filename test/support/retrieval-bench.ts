import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Agent } from 'undici';
import { createSandboxPki, SandboxPki } from '../../sandbox/pki';
import { MemoryAuditTrail } from '../../src/audit';
import { PeerClient, type PeerSettings, StructureDispatchers } from '../../src/connectors/peer';
import { ConsumerSeal } from '../../src/consumer/context';
import { Presence } from '../../src/consumer/presence';
import {
  ExamRetrievals,
  type ExamRetrievalsOptions,
  type ExamToOpen,
  InstanceMemory,
  KeptExamsRepository,
  RetrievalCache,
} from '../../src/consumer/retrieval';
import { startPostgres, type TestDatabase } from './database';
import { calledPatient, type RemoteExam } from './remote-images';
import { ScriptedPeer } from './scripted-peer';

/** FINESS of a structure of the gateway that has a certificate of its own. */
export const otherStructure = '1330000001';

export interface BenchOptions {
  readonly peer?: Partial<PeerSettings>;
  readonly retrievals?: Partial<ExamRetrievalsOptions>;
  readonly cacheBytesMax?: number;
  readonly cacheFolder?: string;
  readonly memoryBytesMax?: number;
  /** Another process that lives at the same time as the one before. */
  readonly beside?: boolean;
  readonly now?: () => number;
}

/** Retrieval as the gateway wires it: real PostgreSQL, real disk, mutual TLS; the other hospital is a script. */
export class RetrievalBench {
  readonly audit = new MemoryAuditTrail();
  readonly hosts = {
    listed: new Set(['localhost']),
    listeners: new Set<() => void>(),
    isListedHost: (host: string) => this.hosts.listed.has(host),
    onChange: (listener: () => void) => {
      this.hosts.listeners.add(listener);
      return () => this.hosts.listeners.delete(listener);
    },
  };
  tokens = 0;
  readonly folder: string;
  private readonly clients: PeerClient[] = [];
  private readonly presences: Presence[] = [];
  private living: Presence | undefined;

  private constructor(
    readonly dir: string,
    readonly pki: SandboxPki,
    readonly database: TestDatabase,
    readonly dataSource: Awaited<ReturnType<TestDatabase['open']>>,
    readonly peer: ScriptedPeer,
  ) {
    this.folder = join(dir, 'cache');
  }

  static async start(): Promise<RetrievalBench> {
    const dir = mkdtempSync(join(tmpdir(), 'drimbox-retrieval-'));
    const pki = await createSandboxPki({ dir: join(dir, 'pki'), fast: true });
    const database = await startPostgres();
    const dataSource = await database.open();
    const { cert, key } = pki.members.remote;
    const peer = await ScriptedPeer.start({ cert, key, ca: pki.exchangeCa });
    return new RetrievalBench(dir, pki, database, dataSource, peer);
  }

  client(settings: Partial<PeerSettings> = {}): PeerClient {
    const dispatchers = new StructureDispatchers([
      { structureIds: [], dispatcher: this.agentOf('gateway') },
      { structureIds: [otherStructure], dispatcher: this.agentOf('remote') },
    ]);
    const client = new PeerClient(dispatchers, this.hosts, {
      silenceMs: 30_000,
      exchangeMsMax: 120_000,
      objectBytesMax: 1_000_000,
      failuresMax: 50,
      suspensionMs: 500,
      ...settings,
    });
    this.clients.push(client);
    return client;
  }

  private agentOf(member: 'gateway' | 'remote'): Agent {
    const { cert, key } = this.pki.members[member];
    const connect = { cert: readFileSync(cert), key: readFileSync(key), ca: readFileSync(this.pki.exchangeCa) };
    return new Agent({ connections: 6, connect });
  }

  /** A process of the gateway; those before it are dead, unless it is told to live beside them. */
  async presence(beside = false): Promise<Presence> {
    if (!beside) await this.living?.onApplicationShutdown();
    const presence = new Presence(this.dataSource);
    await presence.onModuleInit();
    this.presences.push(presence);
    this.living = presence;
    return presence;
  }

  /** A fresh room; another one on the same folder is what a restart finds. */
  async room(options: BenchOptions = {}) {
    const client = this.client(options.peer);
    const presence = await this.presence(options.beside);
    const cache = new RetrievalCache(
      {
        folder: options.cacheFolder ?? this.folder,
        bytesMax: options.cacheBytesMax ?? 1e9,
        keepMs: 60_000,
        now: options.now,
      },
      new KeptExamsRepository(this.dataSource, presence),
      new ConsumerSeal('a secret of the bench, thirty-two characters'),
    );
    await cache.start();
    const memory = new InstanceMemory(options.memoryBytesMax ?? 50_000_000);
    const retrievals = new ExamRetrievals(
      {
        quality: 'lossless',
        identity: 'traits',
        sharedBy: 'professional',
        seriesParallel: 2,
        instancesMax: 5_000,
        rules: { attemptsMax: 3, pauseMs: 10 },
        ...options.retrievals,
      },
      (wanted, signal) => client.fetch(wanted, signal),
      cache,
      memory,
      this.audit,
    );
    return { cache, memory, retrievals, presence };
  }

  exam({ manifest, studyInstanceUid }: RemoteExam, over: Partial<ExamToOpen> = {}): ExamToOpen {
    const professional = { subject: 's', subjectNameId: '899900000017', roles: [] };
    return {
      contextId: 'context-1',
      professional: { professional, accessToken: () => Promise.resolve(`token-${++this.tokens}`) },
      patient: calledPatient,
      manifest,
      studyInstanceUid,
      ...over,
    };
  }

  /** A patient context that is open, as the table of consumer/context has it. */
  async openContext(id: string): Promise<void> {
    await this.dataSource.query(
      `INSERT INTO consumer_context (id, ends_at, sealed) VALUES ($1, now() + interval '1 hour', 'x')`,
      [id],
    );
  }

  async stop(): Promise<void> {
    for (const presence of this.presences) await presence.onApplicationShutdown();
    for (const client of this.clients) await client.close().catch(() => undefined);
    await this.peer.stop();
    await this.dataSource.destroy();
    await this.database.stop();
    rmSync(this.dir, { recursive: true, force: true });
  }
}
