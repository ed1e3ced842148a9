import { pduType } from './association-pdu';

const overhead = 12;

/** What a peer's announced maximum allows for the bytes of one data value, with our own cap (PS3.8 D.1). */
export function fragmentLimit(peerMaxPduLength: number, ownCap: number): number {
  const announced = peerMaxPduLength === 0 ? ownCap : Math.min(peerMaxPduLength, ownCap);
  return Math.max(announced - 6, 2) & ~1;
}

/** Twelve bytes that open a P-DATA-TF with one data value of `length` bytes (PS3.8 9.3.5), written at `offset`. */
export function writePDataHeader(
  out: Buffer,
  offset: number,
  value: { contextId: number; isCommand: boolean; isLast: boolean; length: number },
): void {
  out[offset] = pduType.data;
  out[offset + 1] = 0;
  out.writeUInt32BE(value.length + 6, offset + 2);
  out.writeUInt32BE(value.length + 2, offset + 6);
  out[offset + 10] = value.contextId;
  out[offset + 11] = (value.isCommand ? 1 : 0) | (value.isLast ? 2 : 0);
}

/**
 * A whole command or small data set as P-DATA-TF in one buffer, so that it leaves in one write: two writes would let
 * Nagle's algorithm hold the second until the peer's delayed acknowledgement.
 */
export function encodePData(contextId: number, isCommand: boolean, bytes: Buffer, fragmentBytes: number): Buffer {
  const fragments = Math.max(1, Math.ceil(bytes.length / fragmentBytes));
  const out = Buffer.allocUnsafe(bytes.length + fragments * overhead);
  let target = 0;
  for (let index = 0; index < fragments; index++) {
    const start = index * fragmentBytes;
    const length = Math.min(fragmentBytes, bytes.length - start);
    writePDataHeader(out, target, { contextId, isCommand, isLast: index === fragments - 1, length });
    bytes.copy(out, target + overhead, start, start + length);
    target += overhead + length;
  }
  return out;
}
