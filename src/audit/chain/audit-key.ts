import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  KeyObject,
  sign,
  verify,
} from 'node:crypto';
import { linkSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { randomUUID } from 'node:crypto';
import { dirname, join } from 'node:path';

/** The key with which the gateway signs periods of its trail. */
export interface AuditKey {
  /** SHA-256 of the public key (SubjectPublicKeyInfo), hexadecimal. */
  readonly id: string;
  readonly publicKeyPem: string;
  sign(text: string): Buffer;
}

export interface AuditKeyFiles {
  readonly keyFile?: string;
  readonly passphraseFile?: string;
  readonly dataDir: string;
}

const fileBytesMax = 64 * 1024;
const rsaBitsMin = 3_072;

/** Folder of what the trail keeps outside the database. */
export const auditFolder = (dataDir: string): string => join(dataDir, 'audit');

/** Where the key is kept when none is named. */
export const generatedKeyFile = (dataDir: string): string => join(auditFolder(dataDir), 'audit-key.pem');

function read(file: string): string {
  if (statSync(file).size > fileBytesMax) throw new Error('the file is too large to be a key');
  return readFileSync(file, 'utf8');
}

export function publicKeyId(key: KeyObject): string {
  return createHash('sha256')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest('hex');
}

/** EdDSA hashes by itself; the others sign a SHA-256. */
const digestOf = (key: KeyObject): string | null => (key.asymmetricKeyType?.startsWith('ed') ? null : 'sha256');

/** @throws Error when such a key cannot sign, or too weakly */
function examine(key: KeyObject): KeyObject {
  const type = key.asymmetricKeyType ?? '';
  if (!['ed25519', 'ed448', 'ec', 'rsa', 'rsa-pss'].includes(type)) throw new Error('the key cannot sign');
  const bits = key.asymmetricKeyDetails?.modulusLength;
  if (bits !== undefined && bits < rsaBitsMin) throw new Error(`an RSA key needs ${rsaBitsMin} bits or more`);
  return key;
}

/** @throws Error when the file holds no private key that can be used, in a sentence without its content */
export function readAuditKey(file: string, passphraseFile?: string): AuditKey {
  const pem = read(file);
  const passphrase = passphraseFile ? read(passphraseFile).split(/\r?\n/, 1)[0] : undefined;
  let key: KeyObject;
  try {
    key = createPrivateKey({ key: pem, ...(passphrase === undefined ? {} : { passphrase }) });
  } catch (cause) {
    throw new Error('the file holds no private key that can be opened', { cause });
  }
  examine(key);
  const publicKey = createPublicKey(key);
  return {
    id: publicKeyId(publicKey),
    publicKeyPem: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    sign: (text) => sign(digestOf(key), Buffer.from(text), key),
  };
}

/**
 * The configured key, or one made at first start below the data folder. Processes that start together take the same one: the
 * first to link its file wins.
 */
export function openAuditKey({ keyFile, passphraseFile, dataDir }: AuditKeyFiles): AuditKey {
  if (keyFile) return readAuditKey(keyFile, passphraseFile);
  const file = generatedKeyFile(dataDir);
  try {
    return readAuditKey(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const made = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' });
  const draft = `${file}.${randomUUID()}`;
  writeFileSync(draft, made, { mode: 0o600, flag: 'wx' });
  try {
    linkSync(draft, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    rmSync(draft);
  }
  return readAuditKey(file);
}

/** Public keys whose signatures count. */
export class TrustedKeys {
  private readonly keys = new Map<string, KeyObject>();

  /** @throws Error when the text is no public key (PEM) */
  add(pem: string): string {
    let key: KeyObject;
    try {
      key = createPublicKey(pem);
    } catch (cause) {
      throw new Error('not a public key in PEM', { cause });
    }
    const id = publicKeyId(examine(key));
    this.keys.set(id, key);
    return id;
  }

  addFile(file: string): string {
    return this.add(read(file));
  }

  get size(): number {
    return this.keys.size;
  }

  fault(keyId: string, text: string, signature: Buffer): 'unknown-key' | 'signature-invalid' | undefined {
    const key = this.keys.get(keyId);
    if (!key) return 'unknown-key';
    return verify(digestOf(key), Buffer.from(text), key, signature) ? undefined : 'signature-invalid';
  }
}
