import { Inject, Injectable, OnApplicationShutdown, OnModuleInit } from '@nestjs/common';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { DataSource, EntityManager } from 'typeorm';
import { describeCause, GatewayError } from '../../../platform/errors';
import { Logger } from '../../../platform/logging';
import { persistenceConfig, PersistenceConfig } from '../../../platform/persistence';
import { AtnaConfig, atnaConfig, firstUntoldLine } from '../../atna';
import { AuditTrail } from '../../trail/audit-trail';
import { auditFolder, TrustedKeys } from '../audit-key';
import { genesis } from '../canonical';
import { Chain } from '../chain';
import { AuditConfig, auditConfig } from '../chain.config';
import { chainErrors } from '../chain.errors';
import { anchorOfRow, ArchiveAnchor, sealOfRow } from '../chain-store';
import { Seal } from '../seal';
import { fileSha256, verifyArchive } from '../verify/verify-archive';
import { placedLines } from '../verify/verify-trail';
import { signAnchor } from './anchor';
import { archiveFormat, writeArchive } from './archive-file';

/** Key of the advisory lock under which one process at a time archives ("ARCH" in ASCII). */
const archiveLock = 0x41524348;
const everyMs = 6 * 3_600_000;
const firstMs = 120_000;
/** Lines removed by one statement. */
const removalBatch = 5_000;
const sealsMax = 10_000;
const dayMs = 86_400_000;

/** Why something that is old enough stays in the database. */
export interface HeldBack {
  readonly why: 'audit-repository' | 'archive-file' | 'other-process';
  /** Signed periods concerned, when they are known. */
  readonly periods?: number;
  /** First place of the chain that stays, decimal. */
  readonly firstPlace?: string;
  /** Archive that must come back to its folder. */
  readonly file?: string;
}

export interface Archived {
  readonly files: readonly { readonly name: string; readonly lines: number }[];
  readonly removed: number;
  /** What stays although it is old enough, the last finding of each kind. */
  readonly heldBack: readonly HeldBack[];
}

interface Round {
  /** Periods that ended before are due. */
  readonly before: Date;
  readonly now: Date;
  readonly hold: (one: HeldBack) => void;
}

/**
 * Moves old signed periods to archive files. Each step leaves a state from which the next run goes on: the file is written and
 * read again before its anchor is signed into the database; only then may its lines be removed, by portions.
 */
@Injectable()
export class TrailRetention implements OnModuleInit, OnApplicationShutdown {
  private readonly logger = new Logger('audit');
  private readonly folder: string;
  private readonly isEmbedded: boolean;
  private timers: NodeJS.Timeout[] = [];
  private running: Promise<unknown> = Promise.resolve();
  private isStopping = false;

  constructor(
    private readonly dataSource: DataSource,
    private readonly chain: Chain,
    private readonly trail: AuditTrail,
    @Inject(auditConfig.token) private readonly config: AuditConfig,
    @Inject(atnaConfig.token) private readonly atna: Pick<AtnaConfig, 'enabled'>,
    @Inject(persistenceConfig.token) persistence: Pick<PersistenceConfig, 'dataDir' | 'databaseUrl'>,
  ) {
    this.isEmbedded = (persistence.databaseUrl ?? 'embedded') === 'embedded';
    this.folder = config.archiveDir ?? join(auditFolder(persistence.dataDir), 'archive');
  }

  onModuleInit(): void {
    if (this.config.keepDays === 0) return;
    const run = () => {
      this.running = this.archive(new Date()).catch((error: unknown) =>
        this.logger.error({ cause: describeCause(error) }, 'old periods of the audit trail could not be archived'),
      );
    };
    this.timers = [setTimeout(run, firstMs).unref(), setInterval(run, everyMs).unref()];
  }

  async onApplicationShutdown(): Promise<void> {
    this.isStopping = true;
    for (const timer of this.timers) clearTimeout(timer);
    await this.running;
  }

