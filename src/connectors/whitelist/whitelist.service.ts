import { createHash } from 'node:crypto';
import { Inject, Injectable, OnApplicationShutdown, OnModuleInit } from '@nestjs/common';
import { AuditTrail } from '../../audit';
import type { ConfigOf } from '../../platform/config';
import { describeCause, GatewayError } from '../../platform/errors';
import { HealthRegistry } from '../../platform/health';
import { Logger } from '../../platform/logging';
import { counter, gauge } from '../../platform/metrics';
import { persistenceConfig } from '../../platform/persistence';
import { PkiService } from '../../platform/pki';
import {
  verifyWhiteList,
  WhiteListIndex,
  type AcceptedWhiteList,
  type SignerTrust,
  type WhiteListEntry,
  type WhiteListPolicy,
} from '../../standards/whitelist';
import { fetchWhitelist } from './fetch-whitelist';
import { keptModified, readKept, writeKept } from './kept-file';
import { readAnchors, trustByPath, trustByPathAndRevocation } from './signer-trust';
import { alarmLevel, whitelistFinding, type WhitelistStatus } from './whitelist-alarm';
import { whitelistConfig, whitelistFile } from './whitelist.config';
import { refusalErrors, whitelistErrors } from './whitelist.errors';

interface InForce extends AcceptedWhiteList {
  readonly index: WhiteListIndex;
  readonly sha256: string;
  readonly confirmedAt: Date;
}

export interface RefreshOutcome {
  /** False when the authority confirmed the list already in force. */
  readonly changed: boolean;
  readonly entries: number;
  readonly generatedAt: Date;
}

const certificatesRememberedMax = 2_000;
/** After a download that failed. Without any list nobody is admitted: then it is asked for again soon, ever less often. */
const retryMs = 15 * 60_000;
const retryWithoutListMs = 5_000;

/**
 * The white list in force: fetched every day, verified, kept on disk, asked for every peer. What is refused leaves the
 * previous list in force and raises an alarm that grows with its age.
 */
@Injectable()
export class WhitelistService implements OnModuleInit, OnApplicationShutdown {
  private readonly logger = new Logger('whitelist');
  private readonly file: string;
  private readonly listeners = new Set<() => void>();
  private readonly remembered = new Map<string, WhiteListEntry | null>();
  private readonly stopping = new AbortController();
  private inForce: InForce | undefined;
  private lastAttempt: Date | undefined;
  private lastError: string | undefined;
  private failures = 0;
  private underWay: Promise<RefreshOutcome> | undefined;
  private refreshTimer: NodeJS.Timeout | undefined;
  private lookTimer: NodeJS.Timeout | undefined;
  private readonly metrics = {
    refreshes: counter('whitelist_refreshes_total', 'Downloads of the white list, by outcome', ['outcome']),
    entries: gauge('whitelist_entries', 'Gateways of the white list in force'),
    confirmed: gauge('whitelist_confirmed_timestamp_seconds', 'When the white list in force was last confirmed'),
  };
  /** The clock; replaced in tests. */
  now: () => Date = () => new Date();

  constructor(
    @Inject(whitelistConfig.token) private readonly config: ConfigOf<typeof whitelistConfig>,
    @Inject(persistenceConfig.token) persistence: ConfigOf<typeof persistenceConfig>,
    private readonly pki: PkiService,
    private readonly audit: AuditTrail,
    health: HealthRegistry,
  ) {
    this.file = whitelistFile(config, persistence.dataDir);
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
    if (!this.inForce) return undefined;
    const fingerprint = createHash('sha256').update(peerCertificateDer).digest('base64');
    const known = this.remembered.get(fingerprint);
    if (known !== undefined) return known ?? undefined;
    const entry = this.inForce.index.forCertificate(peerCertificateDer);
    if (this.remembered.size >= certificatesRememberedMax) this.remembered.clear();
    this.remembered.set(fingerprint, entry ?? null);
    return entry;
  }

