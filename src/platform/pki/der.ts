/** One element of a DER encoding (ITU-T X.690): `start`..`end` is its content, `offset`..`end` the whole. */
export interface DerElement {
  readonly tag: number;
  readonly offset: number;
  readonly start: number;
  readonly end: number;
}

/** The bytes are not the DER that was expected. */
export class DerError extends Error {
  constructor(readonly reason: 'cut' | 'length' | 'tag') {
    super(`malformed DER: ${reason}`);
    this.name = 'DerError';
  }
}

export const derTag = {
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  oid: 0x06,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const;

/** Reads the element at `offset`; definite lengths only, single-byte tags only (X.690, 8.1 and 10.1). */
export function readElement(bytes: Buffer, offset: number, limit: number): DerElement {
  if (offset + 2 > limit) throw new DerError('cut');
  const tag = bytes[offset];
  if ((tag & 0x1f) === 0x1f) throw new DerError('tag');
  let start = offset + 2;
  let length = bytes[offset + 1];
  if (length & 0x80) {
    const count = length & 0x7f;
    if (count === 0 || count > 4 || start + count > limit) throw new DerError('length');
    length = bytes.readUIntBE(start, count);
    start += count;
  }
  const end = start + length;
  if (end > limit) throw new DerError('cut');
  return { tag, offset, start, end };
}

/** Same, and the tag must be this one. */
export function expectElement(bytes: Buffer, offset: number, limit: number, tag: number): DerElement {
  const element = readElement(bytes, offset, limit);
  if (element.tag !== tag) throw new DerError('tag');
  return element;
}

/** The elements inside a constructed one, in order; at most `countMax`. */
export function children(bytes: Buffer, parent: DerElement, countMax = 1_000): DerElement[] {
  const found: DerElement[] = [];
  for (let at = parent.start; at < parent.end;) {
    if (found.length >= countMax) throw new DerError('length');
    const element = readElement(bytes, at, parent.end);
    found.push(element);
    at = element.end;
  }
  return found;
}

export function contentOf(bytes: Buffer, element: DerElement): Buffer {
  return bytes.subarray(element.start, element.end);
}

/** An object identifier as dotted text (X.690, 8.19). */
export function oidText(content: Buffer): string {
  const arcs: number[] = [];
  let value = 0;
  for (const byte of content) {
    if (value > 0x1fffffff) throw new DerError('length');
    value = value * 128 + (byte & 0x7f);
    if (byte & 0x80) continue;
    if (arcs.length === 0)
      arcs.push(Math.min(Math.floor(value / 40), 2), value - 40 * Math.min(Math.floor(value / 40), 2));
    else arcs.push(value);
    value = 0;
  }
  return arcs.join('.');
}

/** A certificate's or a list's time (RFC 5280, 4.1.2.5): UTC, seconds, no fraction. */
export function timeOf(bytes: Buffer, element: DerElement): Date {
  const text = contentOf(bytes, element).toString('latin1');
  const full = element.tag === derTag.utcTime ? (Number(text.slice(0, 2)) >= 50 ? '19' : '20') + text : text;
  if (element.tag !== derTag.utcTime && element.tag !== derTag.generalizedTime) throw new DerError('tag');
  const parts = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(full);
  if (!parts) throw new DerError('length');
  const [year, month, day, hour, minute, second] = parts.slice(1).map(Number);
  return new Date(Date.UTC(year, month - 1, day, hour, minute, second));
}

/** An integer without its leading zeros, as latin1 text: compact, comparable, usable as a key. */
export function integerKey(bytes: Buffer, element: DerElement): string {
  let start = element.start;
  while (start < element.end - 1 && bytes[start] === 0) start += 1;
  return bytes.toString('latin1', start, element.end);
}

/** A distinguished name reduced for comparison (RFC 5280, 7.1): same attributes, whatever the string type, case or spacing. */
export function nameKey(bytes: Buffer, name: DerElement): string {
  const rdns = children(bytes, name, 50).map((rdn) =>
    children(bytes, rdn, 10)
      .map((attribute) => {
        const [type, value] = children(bytes, attribute, 2);
        if (!type || !value) throw new DerError('cut');
        const text =
          value.tag === 0x1e ? contentOf(bytes, value).toString('hex') : contentOf(bytes, value).toString('utf8');
        return `${contentOf(bytes, type).toString('hex')}=${text.normalize('NFC').trim().replace(/\s+/g, ' ').toLowerCase()}`;
      })
      .sort()
      .join('+'),
  );
  return rdns.join('\n');
}
