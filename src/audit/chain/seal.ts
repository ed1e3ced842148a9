import { createHash } from 'node:crypto';
import { canonicalJson } from './canonical';
import type { AuditKey, TrustedKeys } from './audit-key';

/** A period of the chain, as it is signed. */
export interface SealStatement {
  /** 1, 2, 3… without a gap. */
  readonly number: bigint;
  readonly fromSequence: bigint;
  readonly toSequence: bigint;
  /** When its first and last line took their places, ISO. */
  readonly fromAt: string;
  readonly toAt: string;
  /** Hash of its last line. */
  readonly headHash: Buffer;
  /** Digest of the statement before, 32 zero bytes for the first. */
  readonly previousHash: Buffer;
  readonly sealedAt: string;
}

export interface Seal extends SealStatement {
  readonly keyId: string;
  readonly signature: Buffer;
}

/** What is signed, as text. */
export function sealText(seal: SealStatement & { readonly keyId: string }): string {
  return canonicalJson({
    format: 'drimbox-audit-seal-1',
    number: String(seal.number),
    fromSequence: String(seal.fromSequence),
    toSequence: String(seal.toSequence),
    fromAt: seal.fromAt,
    toAt: seal.toAt,
    headHash: seal.headHash.toString('hex'),
    previousHash: seal.previousHash.toString('hex'),
    sealedAt: seal.sealedAt,
    keyId: seal.keyId,
  });
}

/** Digest by which the next seal names this one: over statement and signature. */
export function sealDigest(seal: Seal): Buffer {
  return createHash('sha256').update(sealText(seal)).update('\n').update(seal.signature).digest();
}

export function signSeal(statement: SealStatement, key: AuditKey): Seal {
  const text = sealText({ ...statement, keyId: key.id });
  return { ...statement, keyId: key.id, signature: key.sign(text) };
}

/** @returns what is wrong with the signature, if anything */
export function sealFault(seal: Seal, keys: TrustedKeys): 'unknown-key' | 'signature-invalid' | undefined {
  return keys.fault(seal.keyId, sealText(seal), seal.signature);
}

/** A seal as JSON: in archives and in the witness. */
export function sealJson(seal: Seal): Record<string, string> {
  return {
    ...(JSON.parse(sealText(seal)) as Record<string, string>),
    signature: seal.signature.toString('base64'),
  };
}

/** @throws Error when it is no seal */
export function sealOfJson(json: unknown): Seal {
  const one = json as Partial<Record<keyof Seal | 'format', string>>;
  const text = (name: keyof Seal): string => {
    const value = one?.[name];
    if (typeof value !== 'string' || value.length > 2_000) throw new Error(`the seal has no ${name}`);
    return value;
  };
  const integer = (name: keyof Seal): bigint => {
    if (!/^\d{1,18}$/.test(text(name))) throw new Error(`the seal has no number in ${name}`);
    return BigInt(text(name));
  };
  if (one?.format !== 'drimbox-audit-seal-1') throw new Error('not a seal');
  return {
    number: integer('number'),
    fromSequence: integer('fromSequence'),
    toSequence: integer('toSequence'),
    fromAt: text('fromAt'),
    toAt: text('toAt'),
    headHash: Buffer.from(text('headHash'), 'hex'),
    previousHash: Buffer.from(text('previousHash'), 'hex'),
    sealedAt: text('sealedAt'),
    keyId: text('keyId'),
    signature: Buffer.from(text('signature'), 'base64'),
  };
}
