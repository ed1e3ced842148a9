import { Inject, Injectable, OnApplicationShutdown, OnModuleInit } from '@nestjs/common';
import { AuditTrail } from '../../audit';
import type { ConfigOf } from '../../platform/config';
import { describeCause, GatewayError } from '../../platform/errors';
import { HealthRegistry } from '../../platform/health';
import { persistenceConfig } from '../../platform/persistence';
import { PkiService } from '../../platform/pki';
import type { WhiteListEntry } from '../../standards/whitelist';
import { fetchWhitelist } from './fetch-whitelist';
import { keptModified, readKept, writeKept } from './kept-file';
import { ListInForce } from './list-in-force';
import { ListVerifier } from './list-verifier';
import { RefreshRun } from './refresh-run';
import { alarmLevel, whitelistFinding, type WhitelistStatus } from './whitelist-alarm';
import { fromDisk, refusalCode, WhitelistReports } from './whitelist-reports';
import { whitelistConfig, whitelistFile } from './whitelist.config';
import { whitelistErrors } from './whitelist.errors';

export interface RefreshOutcome {
  /** False when the authority confirmed the list already in force. */
  readonly changed: boolean;
  readonly entries: number;
  readonly generatedAt: Date;
}

/** After a download that failed. Without any list nobody is admitted: then it is asked for again soon, ever less often. */
const retryMs = 15 * 60_000;
const retryWithoutListMs = 5_000;

/**
 * The white list in force: fetched every day, verified, kept on disk, asked for every peer. What is refused leaves the
 * previous list in force and raises an alarm that grows with its age.
 */
@Injectable()
export class WhitelistService implements OnModuleInit, OnApplicationShutdown {
  private readonly file: string;
  private readonly verifier: ListVerifier;
  private readonly reports: WhitelistReports;
  private readonly listeners = new Set<() => void>();
  private readonly stopping = new AbortController();
  private inForce: ListInForce | undefined;
  private lastAttempt: Date | undefined;
  private lastError: string | undefined;
  private failures = 0;
  private underWay: RefreshRun<RefreshOutcome> | undefined;
  private refreshTimer: NodeJS.Timeout | undefined;
  private lookTimer: NodeJS.Timeout | undefined;
  /** The clock; replaced in tests. */
  now: () => Date = () => new Date();

  constructor(
    @Inject(whitelistConfig.token) private readonly config: ConfigOf<typeof whitelistConfig>,
    @Inject(persistenceConfig.token) persistence: ConfigOf<typeof persistenceConfig>,
    pki: PkiService,
    audit: AuditTrail,
    health: HealthRegistry,
  ) {
    this.file = whitelistFile(config, persistence.dataDir);
    this.verifier = new ListVerifier(config, pki);
    this.reports = new WhitelistReports(audit, config.url ? new URL(config.url).hostname : 'none');
    health.register({ name: 'white-list', critical: false, check: async () => whitelistFinding(this.status()) });
  }

  /** A list kept from before is in force at once; only without one does the start wait for the first download. */
  async onModuleInit(): Promise<void> {
    await this.loadKept();
    this.lookTimer = setInterval(() => void this.lookAtFile(), this.config.lookMs).unref();
    if (!this.config.url) return;
    const first = this.refreshQuietly();
    if (!this.inForce) await first;
  }

  onApplicationShutdown(): void {
    this.stopping.abort();
    clearTimeout(this.refreshTimer);
    clearInterval(this.lookTimer);
    this.listeners.clear();
  }

  /** Entry whose DNCertificatOperateur is the subject of this peer's certificate (DER), compared RDN by RDN. */
  isListed(peerCertificateDer: Buffer): WhiteListEntry | undefined {
    return this.inForce?.forCertificate(peerCertificateDer);
  }

  /** Entry whose `db` is this host: asked before any token or identity is sent to an address found in a manifest. */
  isListedHost(hostname: string): WhiteListEntry | undefined {
    return this.inForce?.forHost(hostname);
  }

  /** Entries in force, for the operator. */
  entries(): readonly WhiteListEntry[] {
    return this.inForce?.accepted.list.entries ?? [];
  }

