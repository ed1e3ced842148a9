import { createHash, X509Certificate } from 'node:crypto';
import { describeCause } from '../errors';
import { Logger } from '../logging';
import { certificateCrlUrls, certificateSerialKey } from './certificate-fields';
import { isSelfSigned } from './chain';
import {
  CrlError,
  CrlLimits,
  defaultCrlLimits,
  parseRevocationList,
  RevocationList,
  verifyRevocationList,
} from './crl';
import { CrlCache } from './crl-cache';
import { fetchRevocationList } from './crl-fetch';

export type RevocationMode = 'required' | 'off';

export interface RevocationOptions {
  /** `required`: a certificate whose list is missing or too old is refused. `off`: nothing is checked (sandbox only). */
  readonly mode: RevocationMode;
  /** Whole path, or the end certificate only. */
  readonly scope?: 'path' | 'leaf';
  /** Lists to keep, besides those named in the certificates of `trust`. */
  readonly urls: readonly string[];
  readonly cacheDir: string;
  /** How long after nextUpdate a list is still believed when no newer one can be had, ms. */
  readonly toleranceMs: number;
  /** Longest time between two refreshes, ms. */
  readonly refreshMs: number;
  /** Time for one download, ms. */
  readonly timeoutMs: number;
  readonly limits?: CrlLimits;
  readonly now?: () => Date;
}

/** `fresh` before nextUpdate, `tolerated` after it but within the tolerance (an alarm), `expired` after that. */
export type CrlLevel = 'fresh' | 'tolerated' | 'expired' | 'missing';

export interface RevocationVerdict {
  readonly state: 'good' | 'revoked' | 'unavailable';
  /** Level of the oldest list used. */
  readonly level: CrlLevel;
  /** Subject of the authority whose list decided or is missing. */
  readonly authority?: string;
}

export interface CrlStatus {
  readonly authority: string;
  readonly thisUpdate: string;
  readonly nextUpdate: string;
  readonly ageSeconds: number;
  readonly revokedCount: number;
  readonly level: CrlLevel;
}

interface KeptList {
  readonly list: RevocationList;
  readonly authority: X509Certificate;
}

const urlsMax = 64;
const authoritiesMax = 256;
const provokedPauseMs = 5_000;

/**
 * The revocation lists of the trusted authorities: fetched, verified, kept on disk and in memory, refreshed ahead of
 * time. Looking up a certificate never waits for the network.
 */
export class Revocation {
  private readonly logger = new Logger('pki');
  private readonly authorities = new Map<string, X509Certificate>();
  private readonly urls = new Set<string>();
  private readonly kept = new Map<string, KeptList>();
  private readonly problems = new Map<string, string>();
  private readonly listeners = new Set<() => void>();
  private readonly cache: CrlCache;
  private readonly stopping = new AbortController();
  private timer?: NodeJS.Timeout;
  private underWay?: Promise<void>;
  private provokedAtMs = 0;
  private listsTaken = 0;

  constructor(private readonly options: RevocationOptions) {
    this.cache = new CrlCache(options.cacheDir);
    for (const url of options.urls) this.learn(url);
  }

  /**
   * Authorities whose lists are believed, and certificates whose distribution points are worth asking. Only give what
   * was proven to come from a configured anchor: these addresses will be called.
   */
  trust(certificates: readonly X509Certificate[]): void {
    for (const certificate of certificates) {
      if (certificate.ca && this.authorities.size < authoritiesMax)
        this.authorities.set(keyId(certificate), certificate);
      for (const url of certificateCrlUrls(certificate.raw)) this.learn(url);
    }
  }

  private learn(url: string): void {
    if (this.urls.size < urlsMax) this.urls.add(url);
  }

  /** Reads the disk, then the network, then keeps refreshing until `stop`. Failures are told by `status`, never thrown. */
  async start(): Promise<void> {
    if (this.options.mode === 'off') return;
    await this.loadCached();
    await this.refresh();
  }

  stop(): void {
    this.stopping.abort();
    clearTimeout(this.timer);
    this.listeners.clear();
  }

