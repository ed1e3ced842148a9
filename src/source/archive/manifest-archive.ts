import { createHash } from 'node:crypto';
import { Inject, Injectable, OnApplicationShutdown, OnModuleInit } from '@nestjs/common';
import { DataSource, EntityManager, In, IsNull, MoreThan } from 'typeorm';
import { GatewayError } from '../../platform/errors';
import { DATABASE_ADDRESS } from '../../platform/persistence';
import type { DatabaseAddress } from '../../platform/persistence';
import { archiveErrors } from './archive.errors';
import type {
  AdmitAnswer,
  AdmitRefusal,
  AdmitRequest,
  ArchivedManifest,
  PutOptions,
  PutResult,
  ServedManifest,
} from './archive.types';
import { changeChannel, ChangeListener } from './change-listener';
import { LruCache } from './lru-cache';
import { ManifestRecord } from './manifest-record.entity';
import { archived, GivenManifest, onlyStudyOf, readable, recordOf } from './manifest-rows';
import { ServableManifest } from './servable-manifest';
import { StudiesInDoubt } from './studies-in-doubt';

/** Instances of all manifests kept in memory: about 300 bytes each. */
const cachedInstancesMax = 200_000;
const cachedStudiesMax = 20_000;
/** Longest life of a caller's transaction: until then the study it touched is asked of the database each time. */
const transactionMsMax = 10 * 60_000;

/**
 * The local archive of manifests: publication writes it, serving reads it. The content of a manifest never changes, so
 * it is cached by its SOP Instance UID; which manifest is current does change, so that is remembered only while this
 * process is sure to hear of every change (`ChangeListener`), and asked of the database otherwise.
 */
@Injectable()
export class ManifestArchive implements OnModuleInit, OnApplicationShutdown {
  private readonly contents = new LruCache<ServableManifest>(cachedInstancesMax);
  private readonly currentKos = new LruCache<string>(cachedStudiesMax);
  private readonly doubts = new StudiesInDoubt(transactionMsMax);
  /** Counts what was forgotten, so that an answer read before a change is not remembered after it. */
  private forgotten = 0;
  private readonly listener: ChangeListener;
  private readonly changeListeners = new Set<() => void>();

  constructor(
    private readonly dataSource: DataSource,
    @Inject(DATABASE_ADDRESS) address: DatabaseAddress,
  ) {
    this.listener = new ChangeListener(address, {
      changed: (studyInstanceUid) => this.forget(studyInstanceUid),
      lost: () => this.forgetAll(),
    });
  }

  async onModuleInit(): Promise<void> {
    await this.listener.start();
  }

  async onApplicationShutdown(): Promise<void> {
    await this.listener.stop();
  }

  /**
   * Stores a manifest and makes it the current one of its study; the one it replaces stops being served at once.
   * Putting the same file again changes nothing. With `manager`, it is part of the caller's transaction.
   *
   * @throws GatewayError `notAManifest`, `otherCurrent`, `sameUidOtherContent`
   */
  async put(raw: Buffer, options: PutOptions = {}, manager?: EntityManager): Promise<PutResult> {
    const manifest = readable(raw);
    const studyInstanceUid = onlyStudyOf(manifest);
    const work = (transaction: EntityManager) => this.store(transaction, { raw, manifest, studyInstanceUid, options });
    return this.changing(studyInstanceUid, work, manager);
  }

  /** The study has no manifest any more; says which one it had. */
  async withdraw(studyInstanceUid: string, manager?: EntityManager): Promise<string | undefined> {
    const work = async (transaction: EntityManager) => {
      await lockStudy(transaction, studyInstanceUid);
      const current = await this.currentRecord(transaction, studyInstanceUid);
      if (!current) return undefined;
      const change = { status: 'withdrawn' as const, withdrawnAt: new Date() };
      await transaction.update(ManifestRecord, { kosSopInstanceUid: current.kosSopInstanceUid }, change);
      await announce(transaction, studyInstanceUid);
      return current.kosSopInstanceUid;
    };
    return this.changing(studyInstanceUid, work, manager);
  }

