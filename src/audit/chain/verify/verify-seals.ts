import { genesis } from '../canonical';
import type { TrustedKeys } from '../audit-key';
import { Seal, sealDigest, sealFault } from '../seal';
import type { Findings } from './findings';

const words = {
  'unknown-key': 'is signed by a key that is not trusted here',
  'signature-invalid': 'carries a signature that does not fit',
} as const;

export function describeKeyFault(fault: keyof typeof words, keyId: string): string {
  return fault === 'unknown-key' ? `${words[fault]} (${keyId.slice(0, 16)}…; name its public key)` : words[fault];
}

/**
 * The row of signed periods: numbers without a gap, each naming the one before, each signed by a trusted key.
 * @param from the seal before the first one, when it is known
 */
export function verifySeals(seals: readonly Seal[], keys: TrustedKeys, findings: Findings, from?: Seal): void {
  let before = from;
  const isStart = from === undefined;
  for (const seal of seals) {
    const period = String(seal.number);
    const expected = (before?.number ?? 0n) + 1n;
    if (seal.number !== expected && (before || isStart)) missing(expected, seal.number - 1n, findings);
    verifySignature(seal, keys, findings);
    if (seal.number === expected) {
      const digest = before ? sealDigest(before) : genesis;
      const follows = seal.previousHash.equals(digest) && seal.fromSequence === (before?.toSequence ?? 0n) + 1n;
      if (!follows)
        findings.add({ kind: 'changed', period, message: `period ${period} does not follow the one before it` });
    }
    before = seal;
  }
}

export function verifySignature(seal: Seal, keys: TrustedKeys, findings: Findings): void {
  const fault = sealFault(seal, keys);
  const period = String(seal.number);
  if (fault)
    findings.add({ kind: 'signature', period, message: `period ${period} ${describeKeyFault(fault, seal.keyId)}` });
}

function missing(first: bigint, last: bigint, findings: Findings): void {
  const message = first >= last ? `period ${first} is missing` : `periods ${first} to ${last} are missing`;
  findings.add({ kind: 'removed', period: String(first), message });
}
