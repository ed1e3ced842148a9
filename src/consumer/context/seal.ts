import { createCipheriv, createDecipheriv, createHash, hkdfSync, randomBytes } from 'node:crypto';

const nonceBytes = 12;
const tagBytes = 16;

/** SHA-256: opaque references are stored only in this form. */
export const digestOf = (reference: string): Buffer => createHash('sha256').update(reference).digest();

/** 24 random bytes as text: an opaque reference that cannot be guessed. */
export const newReference = (): string => randomBytes(24).toString('base64url');

/** Encrypts what the consumer keeps at rest (AES-256-GCM). A text sealed for one purpose and owner opens for no other. */
export class ConsumerSeal {
  private readonly key: Buffer;

  constructor(secret: string) {
    this.key = Buffer.from(hkdfSync('sha256', secret, '', 'drimbox consumer at rest', 32));
  }

  seal(bytes: Buffer, owner: string): Buffer {
    const nonce = randomBytes(nonceBytes);
    const cipher = createCipheriv('aes-256-gcm', this.key, nonce);
    cipher.setAAD(Buffer.from(owner));
    const body = Buffer.concat([cipher.update(bytes), cipher.final()]);
    return Buffer.concat([nonce, cipher.getAuthTag(), body]);
  }

  /** Undefined when the bytes were changed, or sealed for another owner or with another key. */
  open(sealed: Buffer, owner: string): Buffer | undefined {
    try {
      const decipher = createDecipheriv('aes-256-gcm', this.key, sealed.subarray(0, nonceBytes), {
        authTagLength: tagBytes,
      });
      decipher.setAAD(Buffer.from(owner));
      decipher.setAuthTag(sealed.subarray(nonceBytes, nonceBytes + tagBytes));
      return Buffer.concat([decipher.update(sealed.subarray(nonceBytes + tagBytes)), decipher.final()]);
    } catch {
      return undefined;
    }
  }
}
