import type { HealthFinding, HealthLevel } from '../../platform/health';

export interface WhitelistStatus {
  /** Seconds since the authority last confirmed the list in force; undefined without a list. */
  readonly ageSeconds: number | undefined;
  readonly entries: number;
  readonly unusable: number;
  /** ISO times. */
  readonly generatedAt: string | undefined;
  readonly signedAt: string | undefined;
  readonly confirmedAt: string | undefined;
  readonly lastAttempt: string | undefined;
  /** Stable code of the catalogue; undefined after a success. */
  readonly lastError: string | undefined;
  readonly level: HealthLevel;
}

export interface AlarmLimits {
  readonly warnAfterMs: number;
  readonly errorAfterMs: number;
}

/** The alarm grows with age: a refusal warns at once, age alone later, and ends as an error. */
export function alarmLevel(ageMs: number | undefined, hasError: boolean, limits: AlarmLimits): HealthLevel {
  if (ageMs === undefined || ageMs > limits.errorAfterMs) return 'down';
  return hasError || ageMs > limits.warnAfterMs ? 'warning' : 'up';
}

/** What the operator reads. */
export function whitelistFinding(status: WhitelistStatus): HealthFinding {
  const facts = Object.fromEntries(Object.entries(status).filter(([, value]) => value !== undefined)) as Record<
    string,
    string | number
  >;
  const hours = Math.floor((status.ageSeconds ?? 0) / 3600);
  const cause = status.lastError ? ` Dernier refus : ${status.lastError}.` : '';
  if (status.ageSeconds === undefined) {
    return {
      level: 'down',
      summary: `Aucune liste blanche n’est en vigueur : aucun pair n’est admis.${cause}`,
      advice:
        'Vérifier l’adresse de la liste blanche et les autorités de son signataire, puis « drimbox whitelist refresh ».',
      facts,
    };
  }
  const summary = `Liste blanche de ${status.entries} passerelles, confirmée il y a ${hours} h.${cause}`;
  if (status.level === 'up') return { level: 'up', summary, facts };
  return {
    level: status.level,
    summary,
    advice:
      'La liste précédente reste en vigueur. Vérifier l’accès à la liste blanche, puis « drimbox whitelist refresh ».',
    facts,
  };
}
