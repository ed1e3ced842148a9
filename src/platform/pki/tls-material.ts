import { constants, X509Certificate } from 'node:crypto';
import { stat } from 'node:fs/promises';
import type { SecureContextOptions, Server as TlsServer } from 'node:tls';
import { Agent, buildConnector, Dispatcher } from 'undici';
import { describeCause } from '../errors';
import { Logger } from '../logging';
import { KeyMaterial, LoadedMaterial, MaterialSource } from './key-material';
import { examinedConnector } from './examined-connector';
import { PeerExaminer } from './peer-examiner';
import { fault, PkiFault, PkiFaultsError } from './pki-fault';
import { daysLeft, MaterialUse, readAndProve } from './prove-material';
import { Revocation } from './revocation';
import { RotatingAgent } from './rotating-agent';

export interface TlsMaterialOptions {
  readonly use: MaterialUse;
  readonly nearEndDays?: number;
  readonly hostNames?: readonly string[];
  /** As in `ProofOptions`. */
  readonly isJudgedByPeer?: boolean;
  /** How often the files are looked at, ms; 0 never looks by itself. */
  readonly pollMs?: number;
  readonly now?: () => Date;
}

/** Options of outgoing calls: those of undici, TLS ones in `connect`. */
export interface AgentOptions extends Omit<Agent.Options, 'connect'> {
  readonly connect?: buildConnector.BuildOptions;
  readonly revocation?: Revocation;
}

/** What health tells about one certificate. */
export interface CertificateStatus {
  readonly material: string;
  readonly use: MaterialUse;
  readonly subject: string;
  readonly notAfter: string;
  readonly daysLeft: number;
  readonly level: 'up' | 'warning' | 'down';
  /** Faults of the files as they are now on disk; when there are errors the previous material stays in use. */
  readonly faults: readonly PkiFault[];
}

/**
 * Key, certificate and authorities of one use, kept in step with their files: servers bound to it and agents made from
 * it use the new ones for every connection made after the change. Files that do not fit together are refused and the
 * previous material stays in use, so a renewal may replace them one by one.
 */
export class TlsMaterial {
  private readonly logger = new Logger('pki');
  private readonly listeners = new Set<() => void>();
  private loaded!: LoadedMaterial;
  private stamp = '';
  private timer?: NodeJS.Timeout;
  private faultsNow: readonly PkiFault[] = [];

  private constructor(
    readonly source: MaterialSource,
    private readonly options: TlsMaterialOptions,
  ) {}

  /** Reads and proves; throws `PkiFaultsError` with every fault when the material may not be used. */
  static async load(source: MaterialSource, options: TlsMaterialOptions): Promise<TlsMaterial> {
    const made = new TlsMaterial(source, options);
    made.stamp = await made.fileStamp();
    const { material, faults } = await made.read();
    if (faults.some((one) => one.severity === 'error')) throw new PkiFaultsError(source.name, faults);
    made.loaded = material;
    made.faultsNow = faults;
    if (options.pollMs !== 0) made.watch(options.pollMs ?? 5_000);
    return made;
  }

  get anchors(): readonly X509Certificate[] {
    return this.loaded.anchors;
  }

  /** Key and certificate in use; throws when the material holds anchors only. */
  get pair(): KeyMaterial {
    const { key, certificate, chain } = this.loaded;
    if (!key || !certificate)
      throw new PkiFaultsError(this.source.name, [fault('certificate-missing', 'anchors only')]);
    return { key, certificate, chain: chain ?? [] };
  }

  /** Options of node's `tls`: TLS 1.2 and 1.3, no session tickets (each connection shows its certificate again). */
  contextOptions(): SecureContextOptions {
    const { key, certificate, chain, anchors } = this.loaded;
    const pem = (certificates: readonly X509Certificate[]) => certificates.map((one) => one.toString()).join('\n');
    return {
      ...(key ? { key: key.export({ type: 'pkcs8', format: 'pem' }) } : {}),
      ...(certificate ? { cert: pem([certificate, ...(chain ?? [])]) } : {}),
      ca: anchors.map((anchor) => anchor.toString()),
      minVersion: 'TLSv1.2',
      secureOptions: constants.SSL_OP_NO_TICKET | constants.SSL_OP_NO_RENEGOTIATION,
    };
  }

