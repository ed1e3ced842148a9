import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { basename } from 'node:path';
import { ArchiveHeader, endText, readArchive } from '../archive/archive-file';
import type { TrustedKeys } from '../audit-key';
import type { Seal } from '../seal';
import { Findings, Verification } from './findings';
import { LineVerifier } from './line-verifier';
import { describeKeyFault, verifySeals, verifySignature } from './verify-seals';

/** Verifies an archive file by itself, without the database: every line, every period, and that nothing is missing at its end. */
export async function verifyArchive(file: string, keys: TrustedKeys): Promise<Verification> {
  const findings = new Findings();
  const name = basename(file);
  const add = (message: string) => findings.add({ kind: 'archive', file: name, message: `${name}: ${message}` });
  // The seals of a period follow its lines: a first reading finds them, a second one compares.
  let verifier: LineVerifier | undefined;
  let seals: Seal[] = [];
  try {
    const found = await readFacts(file);
    seals = found.seals;
    const { header } = found;
    const before = { sequence: BigInt(header.fromSequence) - 1n, hash: Buffer.from(header.previousHash, 'hex') };
    verifier = new LineVerifier(before, seals, findings);
    verifyPeriods(header, seals, keys, findings, add);
    for await (const item of readArchive(file)) {
      if ('line' in item) verifier.take(item.line);
      if (!('end' in item)) continue;
      const { end, sha256 } = item;
      const fault = keys.fault(end.keyId, endText(header, end), Buffer.from(end.signature, 'base64'));
      if (fault) add(describeKeyFault(fault, end.keyId));
      if (end.sha256 !== sha256) add('its content is not what was signed');
    }
    verifier.end();
  } catch (error) {
    add(error instanceof Error ? error.message : 'cannot be read');
  }
  return findings.report({
    lines: verifier?.lines ?? 0,
    waiting: 0,
    periods: seals.length,
    firstSequence: verifier?.firstSequence?.toString(),
    lastSequence: verifier && String(verifier.lastSequence),
    lastHash: verifier?.lastHash?.toString('hex'),
  });
}

async function readFacts(file: string): Promise<{ header: ArchiveHeader; seals: Seal[] }> {
  let header: ArchiveHeader | undefined;
  const seals: Seal[] = [];
  for await (const item of readArchive(file)) {
    if ('header' in item) header = item.header;
    if ('seal' in item) seals.push(item.seal);
  }
  const isWhole = header && [header.fromSequence, header.toSequence].every((one) => /^\d{1,18}$/.test(one));
  if (!header || !isWhole) throw new Error('its first line cannot be read');
  return { header, seals };
}

function verifyPeriods(
  header: ArchiveHeader,
  seals: readonly Seal[],
  keys: TrustedKeys,
  findings: Findings,
  add: (message: string) => void,
): void {
  const [first, ...rest] = seals;
  const last = seals.at(-1);
  if (!first || String(first.number) !== header.fromSeal || String(first.fromSequence) !== header.fromSequence)
    return add('does not begin with the period that it names');
  if (String(last?.number) !== header.toSeal || String(last?.toSequence) !== header.toSequence)
    add('does not end with the period that it names');
  verifySignature(first, keys, findings);
  verifySeals(rest, keys, findings, first);
}

/** SHA-256 of a file, read as a stream. */
export async function fileSha256(file: string): Promise<Buffer> {
  const digest = createHash('sha256');
  for await (const chunk of createReadStream(file) as AsyncIterable<Buffer>) digest.update(chunk);
  return digest.digest();
}
