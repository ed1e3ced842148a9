import { Inject, Injectable, OnApplicationShutdown, OnModuleInit } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { HealthFinding, HealthRegistry } from '../../platform/health';
import { gauge } from '../../platform/metrics';
import { persistenceConfig, PersistenceConfig } from '../../platform/persistence';
import { AuditTrail } from '../trail/audit-trail';
import { auditFolder } from './audit-key';
import { AuditConfig, auditConfig } from './chain.config';
import { Witness, WitnessedBreak } from './witness';

const measureMs = 15_000;
/** Lines that wait longer than so many turns of the chain are late. */
const turnsMax = 60;
const oldestWaiting = gauge(
  'audit_chain_waiting_seconds',
  'Age of the oldest line of the trail without a place in the chain',
);
const breaks = gauge('audit_chain_breaks', 'How often the trail was found without lines that were seen before');

/** Tells the operator that lines wait for their place, or that the trail was cut. */
@Injectable()
export class ChainHealth implements OnModuleInit, OnApplicationShutdown {
  private readonly witness: Witness;
  private timer?: NodeJS.Timeout;

  constructor(
    private readonly dataSource: DataSource,
    private readonly health: HealthRegistry,
    private readonly trail: AuditTrail,
    @Inject(auditConfig.token) private readonly config: AuditConfig,
    @Inject(persistenceConfig.token) persistence: Pick<PersistenceConfig, 'dataDir'>,
  ) {
    this.witness = new Witness(auditFolder(persistence.dataDir));
  }

  onModuleInit(): void {
    this.health.register({ name: 'audit-trail', critical: false, check: () => this.check() });
    this.timer = setInterval(() => void this.check().catch(() => undefined), measureMs).unref();
  }

  onApplicationShutdown(): void {
    clearInterval(this.timer);
  }

  async check(): Promise<HealthFinding> {
    const broken = await this.witness.breaks();
    const waitingSeconds = await this.oldestWaiting();
    breaks.set(broken.length);
    oldestWaiting.set(waitingSeconds);
    const { held, lost } = this.trail.missing;
    const facts = { waitingSeconds: Math.round(waitingSeconds), breaks: broken.length, held, lost };
    if (broken.length > 0)
      return {
        level: 'down',
        summary: summaryOf(broken),
        advice: 'Lancer « drimbox audit verify » et suivre docs/runbook/audit-trail.md.',
        facts,
      };
    if (held + lost > 0)
      return {
        level: 'down',
        summary:
          lost > 0
            ? `${lost} ${unwritten} : trop nombreuses, elles sont perdues.`
            : `${held} ${unwritten} : elles attendent.`,
        advice: 'Rétablir la base de données sans arrêter ce processus, puis suivre docs/runbook/audit-trail.md.',
        facts,
      };
    if (waitingSeconds * 1_000 > Math.max(turnsMax * this.config.chainMs, 60_000))
      return {
        level: 'warning',
        summary: 'Des lignes du journal d’audit attendent leur place dans la chaîne.',
        advice: 'Lire le journal technique : base de données, clé d’audit, verrou d’un autre processus.',
        facts,
      };
    return { level: 'up', summary: 'Le journal d’audit est chaîné et signé.', facts };
  }

  private async oldestWaiting(): Promise<number> {
    const [{ seconds }] = await this.dataSource.query<[{ seconds: number | null }]>(
      `SELECT extract(epoch FROM now() - min(r.at))::float8 AS seconds FROM audit_record r
       WHERE r.id > (SELECT settled_id FROM audit_chain_state)
         AND NOT EXISTS (SELECT 1 FROM audit_chain c WHERE c.record_id = r.id)`,
    );
    return Math.max(0, seconds ?? 0);
  }
}

const unwritten = 'ligne(s) du journal d’audit n’ont pas pu être écrites';

function summaryOf(broken: readonly WitnessedBreak[]): string {
  const cut = broken.findLast(({ cause }) => cause === undefined);
  if (cut) return `Il manque au journal d’audit des lignes vues auparavant (${cut.at}).`;
  return `Le témoin du journal d’audit (head.json) était illisible (${broken.at(-1)?.at ?? ''}) ; il a été réécrit.`;
}
