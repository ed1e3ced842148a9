import { EntityManager } from 'typeorm';
import type { TrustedKeys } from '../audit-key';
import { ArchiveAnchor, hashAt } from '../chain-store';
import { Seal, sealDigest, sealFault } from '../seal';
import { Witness, WitnessedBreak, WitnessedHead } from '../witness';
import type { Finding, Findings } from './findings';

/** What one machine saw of the chain. */
export interface Witnessed {
  readonly head: WitnessedHead | 'unreadable' | undefined;
  readonly seals: readonly Seal[];
  readonly breaks: readonly WitnessedBreak[];
}

interface Known {
  readonly seals: readonly Seal[];
  readonly anchors: readonly ArchiveAnchor[];
  readonly keys: TrustedKeys;
  readonly findings: Findings;
}

/** @returns undefined when this machine has seen nothing */
export async function readWitness(witness: Witness): Promise<Witnessed | undefined> {
  const [head, seals, breaks] = [await witness.head(), await witness.seals(), await witness.breaks()];
  return head || seals.length > 0 || breaks.length > 0 ? { head, seals, breaks } : undefined;
}

/** Is everything still there that the witness saw? This is how a trail that was cut off at its end is found. */
export async function verifyWitness(manager: EntityManager, witnessed: Witnessed, known: Known): Promise<void> {
  const { findings } = known;
  verifyWitnessedSeals(witnessed.seals, known);
  for (const one of witnessed.breaks) findings.add(findingOf(one));
  if (witnessed.head === 'unreadable')
    findings.add({ kind: 'witness', message: 'what this machine saw of the chain’s end (head.json) cannot be read' });
  else if (witnessed.head) await verifyHead(manager, witnessed.head, known);
}

function findingOf({ at, sequence, foundSequence, cause }: WitnessedBreak): Finding {
  const since = `the trail ended at place ${foundSequence}`;
  if (cause === 'unreadable') return { kind: 'witness', message: `at ${at} head.json could not be read; ${since}` };
  const message = `at ${at} the gateway had seen place ${sequence}, and the trail ended otherwise (place ${foundSequence})`;
  return { kind: 'removed', sequence, message };
}

function verifyWitnessedSeals(witnessed: readonly Seal[], { seals, keys, findings }: Known): void {
  const byNumber = new Map(seals.map((seal) => [seal.number, seal]));
  for (const seal of witnessed) {
    // What somebody wrote into the witness without the key proves nothing.
    if (sealFault(seal, keys)) continue;
    const found = byNumber.get(seal.number);
    const { number, fromSequence, toSequence, sealedAt } = seal;
    const what = `period ${number} (places ${fromSequence} to ${toSequence}), signed at ${sealedAt},`;
    const where = { period: String(number), sequence: String(fromSequence), lastSequence: String(toSequence) };
    if (!found) findings.add({ kind: 'removed', ...where, message: `${what} is missing` });
    else if (!sealDigest(found).equals(sealDigest(seal)))
      findings.add({ kind: 'changed', ...where, message: `${what} is not the one that was signed then` });
  }
}

async function verifyHead(manager: EntityManager, head: WitnessedHead, known: Known): Promise<void> {
  const { keys, findings, anchors } = known;
  if (Witness.headFault(head, keys)) {
    findings.add({ kind: 'signature', message: 'the witness of the chain’s end is not signed by a trusted key' });
    return;
  }
  if (head.sequence <= (anchors.at(-1)?.toSequence ?? 0n)) return;
  const hash = await hashAt(manager, head.sequence);
  const sequence = String(head.sequence);
  if (!hash) {
    const [{ last }] = await manager.query<[{ last: string }]>(
      'SELECT coalesce(max(sequence), 0)::text AS last FROM audit_chain',
    );
    const first = BigInt(last) < head.sequence ? BigInt(last) + 1n : head.sequence;
    findings.add({
      kind: 'removed',
      sequence: String(first),
      lastSequence: sequence,
      message: `the end is missing: places ${first} to ${sequence} were there at ${head.at}`,
    });
  } else if (!hash.equals(head.hash)) {
    const message = `the chain was written anew: place ${sequence} had another hash at ${head.at}`;
    findings.add({ kind: 'changed', sequence, message });
  }
}
