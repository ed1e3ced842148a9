import { ElementSpan } from './elements';
import { header } from './reencode';

/** New bytes of an element (several chunks allowed), or `undefined` to leave it out. */
export type Edits = Map<number, Buffer[] | undefined>;

/** An explicit little endian element with its even padding (PS3.5 section 6.2: blank for text, zero for numbers). */
export function element(tag: number, vr: string, value: Buffer): Buffer[] {
  const odd = value.length % 2 === 1;
  const padding = vr === 'OB' || vr === 'UI' ? 0 : 0x20;
  const padded = odd ? Buffer.concat([value, Buffer.from([padding])]) : value;
  return [header(tag, vr, padded.length), padded];
}

export const unsignedShort = (tag: number, value: number): Buffer[] =>
  element(tag, 'US', Buffer.from([value & 0xff, value >> 8]));
export const codeString = (tag: number, value: string): Buffer[] => element(tag, 'CS', Buffer.from(value, 'latin1'));

/**
 * The same explicit little endian data set with some elements of the first level replaced, added or left out.
 * Everything else is the caller's bytes, untouched; the group length of an edited group is left out, since it would lie.
 */
export function splice(data: Buffer, spans: readonly ElementSpan[], edits: Edits): Buffer[] {
  const chunks: Buffer[] = [];
  const pending = [...edits.entries()].sort(([a], [b]) => a - b);
  const editedGroups = new Set(pending.map(([tag]) => tag >>> 16));
  let kept = 0;
  const flush = (until: number) => {
    if (until > kept) chunks.push(data.subarray(kept, until));
  };
  for (const span of spans) {
    while (pending.length > 0 && pending[0][0] < span.tag) {
      flush(span.start);
      kept = span.start;
      chunks.push(...(pending.shift()?.[1] ?? []));
    }
    const replaced = pending[0]?.[0] === span.tag;
    const staleLength = (span.tag & 0xffff) === 0 && editedGroups.has(span.tag >>> 16);
    if (!replaced && !staleLength) continue;
    flush(span.start);
    kept = span.end;
    if (replaced) chunks.push(...(pending.shift()?.[1] ?? []));
  }
  flush(data.length);
  for (const [, added] of pending) chunks.push(...(added ?? []));
  return chunks;
}