  /**
   * The current manifest of a study is served no more, from the commit on. It stays the current one, with its context, until the
   * registry has let it go (`withdraw`) or another takes its place (`put`).
   */
  async endServing(studyInstanceUid: string, manager?: EntityManager): Promise<string | undefined> {
    const work = async (transaction: EntityManager) => {
      await lockStudy(transaction, studyInstanceUid);
      const current = await this.currentRecord(transaction, studyInstanceUid);
      if (!current) return undefined;
      const { kosSopInstanceUid } = current;
      await transaction.update(
        ManifestRecord,
        { kosSopInstanceUid, servingEndedAt: IsNull() },
        { servingEndedAt: new Date() },
      );
      await announce(transaction, studyInstanceUid);
      return kosSopInstanceUid;
    };
    return this.changing(studyInstanceUid, work, manager);
  }

  /** The current manifest of a study. */
  async current(studyInstanceUid: string, manager?: EntityManager): Promise<ArchivedManifest | undefined> {
    const where = { studyInstanceUid, status: 'current' as const };
    return archived(await (manager ?? this.dataSource.manager).findOneBy(ManifestRecord, where));
  }

  /** A manifest by its SOP Instance UID, whatever its status. */
  async byKos(kosSopInstanceUid: string, manager?: EntityManager): Promise<ArchivedManifest | undefined> {
    return archived(await (manager ?? this.dataSource.manager).findOneBy(ManifestRecord, { kosSopInstanceUid }));
  }

  /** The DICOM file itself. */
  async raw(kosSopInstanceUid: string): Promise<Buffer | undefined> {
    const found = await this.dataSource.manager.findOne(ManifestRecord, {
      where: { kosSopInstanceUid },
      select: { kosSopInstanceUid: true, raw: true },
    });
    return found?.raw;
  }

  /** Whether a request that names a manifest may be served, and by what. The hot path: mostly no query at all. */
  async admit(request: AdmitRequest): Promise<AdmitAnswer> {
    const { studyInstanceUid, kosSopInstanceUid } = request;
    const sure = this.listener.trusted && !this.doubts.has(studyInstanceUid);
    if (!sure || this.currentKos.get(studyInstanceUid) !== kosSopInstanceUid) {
      const refusal = await this.checkCurrent(studyInstanceUid, kosSopInstanceUid);
      if (refusal) return { ok: false, reason: refusal };
    }
    const manifest = await this.servable(kosSopInstanceUid);
    if (!manifest) return { ok: false, reason: 'unknown' };
    const lacking = manifest.lacks(request);
    return lacking ? { ok: false, reason: lacking } : { ok: true, manifest };
  }

  /**
   * Calls back when manifests change, in this process or, on a shared database, in another one: soon before or after the commit, and
   * perhaps without a change. Returns the way to stop.
   */
  onChange(listener: () => void): () => void {
    this.changeListeners.add(listener);
    return () => this.changeListeners.delete(listener);
  }

  /** Manifests that are served and became current after `since`, newest first, at most `limit`. */
  servedSince(since: Date, limit: number): Promise<ServedManifest[]> {
    return this.dataSource.manager.find(ManifestRecord, {
      where: { status: 'current', servingEndedAt: IsNull(), createdAt: MoreThan(since) },
      select: { kosSopInstanceUid: true, studyInstanceUid: true },
      order: { createdAt: 'DESC' },
      take: limit,
    });
  }

  /** Those of these manifests that are served. */
  async servedAmong(kosSopInstanceUids: readonly string[]): Promise<Set<string>> {
    const served = new Set<string>();
    for (let at = 0; at < kosSopInstanceUids.length; at += 1_000) {
      const some = In(kosSopInstanceUids.slice(at, at + 1_000));
      const found = await this.dataSource.manager.find(ManifestRecord, {
        where: { kosSopInstanceUid: some, status: 'current', servingEndedAt: IsNull() },
        select: { kosSopInstanceUid: true },
      });
      for (const { kosSopInstanceUid } of found) served.add(kosSopInstanceUid);
    }
    return served;
  }

  /** For health and metrics. */
  get cache(): { trusted: boolean; manifests: number } {
    return { trusted: this.listener.trusted, manifests: this.contents.size };
  }