  /** Called after each refresh that brought a new list. */
  onChange(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Fetches every list now; calls at the same time share one run. */
  refresh(): Promise<void> {
    this.underWay ??= this.fetchAll().finally(() => {
      this.underWay = undefined;
      this.schedule();
    });
    return this.underWay;
  }

  /** As `refresh`, but not more often than every few seconds: for what callers can provoke. */
  refreshSoon(): Promise<void> {
    const now = Date.now();
    if (!this.underWay && now - this.provokedAtMs < provokedPauseMs) return Promise.resolve();
    this.provokedAtMs = now;
    return this.refresh();
  }

  /** Says whether a path (certificate first, anchor last) holds a revoked certificate. */
  check(path: readonly X509Certificate[]): RevocationVerdict {
    if (this.options.mode === 'off') return { state: 'good', level: 'fresh' };
    let level: CrlLevel = 'fresh';
    const depth = this.options.scope === 'leaf' ? 1 : path.length - 1;
    for (let index = 0; index < depth; index++) {
      const issuer = path[index + 1];
      if (!issuer) return { state: 'unavailable', level: 'missing' };
      const found = this.kept.get(keyId(issuer));
      const authority = subjectOf(issuer);
      if (!found) return { state: 'unavailable', level: 'missing', authority };
      if (found.list.isRevoked(certificateSerialKey(path[index].raw))) return { state: 'revoked', level, authority };
      const own = this.levelOf(found.list);
      if (own === 'expired') return { state: 'unavailable', level: own, authority };
      if (own === 'tolerated') level = own;
    }
    return { state: 'good', level };
  }

  /** Changes when a list does: a verdict given under another version has to be asked for again. */
  get version(): number {
    return this.listsTaken;
  }

  /** Until when (ms) a good verdict about this path holds with the lists in use: the end of the tolerance of the first to end. */
  goodUntilMs(path: readonly X509Certificate[]): number {
    if (this.options.mode === 'off') return Infinity;
    const depth = this.options.scope === 'leaf' ? 1 : path.length - 1;
    const ends = path.slice(1, depth + 1).map((issuer) => this.kept.get(keyId(issuer))?.list.nextUpdate.getTime() ?? 0);
    return Math.min(Infinity, ...ends) + this.options.toleranceMs;
  }

  status(): { lists: CrlStatus[]; problems: { url: string; reason: string }[]; level: CrlLevel } {
    const now = this.now().getTime();
    const lists = [...this.kept.values()].map(({ list, authority }) => ({
      authority: subjectOf(authority),
      thisUpdate: list.thisUpdate.toISOString(),
      nextUpdate: list.nextUpdate.toISOString(),
      ageSeconds: Math.max(0, Math.round((now - list.thisUpdate.getTime()) / 1_000)),
      revokedCount: list.revokedCount,
      level: this.levelOf(list),
    }));
    const problems = [...this.problems].map(([url, reason]) => ({ url, reason }));
    return { lists, problems, level: this.options.mode === 'off' ? 'fresh' : this.worstLevel(lists) };
  }

  private worstLevel(lists: readonly CrlStatus[]): CrlLevel {
    const issuers = [...this.authorities.values()].filter((one) => !isSelfSigned(one));
    if (lists.length === 0 || issuers.some((one) => !this.kept.has(keyId(one)))) return 'missing';
    const order: CrlLevel[] = ['expired', 'tolerated', 'fresh'];
    return order.find((level) => lists.some((list) => list.level === level)) ?? 'missing';
  }

  private levelOf(list: RevocationList): CrlLevel {
    const late = this.now().getTime() - list.nextUpdate.getTime();
    if (late <= 0) return 'fresh';
    return late <= this.options.toleranceMs ? 'tolerated' : 'expired';
  }

  private now(): Date {
    return this.options.now?.() ?? new Date();
  }

  private async loadCached(): Promise<void> {
    for (const url of this.urls) {
      const bytes = await this.cache.read(url, this.limits.bytesMax);
      if (bytes) this.accept(url, bytes);
    }
  }

  private get limits(): CrlLimits {
    return this.options.limits ?? defaultCrlLimits;
  }

  private async fetchAll(): Promise<void> {
    let hasNews = false;
    for (const url of [...this.urls]) {
      if (this.stopping.signal.aborted) return;
      try {
        const signal = AbortSignal.any([this.stopping.signal, AbortSignal.timeout(this.options.timeoutMs)]);
        const bytes = await fetchRevocationList(url, { bytesMax: this.limits.bytesMax, signal });
        if (!this.accept(url, bytes)) continue;
        hasNews = true;
        await this.cache.write(url, bytes);
      } catch (error) {
        this.problems.set(url, describeCause(error));
        this.logger.warn({ url, cause: describeCause(error) }, 'revocation list could not be fetched');
      }
    }
    if (hasNews) for (const listener of this.listeners) listener();
  }

  /** Keeps a list that one of the authorities signed and that is not older than the one in use. @returns whether it is kept. */
  private accept(url: string, bytes: Buffer): boolean {
    try {
      const list = parseRevocationList(bytes, this.limits);
      const authority = this.authorityOf(list);
      const before = this.kept.get(keyId(authority));
      if (before && before.list.thisUpdate > list.thisUpdate) throw new CrlError('older');
      this.kept.set(keyId(authority), { list, authority });
      this.listsTaken += 1;
      this.problems.delete(url);
      return true;
    } catch (error) {
      const reason = error instanceof CrlError ? error.reason : describeCause(error);
      this.problems.set(url, reason);
      this.logger.warn({ url, reason }, 'revocation list refused, the previous one stays in use');
      return false;
    }
  }

  private authorityOf(list: RevocationList): X509Certificate {
    let last = new CrlError('issuer-mismatch');
    for (const authority of this.authorities.values()) {
      try {
        verifyRevocationList(list, authority);
        return authority;
      } catch (error) {
        if (error instanceof CrlError && error.reason !== 'issuer-mismatch') last = error;
      }
    }
    throw last;
  }

  /** The next run: in the last tenth of the shortest validity, at the configured pace, or soon when something failed. */
  private schedule(): void {
    if (this.stopping.signal.aborted) return;
    const now = this.now().getTime();
    const waits = [...this.kept.values()].map(({ list }) => {
      const validity = list.nextUpdate.getTime() - list.thisUpdate.getTime();
      return list.nextUpdate.getTime() - validity / 10 - now;
    });
    const retry = this.problems.size > 0 ? [60_000] : [];
    const wait = Math.min(this.options.refreshMs, ...waits, ...retry);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.refresh(), Math.min(Math.max(wait, 5_000), 2 ** 31 - 1));
    this.timer.unref();
  }
}

/** Identity of an authority: its key, because names can be borrowed. */
function keyId(authority: X509Certificate): string {
  return createHash('sha256')
    .update(authority.publicKey.export({ type: 'spki', format: 'der' }))
    .digest('base64');
}

function subjectOf(certificate: X509Certificate): string {
  return certificate.subject.split('\n').reverse().join(',');
}
