import { SyntaxChange, uncompressedSyntaxes } from './stored-syntaxes';

/** Why a retrieval was slow, from what was seen of it. Pure. */
export interface SlowCause {
  readonly code: 'delayed-acknowledgement' | 'transcoding' | 'association-limit' | 'slow-archive';
  /** French sentence for the operator. */
  readonly explanation: string;
}

export interface Inspection {
  /** Time between the ends of successive instances of one association. */
  readonly gapsMs: readonly number[];
  readonly bytes: number;
  readonly totalMs: number;
  readonly parallel: number;
  /** Images that came in another transfer syntax than the one in which they are kept. */
  readonly changes: readonly SyntaxChange[];
}

/** Delayed acknowledgements of TCP last 40 ms on Linux; timers and work add a little. */
const delayedAck = { fromMs: 35, toMs: 60 } as const;
/** 200 Mbit/s: what the national requirements call fast is well below. */
const fastBytesPerMs = 25_000;
/** Small images never reach that rate: one each ten milliseconds is as much as anybody waits for. */
const fastGapMs = 10;

export function nameCause(seen: Inspection): { cause?: SlowCause; medianGapMs: number; warnings: string[] } {
  const sorted = [...seen.gapsMs].sort((a, b) => a - b);
  const medianGapMs = sorted[Math.floor(sorted.length / 2)] ?? 0;
  const warnings = seen.changes.map(
    ({ stored, received }) => `syntaxe de transfert changée en route : ${received} au lieu de ${stored}`,
  );
  return { cause: cause(seen, sorted), medianGapMs, warnings };
}

function cause(seen: Inspection, sortedGaps: readonly number[]): SlowCause | undefined {
  const mean = sortedGaps.reduce((a, b) => a + b, 0) / Math.max(sortedGaps.length, 1);
  const isFast = seen.bytes / Math.max(seen.totalMs, 0.001) >= fastBytesPerMs || mean <= fastGapMs;
  const near = sortedGaps.filter((gap) => gap >= delayedAck.fromMs && gap <= delayedAck.toMs).length;
  const isDelayed = sortedGaps.length >= 5 && near / sortedGaps.length > 0.3;
  // Parallel associations hide the waits of each: the gaps then spread, while their mean stays near one wait.
  const isHidden = seen.parallel > 1 && mean >= 20 && mean <= delayedAck.toMs;
  if (seen.changes.some(({ received }) => uncompressedSyntaxes.has(received))) {
    return { code: 'transcoding', explanation: "le PACS décompresse les images avant l'envoi" };
  }
  if (seen.changes.length > 0)
    return { code: 'transcoding', explanation: 'le PACS convertit les images avant l’envoi' };
  if (isDelayed || (!isFast && isHidden)) {
    return {
      code: 'delayed-acknowledgement',
      explanation:
        "environ 40 ms d'attente par image, lien inactif : acquittements TCP retardés (algorithme de Nagle actif côté PACS ; " +
        'DCMTK : TCP_NODELAY=1)',
    };
  }
  if (isFast || sortedGaps.length < 5) return undefined;
  return seen.parallel === 1
    ? {
        code: 'association-limit',
        explanation: 'une seule association obtenue : voir la limite du PACS ou de la configuration',
      }
    : { code: 'slow-archive', explanation: 'le PACS met longtemps à lire ou à envoyer chaque image' };
}