  onChange(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Gives the server the current material now and at each change; returns how to stop. */
  bindServer(server: TlsServer): () => void {
    const apply = () => server.setSecureContext(this.contextOptions());
    apply();
    return this.onChange(apply);
  }

  /**
   * An undici dispatcher for outgoing calls; `more` as for `undici.Agent`, with the TLS options completed.
   * With `revocation`, a revoked server is refused before the first request byte (`PeerRefusedError`).
   */
  createAgent(more: AgentOptions = {}): Dispatcher & { close(): Promise<void> } {
    const { connect, revocation, ...agentOptions } = more;
    const examiner = revocation && new PeerExaminer({ anchors: () => this.anchors, revocation, now: this.options.now });
    const build = () => {
      const timeout = agentOptions.connectTimeout ?? 10_000;
      const tls = { ...this.contextOptions(), timeout, ...connect } as buildConnector.BuildOptions;
      return new Agent({ ...agentOptions, connect: examiner ? examinedConnector(tls, examiner) : tls });
    };
    const agent = new RotatingAgent(build);
    agent.onClosed(this.onChange(() => agent.rotate()));
    return agent;
  }

  /** Looks at the files now. @returns whether new material came into use. */
  async reload(): Promise<boolean> {
    const stamp = await this.fileStamp();
    const { material, faults } = await this.read();
    this.stamp = stamp;
    this.faultsNow = faults;
    if (faults.some((one) => one.severity === 'error')) {
      this.logger.error(
        { material: this.source.name, faults: faults.map((f) => f.code) },
        'new key or certificate refused, the previous one stays in use',
      );
      return false;
    }
    if (fingerprint(material) === fingerprint(this.loaded)) return false;
    this.loaded = material;
    this.logger.info({ material: this.source.name }, 'key, certificate or authorities reloaded');
    for (const listener of this.listeners) listener();
    return true;
  }

  status(): CertificateStatus {
    const { certificate } = this.loaded;
    const now = this.now();
    const left = certificate ? daysLeft(certificate, now) : Number.MAX_SAFE_INTEGER;
    const isFaulty = this.faultsNow.some((one) => one.severity === 'error');
    const isNearEnd = left < (this.options.nearEndDays ?? 30);
    return {
      material: this.source.name,
      use: this.options.use,
      subject: certificate?.subject.split('\n').reverse().join(',') ?? '',
      notAfter: certificate ? new Date(certificate.validTo).toISOString() : '',
      daysLeft: left,
      level: left < 0 ? 'down' : isFaulty || isNearEnd ? 'warning' : 'up',
      faults: this.faultsNow,
    };
  }

  close(): void {
    clearInterval(this.timer);
    this.listeners.clear();
  }

  private now(): Date {
    return this.options.now?.() ?? new Date();
  }

  private read() {
    const { use, nearEndDays = 30, hostNames, isJudgedByPeer } = this.options;
    return readAndProve(this.source, { use, nearEndDays, hostNames, isJudgedByPeer, now: this.now() });
  }

  /** Polling, because change notices do not cross mounted volumes and renamed folders reliably. */
  private watch(pollMs: number): void {
    let isBusy = false;
    const look = async () => {
      if (isBusy) return;
      isBusy = true;
      try {
        if ((await this.fileStamp()) !== this.stamp) await this.reload();
      } catch (error) {
        this.logger.error(
          { material: this.source.name, cause: describeCause(error) },
          'key files could not be looked at',
        );
      } finally {
        isBusy = false;
      }
    };
    this.timer = setInterval(() => void look(), pollMs);
    this.timer.unref();
  }

  private async fileStamp(): Promise<string> {
    const { certificateFile, keyFile, chainFile, pkcs12File, passphraseFile, anchorFiles } = this.source;
    const files = [certificateFile, keyFile, chainFile, pkcs12File, passphraseFile, ...anchorFiles].filter(
      (f) => f !== undefined,
    );
    const stamps = await Promise.all(
      files.map((file) =>
        stat(file).then(
          (s) => `${s.ino}/${s.size}/${s.mtimeMs}`,
          () => 'absent',
        ),
      ),
    );
    return stamps.join(' ');
  }
}

function fingerprint(material: LoadedMaterial): string {
  const all = [material.certificate, ...(material.chain ?? []), ...material.anchors];
  return all.map((one) => one?.fingerprint256 ?? '-').join(' ');
}
