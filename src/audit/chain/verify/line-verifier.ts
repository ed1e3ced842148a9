import { canonicalRecord, ChainableRecord, chainHash } from '../canonical';
import type { Seal } from '../seal';
import type { Findings } from './findings';

/** A place in the chain, with the line that belongs there if it still exists. */
export interface PlacedLine {
  readonly sequence: bigint;
  readonly recordId: string;
  readonly chainedAt: string;
  readonly hash: Buffer;
  readonly record?: ChainableRecord;
}

const lateMs = 3_600_000;

/** Walks along a chain, line by line, and compares it with the seals that cover it. */
export class LineVerifier {
  private sequence: bigint;
  /** Hashes that the line before may have: the one that is stored, and the one that its content gives. */
  private previous: readonly Buffer[];
  private seal = 0;
  lines = 0;
  late = 0;
  firstSequence: bigint | undefined;

  constructor(
    before: { readonly sequence: bigint; readonly hash: Buffer },
    /** Seals whose period ends behind the start, in order. */
    private readonly seals: readonly Seal[],
    private readonly findings: Findings,
  ) {
    this.sequence = before.sequence;
    this.previous = [before.hash];
  }

  get lastSequence(): bigint {
    return this.sequence;
  }

  get lastHash(): Buffer | undefined {
    return this.previous[0];
  }

  take(line: PlacedLine): void {
    const expected = this.sequence + 1n;
    if (line.sequence !== expected) this.gap(expected, line.sequence - 1n);
    this.firstSequence ??= line.sequence;
    const isKnownBefore = line.sequence === expected;
    const computed = this.compare(line, isKnownBefore ? this.previous : []);
    this.sequence = line.sequence;
    this.previous = computed && !computed.equals(line.hash) ? [line.hash, computed] : [line.hash];
    this.closePeriods(line);
  }

  /** Says what the seals know of, and the chain does not. */
  end(): void {
    const last = this.seals.at(-1);
    if (last && last.toSequence > this.sequence) this.gap(this.sequence + 1n, last.toSequence);
  }

  /** @returns the hash that the line should have, when that can be known */
  private compare(line: PlacedLine, previous: readonly Buffer[]): Buffer | undefined {
    const { sequence, recordId, chainedAt, hash, record } = line;
    const where = { recordId, sequence: String(sequence) };
    if (!record) {
      this.findings.add({ kind: 'removed', ...where, message: `line ${recordId} at place ${sequence} is missing` });
      return undefined;
    }
    if (Date.parse(chainedAt) - Date.parse(record.at) > lateMs) this.late += 1;
    const canonical = canonicalRecord(record);
    const hashes = previous.map((before) => chainHash({ sequence, chainedAt, previous: before }, canonical));
    if (hashes.length === 0 || hashes.some((one) => one.equals(hash))) {
      this.lines += 1;
      return undefined;
    }
    const message = `line ${recordId} at place ${sequence} is not what it was, or its hash is not`;
    this.findings.add({ kind: 'changed', ...where, message });
    return hashes[0];
  }

  private gap(first: bigint, last: bigint): void {
    const message =
      last < first
        ? `place ${last + 1n} stands twice or out of order`
        : first === last
          ? `the line at place ${first} is missing, with its place`
          : `${last - first + 1n} lines, places ${first} to ${last}, are missing`;
    this.findings.add({
      kind: last < first ? 'inserted' : 'removed',
      sequence: String(last < first ? last + 1n : first),
      lastSequence: last > first ? String(last) : undefined,
      message,
    });
  }

  private closePeriods({ sequence, hash }: PlacedLine): void {
    for (let seal = this.seals[this.seal]; seal && seal.toSequence <= sequence; seal = this.seals[this.seal]) {
      this.seal += 1;
      if (seal.toSequence < sequence || seal.headHash.equals(hash)) continue;
      const { number, fromSequence, toSequence } = seal;
      const message = `the chain of period ${number} (places ${fromSequence} to ${toSequence}) was written anew: it does not end as signed`;
      this.findings.add({
        kind: 'changed',
        period: String(number),
        sequence: String(fromSequence),
        lastSequence: String(toSequence),
        message,
      });
    }
  }
}
