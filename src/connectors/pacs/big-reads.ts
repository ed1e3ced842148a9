const slabBytes = 1_048_576;
const leastRead = 65_536;

/**
 * Options of `net.connect` for reads as large as the kernel has them, into the rest of a large slab: no buffer made for
 * each read, no copy, no zeroing, and pieces that may be kept. `take` answers false to ask for silence.
 */
export function bigReads(take: (chunk: Buffer) => boolean): {
  buffer: () => Uint8Array;
  callback: (bytes: number) => boolean;
} {
  let slab = Buffer.allocUnsafeSlow(slabBytes);
  let used = 0;
  return {
    buffer: () => {
      if (slab.length - used < leastRead) {
        slab = Buffer.allocUnsafeSlow(slabBytes);
        used = 0;
      }
      return slab.subarray(used);
    },
    callback: (bytes) => {
      const chunk = slab.subarray(used, used + bytes);
      used += bytes;
      return take(chunk);
    },
  };
}