  /** Called after each change of the list in force; returns the way to stop. */
  onChange(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  status(): WhitelistStatus {
    const { list, signedAt } = this.inForce?.accepted ?? {};
    const ageMs = this.inForce && Math.max(0, this.now().getTime() - this.inForce.confirmedAt.getTime());
    return {
      ageSeconds: ageMs === undefined ? undefined : Math.round(ageMs / 1000),
      entries: list?.entries.length ?? 0,
      unusable: list?.unusable.length ?? 0,
      generatedAt: list?.generatedAt.toISOString(),
      signedAt: signedAt?.toISOString(),
      confirmedAt: this.inForce?.confirmedAt.toISOString(),
      lastAttempt: this.lastAttempt?.toISOString(),
      lastError: this.lastError,
      level: alarmLevel(ageMs, this.lastError !== undefined, this.config),
    };
  }

  /**
   * Fetches and verifies now; calls at the same time share one run. Throws the GatewayError of the refusal, the list in
   * force then being unchanged.
   */
  async refresh({ acceptOlder = false }: { acceptOlder?: boolean } = {}): Promise<RefreshOutcome> {
    // One that has refused an older list by now is of no use to who accepts it.
    while (this.underWay && !this.underWay.joins(acceptOlder)) await this.underWay.outcome.catch(() => undefined);
    this.underWay ??= new RefreshRun(acceptOlder, (acceptsOlder) =>
      this.fetchAndTake(acceptsOlder).finally(() => {
        this.underWay = undefined;
        this.schedule();
      }),
    );
    return this.underWay.outcome;
  }

  private async refreshQuietly(): Promise<void> {
    await this.refresh().catch(() => undefined);
  }

  private schedule(): void {
    clearTimeout(this.refreshTimer);
    if (this.stopping.signal.aborted || !this.config.url) return;
    this.refreshTimer = setTimeout(() => void this.refreshQuietly(), this.waitMs()).unref();
  }

  private waitMs(): number {
    if (this.lastError === undefined) return this.config.refreshMs;
    const soon = this.inForce ? retryMs : retryWithoutListMs * 2 ** Math.min(10, this.failures - 1);
    return Math.min(soon, retryMs, this.config.refreshMs);
  }

  private async fetchAndTake(acceptsOlder: () => boolean): Promise<RefreshOutcome> {
    this.lastAttempt = this.now();
    try {
      const { url, tlsCaFile, timeoutMs } = this.config;
      if (!url) throw new GatewayError(whitelistErrors.notConfigured);
      const bytes = await fetchWhitelist({ url, tlsCaFile, timeoutMs, signal: this.stopping.signal });
      const accepted = await this.verifier.arrived(bytes, this.now());
      const candidate = new ListInForce(accepted, bytes, this.now());
      const outcome = await this.take(candidate, acceptsOlder());
      this.lastError = undefined;
      this.failures = 0;
      await this.reports.downloaded(candidate, outcome.changed);
      return outcome;
    } catch (error) {
      this.failures += 1;
      if (!this.stopping.signal.aborted) {
        this.lastError = refusalCode(error);
        await this.reports.refused(error);
      }
      throw error;
    }
  }

  /** What was accepted is on disk before it is in force. */
  private async take(candidate: ListInForce, acceptOlder: boolean): Promise<RefreshOutcome> {
    const { accepted, bytes, confirmedAt } = candidate;
    const isOlder = this.inForce?.isNewerThan(accepted) ?? false;
    if (isOlder && !acceptOlder) throw new GatewayError(whitelistErrors.older);
    try {
      await writeKept(this.file, { bytes, confirmedAt, isOlderAccepted: isOlder });
    } catch (error) {
      throw new GatewayError(whitelistErrors.notKept, { cause: error });
    }
    const changed = this.putInForce(candidate);
    const { entries, generatedAt } = accepted.list;
    return { changed, entries: entries.length, generatedAt };
  }

  private async loadKept(): Promise<void> {
    try {
      const kept = await readKept(this.file);
      if (!kept) return;
      const accepted = await this.verifier.kept(kept.bytes);
      if (!kept.isOlderAccepted && this.inForce?.isNewerThan(accepted)) return await this.putBack(this.inForce);
      this.putInForce(new ListInForce(accepted, kept.bytes, kept.confirmedAt));
      this.lastError = undefined;
      this.reports.logger.info({ entries: accepted.list.entries.length }, 'white list read back from disk');
    } catch (error) {
      this.lastError = GatewayError.of(error)?.code ?? whitelistErrors.notKept.code;
      this.reports.logger.error({ cause: describeCause(error) }, 'the white list kept on disk cannot be used');
    }
  }

  /** An older list in the folder, that nobody accepted as such, would be in force after the next start. */
  private async putBack({ bytes, confirmedAt }: ListInForce): Promise<void> {
    const error = new GatewayError(whitelistErrors.older, { detail: 'the file kept on disk' });
    this.lastError = error.code;
    await this.reports.refusedFrom(fromDisk, error);
    await writeKept(this.file, { bytes, confirmedAt, isOlderAccepted: false });
  }

  /** Takes the list that another process (the operator's tool, a second gateway) has renewed on disk. */
  async lookAtFile(): Promise<void> {
    if (this.underWay) return;
    const modified = await keptModified(this.file).catch(() => undefined);
    if (modified && (!this.inForce || modified > this.inForce.confirmedAt)) await this.loadKept();
  }

  private putInForce(list: ListInForce): boolean {
    const changed = this.inForce?.sha256 !== list.sha256;
    if (changed || !this.inForce) this.inForce = list;
    else this.inForce.confirmedAt = list.confirmedAt;
    this.reports.inForce(this.inForce);
    if (changed) for (const listener of this.listeners) listener();
    return changed;
  }
}
