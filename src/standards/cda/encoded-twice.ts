import { isUtf8 } from 'node:buffer';

/** Characters that Windows-1252 has at 0x80 to 0x9F, by code point. */
const windows1252 = new Map(
  Array.from({ length: 32 }, (_, index) => 0x80 + index).map((byte) => {
    const text = new TextDecoder('windows-1252').decode(Uint8Array.of(byte));
    return [text.codePointAt(0) ?? byte, byte] as const;
  }),
);

/** `Ã©` for `é`, `â€™` for `’`: how accented letters look when UTF-8 was taken for Latin text and encoded again. */
const signs = /[\u00c2\u00c3][\u0080-\u00bf\u0152-\u017e\u2013-\u2122]|\u00e2(?:\u20ac|\u0080)/;

/**
 * Undoes one encoding too many. Returns undefined when the text does not look so, or when undoing does not give valid UTF-8.
 * (A sender's store has taken the UTF-8 of the report for Latin text: seen in half of the national examples.)
 */
export function repairEncodedTwice(text: string): string | undefined {
  if (!signs.test(text)) return undefined;
  const bytes = Buffer.alloc(text.length);
  for (let index = 0; index < text.length; index += 1) {
    const point = text.charCodeAt(index);
    const byte = point < 0x100 ? point : windows1252.get(point);
    if (byte === undefined) return undefined;
    bytes[index] = byte;
  }
  return isUtf8(bytes) ? bytes.toString('utf8') : undefined;
}
