/** What the sender asks for. */
export type RequestKind = 'initial' | 'replacement' | 'visibility' | 'deletion';

/** The fields that tell it, as received. '' when absent. */
export interface KindEvidence {
  /** ORC-1. */
  readonly orderControl: string;
  /** OBX-11 of the document. */
  readonly documentStatus: string;
  /** MSH-9.2. */
  readonly event: string;
  /** MODIF_CONF_CODE: only the visibility changes. */
  readonly visibilityOnly: boolean;
  /** The report says which document it replaces. */
  readonly replaces: boolean;
}

export interface KindDecision {
  readonly kind: RequestKind;
  /** Pairs that do not agree, in words for the audit; empty when all agree. */
  readonly contradictions: readonly string[];
}

type Vote = 'initial' | 'replacement' | 'deletion';

/** Table HL7 0119 as the profile uses it, with the codes of older senders. */
const byOrderControl: Readonly<Record<string, Vote>> = {
  NW: 'initial',
  RE: 'initial',
  RO: 'replacement',
  RP: 'replacement',
  XO: 'replacement',
  CA: 'deletion',
  OC: 'deletion',
};
/** Table HL7 0085. Preliminary and partial results are not reports yet: see `isFinal`. */
const byStatus: Readonly<Record<string, Vote>> = { F: 'initial', C: 'replacement', D: 'deletion', W: 'deletion' };
/** MDM events; an ORU says nothing by its event. */
const byEvent: Readonly<Record<string, Vote>> = { T02: 'initial', T10: 'replacement', T04: 'deletion' };

/** Whether OBX-11 belongs to a validated report. Absent (older senders) counts as final. */
export function isFinal(documentStatus: string): boolean {
  return documentStatus === '' || Object.hasOwn(byStatus, documentStatus);
}

/** Whether ORC-1 is a code that means something here. */
export function isKnownOrderControl(orderControl: string): boolean {
  return orderControl === '' || Object.hasOwn(byOrderControl, orderControl);
}

/**
 * Decides the kind of request. The profile wants ORC-1, OBX-11 and the event to agree; published examples do not always.
 *
 * | Votes | Decision |
 * | --- | --- |
 * | all that speak agree | that one |
 * | two against one | the two, warned |
 * | one against one | OBX-11, then the event, then ORC-1, warned |
 * | three different | OBX-11, warned |
 * | none speaks | initial |
 *
 * Then: `initial` for a report that replaces another becomes `replacement`, warned (a replacement of nothing is published as
 * new, a new one over an old one would stand beside it). `MODIF_CONF_CODE=Y` turns `replacement` into `visibility`, and
 * `initial` too, warned; a deletion stays a deletion, warned.
 */
export function decideKind(evidence: KindEvidence): KindDecision {
  const votes = [
    { field: 'OBX-11', vote: byStatus[evidence.documentStatus] },
    { field: 'MSH-9.2', vote: byEvent[evidence.event] },
    { field: 'ORC-1', vote: byOrderControl[evidence.orderControl] },
  ].filter((candidate): candidate is { field: string; vote: Vote } => candidate.vote !== undefined);
  const contradictions: string[] = [];
  const winner = majority(votes.map(({ vote }) => vote)) ?? 'initial';
  for (const { field, vote } of votes) {
    if (vote !== winner) contradictions.push(`${field} says ${vote}, the request is taken as ${winner}`);
  }
  return { kind: refine(winner, evidence, contradictions), contradictions };
}

/** The vote with most voices; the first one speaking wins a draw. */
function majority(votes: readonly Vote[]): Vote | undefined {
  const voices = (vote: Vote) => votes.filter((other) => other === vote).length;
  return votes.reduce<Vote | undefined>(
    (best, vote) => (best && voices(best) >= voices(vote) ? best : vote),
    undefined,
  );
}

function refine(winner: Vote, evidence: KindEvidence, contradictions: string[]): RequestKind {
  if (winner === 'deletion') {
    if (evidence.visibilityOnly) contradictions.push('MODIF_CONF_CODE says visibility, the request is a deletion');
    return 'deletion';
  }
  if (evidence.visibilityOnly) {
    if (winner === 'initial') contradictions.push('MODIF_CONF_CODE says visibility, the message says initial');
    return 'visibility';
  }
  if (winner === 'initial' && evidence.replaces) {
    contradictions.push('the report replaces another, the message says initial');
    return 'replacement';
  }
  return winner;
}
