import type { WhitelistStatus } from './whitelist-alarm';
import type { RefreshOutcome, WhitelistService } from './whitelist.service';

export interface WhitelistView {
  readonly status: WhitelistStatus;
  readonly entries: readonly {
    readonly identifiant: string;
    readonly db: string;
    readonly vi: string | undefined;
    readonly denomination: string;
    readonly dn: string;
    readonly dateMaj: string;
  }[];
}

/** `drimbox whitelist show`: data for `--json`. */
export function showWhitelist(service: WhitelistService): WhitelistView {
  return {
    status: service.status(),
    entries: service.entries().map(({ identifiant, db, vi, denomination, dn, dateMaj }) => ({
      identifiant,
      db,
      vi,
      denomination,
      dn,
      dateMaj: dateMaj.toISOString(),
    })),
  };
}

/** `drimbox whitelist show`: text for people. */
export function printWhitelist({ status, entries }: WhitelistView): string {
  const head = [
    `level: ${status.level}`,
    `generated: ${status.generatedAt ?? 'never'}`,
    `signed: ${status.signedAt ?? 'never'}`,
    `confirmed: ${status.confirmedAt ?? 'never'}`,
    ...(status.lastError ? [`last error: ${status.lastError}`] : []),
    `entries: ${status.entries}${status.unusable > 0 ? ` (and ${status.unusable} unusable)` : ''}`,
  ];
  return [...head, ...entries.map(({ db, denomination, dn }) => `${db}\t${denomination}\t${dn}`)].join('\n');
}

/** `drimbox whitelist refresh [--accept-older]`: throws the GatewayError whose operator text says what to do. */
export async function refreshWhitelist(
  service: WhitelistService,
  options: { acceptOlder: boolean },
): Promise<RefreshOutcome & { text: string }> {
  const outcome = await service.refresh(options);
  const word = outcome.changed ? 'new white list in force' : 'white list confirmed, unchanged';
  return { ...outcome, text: `${word}: ${outcome.entries} entries, generated ${outcome.generatedAt.toISOString()}` };
}
