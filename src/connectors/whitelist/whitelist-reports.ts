import type { AuditTrail } from '../../audit';
import { describeCause, GatewayError } from '../../platform/errors';
import { Logger } from '../../platform/logging';
import { counter, gauge } from '../../platform/metrics';
import type { ListInForce } from './list-in-force';
import { whitelistErrors } from './whitelist.errors';

/** Told as the origin of a list that was found in the folder instead of downloaded. */
export const fromDisk = 'disk';
const fieldsNamedMax = 20;

/** What is said of the white list: metrics, log, audit. */
export class WhitelistReports {
  readonly logger = new Logger('whitelist');
  private readonly refreshes = counter('whitelist_refreshes_total', 'Downloads of the white list, by outcome', [
    'outcome',
  ]);
  private readonly entries = gauge('whitelist_entries', 'Gateways of the white list in force');
  private readonly confirmed = gauge(
    'whitelist_confirmed_timestamp_seconds',
    'When the white list in force was last confirmed',
  );

  constructor(
    private readonly audit: AuditTrail,
    /** Where downloads come from. */
    private readonly peer: string,
  ) {}

  inForce({ accepted, confirmedAt }: ListInForce): void {
    this.entries.set(accepted.list.entries.length);
    this.confirmed.set(confirmedAt.getTime() / 1000);
  }

  async downloaded({ accepted: { list } }: ListInForce, changed: boolean): Promise<void> {
    const facts = { changed, entries: list.entries.length, generatedAt: list.generatedAt.toISOString() };
    this.refreshes.inc({ outcome: changed ? 'changed' : 'confirmed' });
    this.logger.info(facts, 'white list verified');
    if (list.unusable.length > 0) {
      const fields = list.unusable.slice(0, fieldsNamedMax).map(({ position, field }) => `${position}: ${field}`);
      this.logger.warn({ fields }, 'entries of the white list cannot be used');
    }
    await this.record({ kind: 'whitelist.refreshed', outcome: 'success', actor: { peer: this.peer }, facts });
  }

  /** A download that was refused or failed. */
  async refused(error: unknown): Promise<void> {
    this.refreshes.inc({ outcome: 'refused' });
    await this.refusedFrom(this.peer, error);
  }

  async refusedFrom(peer: string, error: unknown): Promise<void> {
    const errorCode = refusalCode(error);
    const detail = GatewayError.of(error)?.detail;
    const transport = errorCode === whitelistErrors.unreachable.code || errorCode === whitelistErrors.notKept.code;
    this.logger.error(
      { code: errorCode, peer, cause: describeCause(error) },
      'white list not renewed, the previous one stays in force',
    );
    await this.record({
      kind: 'whitelist.refused',
      outcome: transport ? 'failure' : 'refused',
      actor: { peer },
      errorCode,
      facts: detail ? { detail } : {},
    });
  }

  /** The trail being unreachable must not change which list is in force: it is told as soon as the trail is back. */
  private async record(event: Parameters<AuditTrail['record']>[0]): Promise<void> {
    await this.audit.recordDone(event);
  }
}

/** Stable code of what went wrong with a list. */
export function refusalCode(error: unknown): string {
  return GatewayError.of(error)?.code ?? whitelistErrors.unreachable.code;
}