  /** Archives what is old enough, and removes what was archived. Safe to call at any time, and again after any failure. */
  async archive(now: Date, keepDays = this.config.keepDays): Promise<Archived> {
    const files: { name: string; lines: number }[] = [];
    const held = new Map<HeldBack['why'], HeldBack>();
    const hold = (one: HeldBack) => void held.set(one.why, one);
    let removed = await this.remove(hold);
    while (!this.isStopping) {
      const before = new Date(now.getTime() - keepDays * dayMs);
      const done = await this.alone((manager) => this.archiveNext(manager, { before, now, hold }), hold);
      if (!done) break;
      files.push(done);
      this.logger.info({ file: done.name, lines: done.lines }, 'periods of the audit trail were archived');
      removed += await this.remove(hold);
    }
    return { files, removed, heldBack: [...held.values()] };
  }

  /**
   * Runs the work as the only process that archives. The embedded database has one process and one connection: a long
   * transaction would keep everybody else waiting, and is not needed.
   */
  private alone<T>(
    work: (manager: EntityManager) => Promise<T>,
    hold: (one: HeldBack) => void,
  ): Promise<T | undefined> {
    if (this.isEmbedded) return work(this.dataSource.manager);
    return this.dataSource.transaction(async (manager) => {
      const [{ locked }] = await manager.query<[{ locked: boolean }]>(
        'SELECT pg_try_advisory_xact_lock($1) AS locked',
        [archiveLock],
      );
      if (!locked) {
        hold({ why: 'other-process' });
        return undefined;
      }
      await manager.query('SET LOCAL statement_timeout = 0');
      return work(manager);
    });
  }

  private async archiveNext(manager: EntityManager, { before, now, hold }: Round) {
    const [row] = await manager.query<Record<string, unknown>[]>(
      'SELECT * FROM audit_archive ORDER BY number DESC LIMIT 1',
    );
    const last = row && anchorOfRow(row);
    const seals = await this.due(manager, last, { before, hold });
    const [first] = seals;
    const end = seals.at(-1);
    if (!first || !end) return undefined;
    const name = `audit-${String(first.number).padStart(8, '0')}-${String(end.number).padStart(8, '0')}.jsonl.gz`;
    const fileSha256 = await this.write(manager, join(this.folder, name), seals, last);
    const anchor = signAnchor(
      {
        number: (last?.number ?? 0n) + 1n,
        fromSeal: first.number,
        toSeal: end.number,
        fromSequence: first.fromSequence,
        toSequence: end.toSequence,
        headHash: end.headHash,
        fileName: name,
        fileSha256,
        archivedAt: now.toISOString(),
      },
      this.chain.signingKey(),
    );
    const lines = Number(end.toSequence - first.fromSequence + 1n);
    const facts = { file: name, sha256: fileSha256.toString('hex'), lines };
    await manager.transaction(async (inner) => {
      await insertAnchor(inner, anchor);
      await this.trail.record({ kind: 'audit.archived', outcome: 'success', actor: {}, facts }, inner);
    });
    return { name, lines };
  }

  /** Whole periods that ended before the date, oldest first, as many as one file may hold. */
  private async due(
    manager: EntityManager,
    last: ArchiveAnchor | undefined,
    { before, hold }: Pick<Round, 'before' | 'hold'>,
  ): Promise<Seal[]> {
    const rows = await manager.query<Record<string, unknown>[]>(
      `SELECT * FROM audit_seal WHERE number > $1 AND to_at < $2 ORDER BY number LIMIT ${sealsMax}`,
      [String(last?.toSeal ?? 0n), before],
    );
    const seals = await this.told(manager, rows.map(sealOfRow), hold);
    const from = seals[0]?.fromSequence ?? 0n;
    const fitting = seals.filter((one) => one.toSequence - from < BigInt(this.config.archiveLinesMax));
    return fitting.length > 0 ? fitting : seals.slice(0, 1);
  }

