import { hostname } from 'node:os';
import { join } from 'node:path';
import { Inject, Injectable } from '@nestjs/common';
import type { LoadedConfig, Slice } from '../../platform/config';
import { describeCause } from '../../platform/errors';
import { Logger } from '../../platform/logging';
import { persistenceConfig, PersistenceConfig } from '../../platform/persistence';
import { auditFolder } from '../chain';
import { AuditTrail } from '../trail/audit-trail';
import {
  certificateDigests,
  certificateFiles,
  compare,
  KnownState,
  newSalt,
  overallDigest,
  readKnown,
  settingsDigests,
  writeKnown,
} from './known-state';

/** Injection token of what the process was started with. */
export const GATEWAY_SETTINGS = Symbol('gateway-settings');

export interface GatewaySettings {
  readonly slices: readonly Slice[];
  readonly config: LoadedConfig;
}

const lookMs = 30_000;
/** Names in one record: more are counted. */
const namesMax = 100;

/** Start and stop of this process, and what changed in its settings and certificates, in the trail. */
@Injectable()
export class GatewayLife {
  private readonly logger = new Logger('audit');
  private readonly file: string;
  private known: KnownState | undefined;
  private timer?: NodeJS.Timeout;
  private looking: Promise<void> = Promise.resolve();

  constructor(
    private readonly trail: AuditTrail,
    @Inject(GATEWAY_SETTINGS) private readonly settings: GatewaySettings,
    @Inject(persistenceConfig.token) persistence: Pick<PersistenceConfig, 'dataDir'>,
  ) {
    this.file = join(auditFolder(persistence.dataDir), 'known.json');
  }

  /** Everything listens: told once. */
  async started(): Promise<void> {
    const before = await readKnown(this.file);
    const salt = before?.salt ?? newSalt();
    const { slices, config } = this.settings;
    const settings = settingsDigests(slices, config, salt);
    const certificates = await certificateDigests(certificateFiles(slices, config));
    const configuration = overallDigest(settings, salt);
    await this.record('gateway.started', { node: process.version, configuration });
    if (before) await this.tellSettings(before.settings, settings, configuration);
    await this.tellCertificates(before?.certificates, certificates);
    this.known = { salt, settings, certificates };
    await writeKnown(this.file, this.known);
    this.timer = setInterval(() => {
      this.looking = this.look();
    }, lookMs).unref();
  }

  /** The last line of this process. A process that was killed has none: its next start follows a start. */
  async stopped(): Promise<void> {
    clearInterval(this.timer);
    await this.looking;
    if (!this.known) return;
    this.known = undefined;
    await this.record('gateway.stopped', {});
  }

  /** Files of certificates are taken while the gateway runs: so is their change. Never rejects. */
  async look(): Promise<void> {
    const { known } = this;
    if (!known) return;
    try {
      const { slices, config } = this.settings;
      const certificates = { ...known.certificates, ...(await certificateDigests(certificateFiles(slices, config))) };
      if (!(await this.tellCertificates(known.certificates, certificates))) return;
      this.known = { ...known, certificates };
      await writeKnown(this.file, this.known);
    } catch (error) {
      this.logger.error({ cause: describeCause(error) }, 'a change of certificates could not be audited');
    }
  }

  private async tellSettings(
    before: Readonly<Record<string, string>>,
    after: Readonly<Record<string, string>>,
    configuration: string,
  ): Promise<void> {
    const { changed, added, removed } = compare(before, after);
    const names = { changed, added, removed };
    const facts = Object.fromEntries(
      Object.entries(names).flatMap(([kind, list]) => (list.length > 0 ? [[kind, listed(list)]] : [])),
    );
    if (Object.keys(facts).length > 0) await this.record('configuration.changed', { ...facts, configuration });
  }

  /** @returns whether anything changed */
  private async tellCertificates(
    before: Readonly<Record<string, string>> | undefined,
    after: Readonly<Record<string, string>>,
  ): Promise<boolean> {
    if (!before) return false;
    const { changed, added } = compare(before, after);
    for (const use of [...changed, ...added].slice(0, namesMax))
      await this.record('certificate.changed', { use, sha256: after[use] ?? '', before: before[use] ?? '' });
    return changed.length + added.length > 0;
  }

  private record(
    kind: 'gateway.started' | 'gateway.stopped' | 'configuration.changed' | 'certificate.changed',
    facts: Readonly<Record<string, string>>,
  ): Promise<void> {
    const process_ = `${hostname()}:${process.pid}`;
    return this.trail.record({ kind, outcome: 'success', actor: {}, facts: { process: process_, ...facts } });
  }
}

function listed(names: readonly string[]): string {
  const more = names.length - namesMax;
  return names.slice(0, namesMax).join(' ') + (more > 0 ? ` and ${more} more` : '');
}
