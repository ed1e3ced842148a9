/** What is wrong with the trail. */
export type FindingKind =
  /** A line, or its place in the chain, is not what it was. */
  | 'changed'
  /** A line, several, or a whole period is not there any more. */
  | 'removed'
  /** A line stands where none was. */
  | 'inserted'
  /** A signature is missing, wrong, or by a key that does not count. */
  | 'signature'
  /** An archive file is not what was signed. */
  | 'archive'
  /** What this machine saw of the chain's end could not be read: it cannot tell whether the end was cut off. */
  | 'witness';

/** One thing that is wrong, and where. Names lines by number, never by what they tell. */
export interface Finding {
  readonly kind: FindingKind;
  /** Number of the line in the trail. */
  readonly recordId?: string;
  /** Its place, or the first of several. */
  readonly sequence?: string;
  readonly lastSequence?: string;
  readonly period?: string;
  readonly file?: string;
  readonly message: string;
}

export interface Verification {
  readonly ok: boolean;
  /** Lines whose hash was computed anew and agreed. */
  readonly lines: number;
  /** Lines that wait for their place: the gateway gives it within a second or so while it runs. */
  readonly waiting: number;
  readonly periods: number;
  readonly firstSequence?: string;
  readonly lastSequence?: string;
  readonly lastHash?: string;
  /** The first thousand. */
  readonly findings: readonly Finding[];
  readonly findingsTotal: number;
  /** What an auditor should know and is no fault. */
  readonly notices: readonly string[];
}

const findingsMax = 1_000;

/** Collects what is found, bounded. */
export class Findings {
  private readonly found: Finding[] = [];
  private total = 0;
  readonly notices: string[] = [];

  add(finding: Finding): void {
    this.total += 1;
    if (this.found.length < findingsMax) this.found.push(finding);
  }

  report(facts: Omit<Verification, 'ok' | 'findings' | 'findingsTotal' | 'notices'>): Verification {
    return {
      ok: this.total === 0,
      ...facts,
      findings: this.found,
      findingsTotal: this.total,
      notices: this.notices,
    };
  }
}

/** For people: one line for each finding. */
export function describeVerification(one: Verification): string {
  const range = one.firstSequence ? `, places ${one.firstSequence} to ${one.lastSequence ?? ''}` : '';
  const told = [
    `${one.lines} line(s) verified${range}, in ${one.periods} signed period(s); ${one.waiting} line(s) wait for their place`,
    ...one.notices.map((notice) => `note: ${notice}`),
    ...one.findings.map(({ kind, message }) => `${kind}: ${message}`),
  ];
  const more = one.findingsTotal - one.findings.length;
  if (more > 0) told.push(`and ${more} more`);
  told.push(one.ok ? 'the trail is whole' : `the trail is not whole: ${one.findingsTotal} finding(s)`);
  return told.join('\n');
}
