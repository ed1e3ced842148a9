import { createHash, sign, X509Certificate, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import { dsigNamespace } from './algorithms';

/** SHA-256 unless the receiver only knows SHA-1 (the DMP's own samples use it). */
export type SignatureHash = 'sha256' | 'sha1';

/** Whoever holds the private key: a file, or a hardware module behind the same two members. */
export interface Signer {
  /** Certificate of the key first, then its issuers when they shall be published; DER. */
  readonly certificates: readonly Buffer[];
  /** RSASSA-PKCS1-v1_5 over `data`, hashed inside. */
  sign(hash: SignatureHash, data: Buffer): Promise<Buffer>;
}

export const signatureUris: Readonly<Record<SignatureHash, { signature: string; digest: string }>> = {
  sha256: {
    signature: 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256',
    digest: 'http://www.w3.org/2001/04/xmlenc#sha256',
  },
  sha1: { signature: `${dsigNamespace}rsa-sha1`, digest: `${dsigNamespace}sha1` },
};

const signOffThread = promisify(
  (hash: string, data: Buffer, key: KeyObject, done: (error: Error | null, signature: Buffer) => void) =>
    sign(hash, data, key, done),
);

/** Signer around a private key in memory; refuses a key that is not RSA or not that of the certificate. */
export function createSigner(key: KeyObject, certificates: readonly Buffer[]): Signer {
  const [leaf] = certificates;
  if (!leaf) throw new TypeError('a signer needs its certificate');
  if (key.asymmetricKeyType !== 'rsa') throw new TypeError('national signatures are RSA: the key is not');
  if (!new X509Certificate(leaf).checkPrivateKey(key)) throw new TypeError('the certificate is not that of the key');
  return { certificates: [...certificates], sign: (hash, data) => signOffThread(hash, data, key) };
}

export function digestBase64(hash: string, data: string | Buffer): string {
  return createHash(hash).update(data).digest('base64');
}
