import { Inject, Injectable, OnModuleInit } from '@nestjs/common';
import { DataSource, EntityManager } from 'typeorm';
import { describeCause } from '../../platform/errors';
import { Logger } from '../../platform/logging';
import { persistenceConfig, PersistenceConfig } from '../../platform/persistence';
import { AuditTrail } from '../trail/audit-trail';
import { auditFolder, AuditKey, openAuditKey } from './audit-key';
import { canonicalRecord, ChainableRecord, chainHash, genesis } from './canonical';
import { AuditConfig, auditConfig, keyFileOf } from './chain.config';
import {
  appendLines,
  appendSeal,
  ChainHead,
  chainHead,
  ChainLine,
  hashAt,
  lastSeal,
  lockChain,
  OpenPeriod,
  openPeriod,
  rememberKey,
  settle,
  unchained,
} from './chain-store';
import { Seal, sealDigest, signSeal } from './seal';
import { Witness, WitnessedHead } from './witness';

/** Lines that take their place in one transaction: with the embedded database, everybody else waits meanwhile. */
const batchMax = 1_000;
const batchesPerTurnMax = 20;

/** What one transaction did. */
interface Step {
  readonly lines: number;
  readonly head: ChainHead;
  readonly seals: readonly Seal[];
  readonly broken?: Break;
}

/** The trail is not what this machine saw of it, or what it saw can no longer be read. */
interface Break {
  readonly expected: bigint;
  readonly cause?: 'unreadable';
}

/**
 * Gives each line of the trail its place and hash, and signs periods. One process at a time does it, whoever gets the lock;
 * lines are written by everybody without waiting for it (docs/adr/0007).
 */
@Injectable()
export class Chain implements OnModuleInit {
  private readonly logger = new Logger('audit');
  private readonly witness: Witness;
  private key: AuditKey | undefined;
  private isKeyKnown = false;
  private timer?: NodeJS.Timeout;
  private turn: Promise<unknown> = Promise.resolve();
  private isStopping = false;
  /** Last head that this process saw, so that the witness is compared when somebody else went on. */
  private seen: ChainHead | undefined;
  private isUnreadableTold = false;

  constructor(
    private readonly dataSource: DataSource,
    private readonly trail: AuditTrail,
    @Inject(auditConfig.token) private readonly config: AuditConfig,
    @Inject(persistenceConfig.token) private readonly persistence: Pick<PersistenceConfig, 'dataDir'>,
  ) {
    this.witness = new Witness(auditFolder(persistence.dataDir));
  }

  onModuleInit(): void {
    this.signingKey();
    this.next();
  }

  /** Lines written until now take their place: called behind the last one of this process. */
  async close(): Promise<void> {
    this.isStopping = true;
    clearTimeout(this.timer);
    await this.turn;
    await this.advance().catch((error: unknown) => this.complain(error));
  }

  /** The key in use; made at the first call when none is configured. */
  signingKey(): AuditKey {
    const { key, passphraseFile } = this.config;
    this.key ??= openAuditKey({ keyFile: keyFileOf(key), passphraseFile, dataDir: this.persistence.dataDir });
    return this.key;
  }

  /** Chains what waits. @returns how many lines took their place; 0 as well while another process is at it */
  async advance(now: () => Date = () => new Date()): Promise<number> {
    let lines = 0;
    for (let batch = 0; batch < batchesPerTurnMax; batch++) {
      const witnessed = await this.witness.head();
      const step = await this.dataSource.transaction((manager) => this.step(manager, now(), witnessed));
      if (!step) break;
      await this.after(step, witnessed, now());
      lines += step.lines;
      if (step.lines < batchMax) break;
    }
    return lines;
  }

  private next(): void {
    if (this.isStopping) return;
    this.timer = setTimeout(() => {
      this.turn = this.advance()
        .catch((error: unknown) => this.complain(error))
        .finally(() => this.next());
    }, this.config.chainMs).unref();
  }

  private complain(error: unknown): void {
    this.logger.error({ cause: describeCause(error) }, 'lines of the audit trail wait for their place in the chain');
  }

  private async step(
    manager: EntityManager,
    now: Date,
    witnessed: WitnessedHead | 'unreadable' | undefined,
  ): Promise<Step | undefined> {
    const settling = await lockChain(manager);
    if (!settling) return undefined;
    const before = await chainHead(manager);
    const broken = await this.breakOf(manager, before, witnessed);
    const seals: Seal[] = [];
    const nowText = now.toISOString();
    const chainedAt = before.chainedAt && before.chainedAt > nowText ? before.chainedAt : nowText;
    const last = await lastSeal(manager);
    let open = await openPeriod(manager, last, before);
    if (open && this.isOver(open.fromAt, chainedAt)) {
      seals.push(await this.seal(manager, open, before, chainedAt));
      open = undefined;
    }
    const records = await unchained(manager, settling.settledId, batchMax);
    const { lines, head } = placesOf(records, before, chainedAt);
    if (lines.length > 0) await appendLines(manager, lines, chainedAt);
    if (head.sequence > before.sequence)
      open ??= { previous: seals[0] ?? last, fromSequence: before.sequence + 1n, fromAt: chainedAt };
    const isFull = open && head.sequence - open.fromSequence + 1n >= BigInt(this.config.periodLinesMax);
    if (open && isFull) seals.push(await this.seal(manager, open, head, chainedAt));
    const isComplete = records.length < batchMax;
    await settle(manager, settling, isComplete ? undefined : BigInt(records.at(-1)?.id ?? 0));
    return { lines: lines.length, head, seals, broken };
  }

