import { TaskResult } from './messages';

/** Below this, small parts are gathered into one block; above, a part keeps its memory and is moved. */
const blockBytes = 65_536;

/** True when the bytes are alone in their memory, so that the memory can be handed to another thread. */
export function ownsItsMemory(bytes: Uint8Array): boolean {
  return bytes.buffer instanceof ArrayBuffer && bytes.byteLength === bytes.buffer.byteLength && bytes.byteLength > 0;
}

/** The same bytes in few parts whose memory is theirs: large parts as they are, runs of small ones copied together. */
export function ownBuffers(chunks: readonly Buffer[]): Uint8Array[] {
  const parts: Uint8Array[] = [];
  let small: Buffer[] = [];
  const gather = () => {
    if (small.length === 0) return;
    const block = new Uint8Array(small.reduce((sum, chunk) => sum + chunk.length, 0));
    let at = 0;
    for (const chunk of small) {
      block.set(chunk, at);
      at += chunk.length;
    }
    parts.push(block);
    small = [];
  };
  for (const chunk of chunks) {
    if (chunk.length < blockBytes) {
      small.push(chunk);
      continue;
    }
    gather();
    parts.push(ownsItsMemory(chunk) ? chunk : new Uint8Array(chunk));
  }
  gather();
  return parts;
}

/** The memory blocks of a result, each once. */
export function movable(result: TaskResult): ArrayBuffer[] {
  const parts = Array.isArray(result) ? result : 'pixels' in result ? [result.pixels] : [result.body];
  const blocks = parts.filter(ownsItsMemory).map((part) => part.buffer as ArrayBuffer);
  return [...new Set(blocks)];
}
