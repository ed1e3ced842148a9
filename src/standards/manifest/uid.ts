/** Gives identifiers that were never given before. */
export interface UidFactory {
  next(): string;
}

const uidLengthMax = 64;
/** 128 bits in decimal: at most 39 digits. */
const randomDigitsMax = 39;

/**
 * Shape of a UID (PS3.5 9.1): digits and dots, at most 64 characters. Leading zeros of a component are tolerated:
 * old modalities write them, and an image keeps the UID it has.
 */
export function isUid(text: string): boolean {
  return text.length <= uidLengthMax && /^\d+(\.\d+)*$/.test(text);
}

/**
 * UIDs below a root of one's own, made of 128 random bits (the `2.25` root takes a UUID so: PS3.5 B.2).
 *
 * @param root an OID of at most 24 characters
 * @param randomBytes gives 16 unpredictable bytes at each call
 */
export function uidFactory(root: string, randomBytes: () => Uint8Array): UidFactory {
  if (!isUid(root) || root.length + 1 + randomDigitsMax > uidLengthMax) {
    throw new RangeError('the UID root is not an OID of at most 24 characters');
  }
  return {
    next: () => {
      const bytes = Buffer.from(randomBytes());
      // Version and variant bits of a random UUID (RFC 9562, 5.4), which also keep the number from starting with zeros.
      bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
      bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
      return `${root}.${BigInt(`0x${bytes.subarray(0, 16).toString('hex')}`)}`;
    },
  };
}