  /** Entry whose `db` is this host: asked before any token or identity is sent to an address found in a manifest. */
  isListedHost(hostname: string): WhiteListEntry | undefined {
    return this.inForce?.index.forHost(hostname);
  }

  /** Entries in force, for the operator. */
  entries(): readonly WhiteListEntry[] {
    return this.inForce?.list.entries ?? [];
  }

  /** Called after each change of the list in force; returns the way to stop. */
  onChange(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  status(): WhitelistStatus {
    const list = this.inForce?.list;
    const ageMs = this.inForce && Math.max(0, this.now().getTime() - this.inForce.confirmedAt.getTime());
    return {
      ageSeconds: ageMs === undefined ? undefined : Math.round(ageMs / 1000),
      entries: list?.entries.length ?? 0,
      unusable: list?.unusable.length ?? 0,
      generatedAt: list?.generatedAt.toISOString(),
      signedAt: this.inForce?.signedAt.toISOString(),
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
  refresh(options: { acceptOlder?: boolean } = {}): Promise<RefreshOutcome> {
    this.underWay ??= this.fetchAndTake(options.acceptOlder ?? false).finally(() => {
      this.underWay = undefined;
      this.schedule();
    });
    return this.underWay;
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

  private async fetchAndTake(acceptOlder: boolean): Promise<RefreshOutcome> {
    this.lastAttempt = this.now();
    try {
      const { url, tlsCaFile, timeoutMs } = this.config;
      if (!url) throw new GatewayError(whitelistErrors.notConfigured);
      const bytes = await fetchWhitelist({ url, tlsCaFile, timeoutMs, signal: this.stopping.signal });
      const outcome = await this.take(bytes, acceptOlder);
      this.lastError = undefined;
      this.failures = 0;
      await this.tellAccepted(outcome);
      return outcome;
    } catch (error) {
      this.failures += 1;
      if (!this.stopping.signal.aborted) await this.tellRefused(error);
      throw error;
    }
  }

  /** Verifies what arrived; on acceptance it is on disk before it is in force. */
  private async take(bytes: Buffer, acceptOlder: boolean): Promise<RefreshOutcome> {
    const accepted = await this.verifyArrived(bytes);
    const before = this.inForce;
    if (before && !acceptOlder && isOlder(accepted, before)) throw new GatewayError(whitelistErrors.older);
    const confirmedAt = this.now();
    try {
      await writeKept(this.file, { bytes, confirmedAt });
    } catch (error) {
      throw new GatewayError(whitelistErrors.notKept, { cause: error });
    }
    const changed = this.putInForce(accepted, bytes, confirmedAt);
    return { changed, entries: accepted.list.entries.length, generatedAt: accepted.list.generatedAt };
  }

  private async verifyArrived(bytes: Buffer): Promise<AcceptedWhiteList> {
    const { revocation } = this.pki;
    const anchors = await readAnchors(this.config.anchorFiles);
    revocation.trust(anchors);
    const policy = this.policy(this.now(), trustByPathAndRevocation(anchors, revocation));
    let verdict = verifyWhiteList(bytes, policy);
    if (!verdict.accepted && verdict.reason === 'revocation-unknown') {
      // The lists of this authority may not have been asked for yet.
      await revocation.refresh();
      verdict = verifyWhiteList(bytes, policy);
    }
    if (!verdict.accepted) throw new GatewayError(refusalErrors[verdict.reason], { detail: verdict.detail });
    return verdict;
  }

  private policy(at: WhiteListPolicy['at'], trust: SignerTrust): WhiteListPolicy {
    const { signerCommonName, signerUnit, strictForm } = this.config;
    return { at, trust, strictForm, signer: { commonName: signerCommonName, organizationalUnit: signerUnit } };
  }

  /** The kept list is verified again (the disk may lie), at the time it was signed: age is the alarm's business. */
  private async loadKept(): Promise<void> {
    try {
      const kept = await readKept(this.file);
      if (!kept) return;
      const anchors = await readAnchors(this.config.anchorFiles);
      const verdict = verifyWhiteList(kept.bytes, this.policy('signing-time', trustByPath(anchors)));
      if (!verdict.accepted) throw new GatewayError(refusalErrors[verdict.reason], { detail: verdict.detail });
      this.putInForce(verdict, kept.bytes, kept.confirmedAt);
      this.logger.info({ entries: verdict.list.entries.length }, 'white list read back from disk');
    } catch (error) {
      this.lastError = GatewayError.of(error)?.code ?? whitelistErrors.notKept.code;
      this.logger.error({ cause: describeCause(error) }, 'the white list kept on disk cannot be used');
    }
  }

  /** Takes the list that another process (the operator's tool, a second gateway) has renewed on disk. */
  async lookAtFile(): Promise<void> {
    const modified = await keptModified(this.file).catch(() => undefined);
    if (modified && (!this.inForce || modified > this.inForce.confirmedAt)) await this.loadKept();
  }

  private putInForce(accepted: AcceptedWhiteList, bytes: Buffer, confirmedAt: Date): boolean {
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    const changed = this.inForce?.sha256 !== sha256;
    const index = changed || !this.inForce ? new WhiteListIndex(accepted.list) : this.inForce.index;
    this.inForce = {
      list: accepted.list,
      signedAt: accepted.signedAt,
      signer: accepted.signer,
      index,
      sha256,
      confirmedAt,
    };
    this.metrics.entries.set(accepted.list.entries.length);
    this.metrics.confirmed.set(confirmedAt.getTime() / 1000);
    if (!changed) return false;
    this.remembered.clear();
    for (const listener of this.listeners) listener();
    return true;
  }

  private async tellAccepted({ changed, entries, generatedAt }: RefreshOutcome): Promise<void> {
    this.metrics.refreshes.inc({ outcome: changed ? 'changed' : 'confirmed' });
    this.logger.info({ changed, entries, generatedAt: generatedAt.toISOString() }, 'white list verified');
    const unusable = this.inForce?.list.unusable ?? [];
    if (unusable.length > 0) {
      const fields = unusable.slice(0, 20).map(({ position, field }) => `${position}: ${field}`);
      this.logger.warn({ fields }, 'entries of the white list cannot be used');
    }
    await this.record('whitelist.refreshed', { changed, entries, generatedAt: generatedAt.toISOString() });
  }

  private async tellRefused(error: unknown): Promise<void> {
    const known = GatewayError.of(error);
    this.lastError = known?.code ?? whitelistErrors.unreachable.code;
    this.metrics.refreshes.inc({ outcome: 'refused' });
    this.logger.error(
      { code: this.lastError, cause: describeCause(error), level: this.status().level },
      'white list not renewed, the previous one stays in force',
    );
    await this.record('whitelist.refused', known?.detail ? { detail: known.detail } : {}, this.lastError);
  }

  /** The trail being unreachable must not change which list is in force. */
  private async record(
    kind: 'whitelist.refreshed' | 'whitelist.refused',
    facts: Record<string, string | number | boolean>,
    errorCode?: string,
  ): Promise<void> {
    const transport = errorCode === whitelistErrors.unreachable.code || errorCode === whitelistErrors.notKept.code;
    const outcome = errorCode === undefined ? 'success' : transport ? 'failure' : 'refused';
    const peer = this.config.url ? new URL(this.config.url).hostname : 'none';
    await this.audit.record({ kind, outcome, actor: { peer }, errorCode, facts }).catch((error: unknown) => {
      this.logger.error({ cause: describeCause(error) }, 'audit of the white list could not be written');
    });
  }
}

/** Rollback: an older generation, or the same generation signed earlier (the authority does not always move the date). */
function isOlder(candidate: AcceptedWhiteList, current: AcceptedWhiteList): boolean {
  const byGeneration = candidate.list.generatedAt.getTime() - current.list.generatedAt.getTime();
  return byGeneration < 0 || (byGeneration === 0 && candidate.signedAt < current.signedAt);
}
