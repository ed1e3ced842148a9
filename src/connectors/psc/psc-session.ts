import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import { Professional, WorkSituation } from './professional';

/** A login under way: kept by the portal until the browser comes back, one for each tab. Plain data. */
export interface LoginAttempt {
  readonly state: string;
  readonly nonce: string;
  readonly codeVerifier: string;
  readonly redirectUrl: string;
  readonly startedAtMs: number;
  /** Where the portal wants to go afterwards; a path of its own, checked by it. */
  readonly returnTo?: string;
}

/** A professional logged in by Pro Santé Connect. Plain data, whatever the store; hold it sealed (`SessionSeal`). */
export interface PscSession {
  readonly version: 1;
  readonly professional: Professional;
  readonly situations: readonly WorkSituation[];
  /** structureId of the situation chosen; undefined until one is chosen among several. */
  readonly situationId?: string;
  readonly acr?: string;
  /** Session identifier at Pro Santé Connect, for back-channel logout. */
  readonly sid?: string;
  readonly idToken: string;
  readonly accessToken: string;
  readonly accessTokenEndsAtMs: number;
  readonly refreshToken?: string;
  readonly loggedInAtMs: number;
}

/** The situation in force: the one chosen, or the only one. */
export function situationOf(session: PscSession): WorkSituation | undefined {
  if (session.situationId) return session.situations.find((one) => one.structureId === session.situationId);
  return session.situations.length === 1 ? session.situations[0] : undefined;
}

/** The same session acting for this structure; undefined when it is none of the professional's. */
export function chooseSituation(session: PscSession, structureId: string): PscSession | undefined {
  const isOwn = session.situations.some((one) => one.structureId === structureId);
  return isOwn ? { ...session, situationId: structureId } : undefined;
}

/** Encrypts sessions at rest (AES-256-GCM, a fresh nonce each time). The key is derived from a secret of any length. */
export class SessionSeal {
  private readonly key: Buffer;

  constructor(secret: string | Buffer) {
    this.key = createHash('sha256').update('drimbox psc session\0').update(secret).digest();
  }

  seal(session: PscSession): string {
    const nonce = randomBytes(12);
    const cipher = createCipheriv('aes-256-gcm', this.key, nonce);
    const body = Buffer.concat([cipher.update(JSON.stringify(session), 'utf8'), cipher.final()]);
    return Buffer.concat([nonce, cipher.getAuthTag(), body]).toString('base64url');
  }

  /** Undefined when the text was changed, cut, or sealed with another key. */
  open(sealed: string): PscSession | undefined {
    try {
      const bytes = Buffer.from(sealed, 'base64url');
      const decipher = createDecipheriv('aes-256-gcm', this.key, bytes.subarray(0, 12), { authTagLength: 16 });
      decipher.setAuthTag(bytes.subarray(12, 28));
      const text = Buffer.concat([decipher.update(bytes.subarray(28)), decipher.final()]).toString('utf8');
      const session = JSON.parse(text) as PscSession;
      return session.version === 1 ? session : undefined;
    } catch {
      return undefined;
    }
  }
}
