import { createHmac, randomBytes, X509Certificate } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { inspect } from 'node:util';
import type { LoadedConfig, Slice } from '../../platform/config';
import { replaceFile } from '../durable-file';

/** What the last run of this process knew, kept below its data folder. Values are kept as keyed digests only. */
export interface KnownState {
  /** Secret of the digests: without it, short values could be guessed. */
  readonly salt: string;
  readonly settings: Readonly<Record<string, string>>;
  readonly certificates: Readonly<Record<string, string>>;
}

export interface SettingsChange {
  readonly changed: readonly string[];
  readonly added: readonly string[];
  readonly removed: readonly string[];
}

const fileBytesMax = 4 * 1024 * 1024;
const depthMax = 6;

export const newSalt = (): string => randomBytes(32).toString('base64');

/** @returns undefined at the first run, or when the file cannot be read: then nothing can be compared */
export async function readKnown(file: string): Promise<KnownState | undefined> {
  try {
    const known = JSON.parse(await readFile(file, 'utf8')) as KnownState;
    return typeof known.salt === 'string' && known.settings && known.certificates ? known : undefined;
  } catch {
    return undefined;
  }
}

export function writeKnown(file: string, known: KnownState): Promise<void> {
  return replaceFile(file, JSON.stringify(known));
}

/** A keyed digest for each setting in effect, defaults included, by variable name. */
export function settingsDigests(slices: readonly Slice[], config: LoadedConfig, salt: string): Record<string, string> {
  const digests: Record<string, string> = {};
  for (const slice of slices) {
    const values = config.values.get(slice.token) as Readonly<Record<string, unknown>> | undefined;
    for (const [key, { name }] of Object.entries(slice.shape)) {
      const text = inspect(values?.[key], {
        depth: null,
        sorted: true,
        maxArrayLength: null,
        maxStringLength: null,
        compact: true,
        breakLength: Infinity,
      });
      digests[name] = createHmac('sha256', salt).update(`${name}\n${text}`).digest('base64url');
    }
  }
  return digests;
}

/** One digest over all of them. */
export function overallDigest(digests: Readonly<Record<string, string>>, salt: string): string {
  const text = Object.entries(digests)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, digest]) => `${name}=${digest}`)
    .join('\n');
  return createHmac('sha256', salt).update(text).digest('hex');
}

export function compare(
  before: Readonly<Record<string, string>>,
  after: Readonly<Record<string, string>>,
): SettingsChange {
  const names = (one: object) => Object.keys(one).sort();
  return {
    changed: names(after).filter((name) => name in before && before[name] !== after[name]),
    added: names(after).filter((name) => !(name in before)),
    removed: names(before).filter((name) => !(name in after)),
  };
}

/** Every certificate file that the configuration names, by where it is named: `exchange.certificateFile`. */
export function certificateFiles(slices: readonly Slice[], config: LoadedConfig): Map<string, string> {
  const files = new Map<string, string>();
  const walk = (value: unknown, path: string, depth: number): void => {
    if (value === null || typeof value !== 'object' || depth > depthMax) return;
    for (const [name, one] of Object.entries(value)) {
      const at = `${path}.${name}`;
      if (typeof one === 'string' && /^(certificate|pkcs12)File$/.test(name)) files.set(at, one);
      else walk(one, at, depth + 1);
    }
  };
  for (const slice of slices) walk(config.values.get(slice.token), slice.name, 0);
  return files;
}

/** SHA-256 of the first certificate of a file (PEM or DER), of the file itself when it is a PKCS#12. Absent when it cannot be read. */
export async function certificateDigests(files: ReadonlyMap<string, string>): Promise<Record<string, string>> {
  const digests: Record<string, string> = {};
  for (const [use, file] of files) {
    try {
      if ((await stat(file)).size > fileBytesMax) continue;
      digests[use] = digestOf(await readFile(file));
    } catch {
      // What cannot be read is told by the proofs of the configuration and by the health of certificates.
    }
  }
  return digests;
}

function digestOf(bytes: Buffer): string {
  try {
    return new X509Certificate(bytes).fingerprint256.replaceAll(':', '').toLowerCase();
  } catch {
    return createHmac('sha256', 'file').update(bytes).digest('hex');
  }
}