  /** Of these periods, those before the first line that the audit record repository has not received: it stays, and what follows. */
  private async told(
    manager: EntityManager,
    seals: readonly Seal[],
    hold: (one: HeldBack) => void,
  ): Promise<readonly Seal[]> {
    if (!this.atna.enabled || seals.length === 0) return seals;
    const untold = await firstUntoldLine(manager);
    if (untold === undefined) return seals;
    const received = seals.filter(({ toSequence }) => toSequence < untold);
    if (received.length < seals.length) {
      const facts = { periods: seals.length - received.length, firstPlace: String(untold) };
      hold({ why: 'audit-repository', ...facts });
      this.logger.warn(facts, 'old periods stay in the database: the audit record repository has not received them');
    }
    return received;
  }

  /** Writes the file and reads it again, every hash and signature. @returns its SHA-256 */
  private async write(
    manager: EntityManager,
    file: string,
    seals: readonly Seal[],
    last: ArchiveAnchor | undefined,
  ): Promise<Buffer> {
    const [first] = seals;
    const end = seals.at(-1);
    if (!first || !end) throw new Error('an archive needs a period');
    const header = {
      format: archiveFormat,
      fromSeal: String(first.number),
      toSeal: String(end.number),
      fromSequence: String(first.fromSequence),
      toSequence: String(end.toSequence),
      previousHash: (last?.headHash ?? genesis).toString('hex'),
    } as const;
    const items = itemsOf(manager, seals, first.fromSequence - 1n);
    const sha256 = await writeArchive(file, header, items, this.chain.signingKey());
    const keys = await this.knownKeys(manager);
    const verification = await verifyArchive(file, keys);
    const onDisk = await fileSha256(file);
    if (!verification.ok || !onDisk.equals(sha256)) {
      const [finding] = verification.findings;
      const detail = finding?.message ?? 'the file on the disk is not the one that was written';
      throw new GatewayError(chainErrors.notWhole, { detail });
    }
    return sha256;
  }

  /** Keys of earlier periods as well: here only the content is to be right. */
  private async knownKeys(manager: EntityManager): Promise<TrustedKeys> {
    const keys = new TrustedKeys();
    for (const { public_key } of await manager.query<{ public_key: string }[]>('SELECT public_key FROM audit_key'))
      keys.add(public_key);
    keys.add(this.chain.signingKey().publicKeyPem);
    return keys;
  }

  /** Removes what was archived, as long as the file of the last archive is where it was written. */
  private async remove(hold: (one: HeldBack) => void): Promise<number> {
    const [row] = await this.dataSource.query<Record<string, unknown>[]>(
      `SELECT * FROM audit_archive a WHERE EXISTS (SELECT 1 FROM audit_chain WHERE sequence <= a.to_sequence)
       ORDER BY number DESC LIMIT 1`,
    );
    if (!row) return 0;
    const { fileName } = anchorOfRow(row);
    if (!existsSync(join(this.folder, fileName))) {
      hold({ why: 'archive-file', file: fileName });
      this.logger.warn({ file: fileName }, 'archived lines stay in the database: the archive file is not there');
      return 0;
    }
    let removed = 0;
    while (!this.isStopping) {
      const [{ lines }] = await this.dataSource.query<[{ lines: number }]>(
        'SELECT audit_remove_archived($1) AS lines',
        [removalBatch],
      );
      removed += lines;
      if (lines < removalBatch) break;
    }
    return removed;
  }
}

async function* itemsOf(manager: EntityManager, seals: readonly Seal[], after: bigint) {
  let next = 0;
  for await (const line of placedLines(manager, after, seals.at(-1)?.toSequence)) {
    yield { line };
    const seal = seals[next];
    if (!seal || line.sequence < seal.toSequence) continue;
    yield { seal };
    next += 1;
  }
}

async function insertAnchor(manager: EntityManager, anchor: ArchiveAnchor): Promise<void> {
  await manager.query(
    `INSERT INTO audit_archive (number, from_seal, to_seal, from_sequence, to_sequence, head_hash, file_name, file_sha256,
       archived_at, key_id, signature) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
    [
      String(anchor.number),
      String(anchor.fromSeal),
      String(anchor.toSeal),
      String(anchor.fromSequence),
      String(anchor.toSequence),
      anchor.headHash,
      anchor.fileName,
      anchor.fileSha256,
      anchor.archivedAt,
      anchor.keyId,
      anchor.signature,
    ],
  );
}
