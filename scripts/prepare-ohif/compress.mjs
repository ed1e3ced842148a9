import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';

const worthIt = new Set(['.js', '.css', '.wasm', '.svg', '.json', '.html', '.txt']);
const bytesMin = 1024;
const asBrotli = promisify(brotliCompress);
const asGzip = promisify(gzip);

/** Puts a `.br` and a `.gz` beside every file of a folder that gains by it, so that no request ever compresses. */
export async function compressFiles(folder) {
  const names = readdirSync(folder).filter((name) => worthIt.has(extname(name)));
  await Promise.all(
    names.map(async (name) => {
      const bytes = readFileSync(join(folder, name));
      if (bytes.length < bytesMin) return;
      const params = { [constants.BROTLI_PARAM_QUALITY]: 8, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length };
      const [br, gz] = await Promise.all([asBrotli(bytes, { params }), asGzip(bytes, { level: 6 })]);
      writeFileSync(join(folder, `${name}.br`), br);
      writeFileSync(join(folder, `${name}.gz`), gz);
    }),
  );
}