  private async checkCurrent(studyInstanceUid: string, kosSopInstanceUid: string): Promise<AdmitRefusal | undefined> {
    const before = this.forgotten;
    const record = await this.dataSource.manager.findOne(ManifestRecord, {
      where: { kosSopInstanceUid },
      select: { kosSopInstanceUid: true, studyInstanceUid: true, status: true, servingEndedAt: true },
    });
    if (!record) return 'unknown';
    if (record.studyInstanceUid !== studyInstanceUid) return 'of-another-study';
    if (record.status !== 'current') return record.status;
    if (record.servingEndedAt) return 'withdrawn';
    if (before === this.forgotten && this.listener.trusted && !this.doubts.has(studyInstanceUid)) {
      this.currentKos.set(studyInstanceUid, kosSopInstanceUid);
    }
    return undefined;
  }

  private async servable(kosSopInstanceUid: string): Promise<ServableManifest | undefined> {
    const known = this.contents.get(kosSopInstanceUid);
    if (known) return known;
    const record = await this.dataSource.manager.findOneBy(ManifestRecord, { kosSopInstanceUid });
    if (!record) return undefined;
    const manifest = new ServableManifest(record);
    this.contents.set(kosSopInstanceUid, manifest, manifest.instanceCount + 1);
    return manifest;
  }

  private async store(transaction: EntityManager, given: GivenManifest): Promise<PutResult> {
    const { raw, manifest, studyInstanceUid, options } = given;
    await lockStudy(transaction, studyInstanceUid);
    const sha256 = createHash('sha256').update(raw).digest('hex');
    const same = await transaction.findOneBy(ManifestRecord, { kosSopInstanceUid: manifest.sopInstanceUid });
    if (same && same.sha256 !== sha256) throw new GatewayError(archiveErrors.sameUidOtherContent);
    if (same?.status === 'current') return { outcome: 'kept', manifest, replacedKosSopInstanceUid: undefined };
    const current = await this.currentRecord(transaction, studyInstanceUid);
    if (current && options.replaces !== 'any' && options.replaces !== current.kosSopInstanceUid) {
      throw new GatewayError(archiveErrors.otherCurrent);
    }
    if (current) {
      const change = { status: 'replaced' as const, replacedAt: new Date() };
      await transaction.update(ManifestRecord, { kosSopInstanceUid: current.kosSopInstanceUid }, change);
    }
    await transaction.save(ManifestRecord, recordOf(given, sha256), { reload: false });
    await announce(transaction, studyInstanceUid);
    const outcome = current ? 'replaced' : 'stored';
    return { outcome, manifest, replacedKosSopInstanceUid: current?.kosSopInstanceUid };
  }

  private currentRecord(manager: EntityManager, studyInstanceUid: string): Promise<ManifestRecord | null> {
    return manager.findOne(ManifestRecord, {
      where: { studyInstanceUid, status: 'current' },
      select: { kosSopInstanceUid: true },
    });
  }

  /** Runs a change; what is remembered of the study is forgotten before its end is known to anyone. */
  private async changing<T>(
    studyInstanceUid: string,
    work: (transaction: EntityManager) => Promise<T>,
    manager: EntityManager | undefined,
  ): Promise<T> {
    const settle = this.doubts.add(studyInstanceUid);
    this.forget(studyInstanceUid);
    // The end of the caller's transaction is not ours to see: the study stays in doubt for as long as one may last.
    if (manager) return work(manager);
    try {
      return await this.dataSource.transaction(work);
    } finally {
      this.forget(studyInstanceUid);
      settle();
    }
  }

  private forget(studyInstanceUid: string): void {
    this.forgotten++;
    const kos = this.currentKos.get(studyInstanceUid);
    if (kos) this.contents.delete(kos);
    this.currentKos.delete(studyInstanceUid);
    this.tellChange();
  }

  private forgetAll(): void {
    this.forgotten++;
    this.currentKos.clear();
    this.tellChange();
  }

  private tellChange(): void {
    for (const listener of this.changeListeners) listener();
  }
}

/** One change at a time per study, in all processes; released at the end of the transaction. */
async function lockStudy(transaction: EntityManager, studyInstanceUid: string): Promise<void> {
  await transaction.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 10))', [studyInstanceUid]);
}

/** Delivered to the other processes when, and only if, the transaction commits. */
async function announce(transaction: EntityManager, studyInstanceUid: string): Promise<void> {
  await transaction.query('SELECT pg_notify($1, $2)', [changeChannel, studyInstanceUid]);
}
