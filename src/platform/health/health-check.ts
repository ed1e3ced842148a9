export type HealthLevel = 'up' | 'warning' | 'down';

/** What one check found. Texts name systems, never people. */
export interface HealthFinding {
  readonly level: HealthLevel;
  /** One French sentence for the operator's page: what was found. */
  readonly summary: string;
  /** What to do, in French, when not up. */
  readonly advice?: string;
  readonly facts?: Readonly<Record<string, string | number | boolean>>;
}

export interface HealthCheck {
  /** kebab-case, unique: `pacs-main`, `database`, `white-list`… */
  readonly name: string;
  /** When down, the gateway is not ready (a load balancer takes it out). */
  readonly critical: boolean;
  /** Must really ask; may take up to `timeoutMs` (default 3 s). */
  check(signal: AbortSignal): Promise<HealthFinding>;
  readonly timeoutMs?: number;
}

export interface HealthReport extends HealthFinding {
  readonly name: string;
  readonly critical: boolean;
  /** ISO time since which the level has been the same. */
  readonly since: string;
  /** Code or technical text of the last trouble, also after recovery; never an identity. */
  readonly lastError?: string;
  /** ISO time of that trouble, the last time it was seen. */
  readonly lastErrorAt?: string;
  /** Page of docs/runbook that says what to do: `pacs` for every PACS, else the name of the check. */
  readonly runbook: string;
}

/** The checks that exist once for each entry of the configuration share one page and one set of rules. */
const families = ['pacs'];

/** `pacs` of `pacs-main`; other checks are families of their own. */
export function familyOf(check: string): string {
  return families.find((family) => check.startsWith(`${family}-`)) ?? check;
}
