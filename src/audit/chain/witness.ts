import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { addToFile, replaceFile } from '../durable-file';
import type { AuditKey, TrustedKeys } from './audit-key';
import { canonicalJson } from './canonical';
import type { ChainHead } from './chain-store';
import { Seal, sealJson, sealOfJson } from './seal';

const fileBytesMax = 64 * 1024 * 1024;
const files = { head: 'head.json', seals: 'seals.jsonl', broken: 'broken.jsonl' } as const;

export interface WitnessedHead {
  readonly sequence: bigint;
  readonly hash: Buffer;
  readonly at: string;
  readonly keyId: string;
  readonly signature: Buffer;
}

/** A moment at which the database no longer knew what the witness had seen. */
export interface WitnessedBreak {
  readonly at: string;
  /** 0 when the witness itself could not be read. */
  readonly sequence: string;
  readonly foundSequence: string;
  readonly cause?: 'unreadable';
}

/**
 * What this process saw of the chain, kept outside the database: without it nobody could tell that the end of the trail was
 * cut off, chain and signatures included.
 */
export class Witness {
  constructor(private readonly folder: string) {}

  /** @returns undefined when nothing was ever seen here; `unreadable` when what was seen is lost */
  async head(): Promise<WitnessedHead | 'unreadable' | undefined> {
    const text = await this.read(files.head).catch(() => 'unreadable');
    return text === undefined ? undefined : headOf(parsed(text));
  }

  async writeHead({ sequence, hash }: ChainHead, at: string, key: AuditKey): Promise<void> {
    const head = { sequence, hash, at, keyId: key.id };
    const json = { ...headJson(head), signature: key.sign(canonicalJson(headJson(head))).toString('base64') };
    await replaceFile(join(this.folder, files.head), `${JSON.stringify(json)}\n`);
  }

  static headFault(head: WitnessedHead, keys: TrustedKeys): 'unknown-key' | 'signature-invalid' | undefined {
    return keys.fault(head.keyId, canonicalJson(headJson(head)), head.signature);
  }

  async seals(): Promise<Seal[]> {
    return (await this.lines(files.seals)).map(sealOfJson);
  }

  appendSeal(seal: Seal): Promise<void> {
    return this.append(files.seals, sealJson(seal));
  }

  async breaks(): Promise<WitnessedBreak[]> {
    return (await this.lines(files.broken)) as WitnessedBreak[];
  }

  appendBreak(broken: WitnessedBreak): Promise<void> {
    return this.append(files.broken, broken);
  }

  private async append(file: string, json: object): Promise<void> {
    await addToFile(join(this.folder, file), `${JSON.stringify(json)}\n`);
  }

  private async lines(file: string): Promise<unknown[]> {
    const text = (await this.read(file)) ?? '';
    // A process that dies in the middle of a line leaves its beginning: the next one then stands on the same line.
    return text.split('\n').flatMap((line) => (line === '' ? [] : [parsed(line)].filter((one) => one !== undefined)));
  }

  private async read(file: string): Promise<string | undefined> {
    const path = join(this.folder, file);
    try {
      if ((await stat(path)).size > fileBytesMax) throw new Error(`${file} is too large to be a witness`);
      return await readFile(path, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  }
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

function headOf(json: unknown): WitnessedHead | 'unreadable' {
  const { sequence, hash, at, keyId, signature } = (json ?? {}) as Record<string, unknown>;
  if (!/^\d{1,18}$/.test(String(sequence)) || !/^[0-9a-f]{64}$/.test(String(hash))) return 'unreadable';
  return {
    sequence: BigInt(String(sequence)),
    hash: Buffer.from(String(hash), 'hex'),
    at: String(at),
    keyId: String(keyId),
    signature: Buffer.from(String(signature), 'base64'),
  };
}

function headJson({ sequence, hash, at, keyId }: Omit<WitnessedHead, 'signature'>) {
  return { format: 'drimbox-audit-head-1', sequence: String(sequence), hash: hash.toString('hex'), at, keyId };
}
