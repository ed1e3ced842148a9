import { setImmediate as nextTurn } from 'node:timers/promises';
import { Zip, ZipDeflate } from 'fflate';

const sliceBytes = 128 * 1024;

/** A zip archive as it is written: no more is held than what was just compressed, and nothing is done that is not read. */
export async function* zipOf(
  files: Iterable<{ readonly name: string; readonly bytes: Buffer }>,
  madeAt: Date,
): AsyncGenerator<Buffer> {
  let ready: Buffer[] = [];
  let failure: Error | undefined;
  const taken = (): Buffer[] => {
    if (failure) throw failure;
    const chunks = ready;
    ready = [];
    return chunks;
  };
  const zip = new Zip((error, chunk) => {
    if (error) failure = error;
    else ready.push(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength));
  });
  for (const { name, bytes } of files) {
    const file = new ZipDeflate(name, { level: 6 });
    file.mtime = madeAt;
    zip.add(file);
    for (let at = 0; at === 0 || at < bytes.length; at += sliceBytes) {
      file.push(bytes.subarray(at, at + sliceBytes), at + sliceBytes >= bytes.length);
      yield* taken();
      await nextTurn();
    }
  }
  zip.end();
  yield* taken();
}