  /** A witness that is lost tells nothing: that is told, as a break is, and must not keep lines from their places. */
  private async breakOf(
    manager: EntityManager,
    before: ChainHead,
    witnessed: WitnessedHead | 'unreadable' | undefined,
  ): Promise<Break | undefined> {
    if (witnessed === undefined) return undefined;
    if (witnessed === 'unreadable') return { expected: this.seen?.sequence ?? 0n, cause: 'unreadable' };
    const { sequence, hash } = witnessed;
    return (await this.agrees(manager, before, sequence, hash)) ? undefined : { expected: sequence };
  }

  /** The database still knows the line that the witness saw (or an archive took it away, signed). */
  private async agrees(manager: EntityManager, head: ChainHead, sequence: bigint, hash: Buffer) {
    if (this.seen && this.seen.sequence === head.sequence && this.seen.hash.equals(head.hash)) return true;
    if (sequence > head.sequence) return false;
    const found = sequence === head.sequence ? head.hash : await hashAt(manager, sequence);
    if (found) return found.equals(hash);
    const [{ archived }] = await manager.query<[{ archived: boolean }]>(
      'SELECT EXISTS (SELECT 1 FROM audit_archive WHERE to_sequence >= $1) AS archived',
      [String(sequence)],
    );
    return archived;
  }

  private isOver(fromAt: string, now: string): boolean {
    const slot = (at: string) => Math.floor(Date.parse(at) / (this.config.periodMinutes * 60_000));
    return slot(fromAt) < slot(now);
  }

  private async seal(manager: EntityManager, open: OpenPeriod, head: ChainHead, now: string): Promise<Seal> {
    const key = this.signingKey();
    if (!this.isKeyKnown) await rememberKey(manager, key.id, key.publicKeyPem);
    const { previous, fromSequence, fromAt } = open;
    const seal = signSeal(
      {
        number: (previous?.number ?? 0n) + 1n,
        fromSequence,
        toSequence: head.sequence,
        fromAt,
        toAt: head.chainedAt ?? now,
        headHash: head.hash,
        previousHash: previous ? sealDigest(previous) : genesis,
        sealedAt: now,
      },
      key,
    );
    await appendSeal(manager, seal);
    return seal;
  }

  /** What is told outside the database, once the transaction is durable. */
  private async after(step: Step, witnessed: WitnessedHead | 'unreadable' | undefined, now: Date): Promise<void> {
    const { head, seals, broken } = step;
    this.isKeyKnown ||= seals.length > 0;
    for (const seal of seals) {
      await this.witness.appendSeal(seal);
      const { number, toSequence, headHash } = seal;
      this.logger.info(
        { period: String(number), lines: String(toSequence), hash: headHash.toString('hex') },
        'a period of the audit trail is signed',
      );
    }
    // A file that can neither be read nor replaced is told once, not at every turn.
    if (broken && !(broken.cause && this.isUnreadableTold)) await this.reportBreak(broken, head, now);
    this.isUnreadableTold = broken?.cause === 'unreadable';
    const known = witnessed === 'unreadable' ? undefined : witnessed?.sequence;
    const isNews = broken !== undefined || (head.sequence > 0n && head.sequence !== known);
    if (isNews) await this.witness.writeHead(head, now.toISOString(), this.signingKey());
    this.seen = head;
  }

  private async reportBreak({ expected, cause }: Break, head: ChainHead, now: Date): Promise<void> {
    const found = String(head.sequence);
    const facts = { expected: String(expected), found, ...(cause && { cause }) };
    await this.witness.appendBreak({
      at: now.toISOString(),
      sequence: facts.expected,
      foundSequence: found,
      cause,
    });
    const message = cause
      ? 'the witness of the audit trail could not be read: it is written anew'
      : 'the audit trail no longer holds what was seen of it';
    this.logger.error(facts, message);
    await this.trail.record({ kind: 'audit.chain-broken', outcome: 'failure', actor: {}, facts });
  }
}

/** The next places, one after the other. */
function placesOf(records: readonly ChainableRecord[], before: ChainHead, chainedAt: string) {
  const lines: ChainLine[] = [];
  let head = before;
  for (const record of records) {
    const sequence = head.sequence + 1n;
    const hash = chainHash({ sequence, chainedAt, previous: head.hash }, canonicalRecord(record));
    lines.push({ sequence, recordId: record.id, hash });
    head = { sequence, hash, chainedAt };
  }
  return { lines, head };
}
