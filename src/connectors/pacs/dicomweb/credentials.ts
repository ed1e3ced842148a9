import { readFile } from 'node:fs/promises';
import { GatewayError } from '../../../platform/errors';
import { pacsErrors } from '../pacs.errors';

/** A file changed on disk is taken into account after this. */
const freshMs = 10_000;

/** Value of the Authorization header, read from its file now and then so that it may be renewed without restart. */
export class AuthorizationFile {
  private known: { value: Promise<string>; atMs: number } | undefined;

  constructor(private readonly path: string) {}

  value(): Promise<string> {
    const now = performance.now();
    if (!this.known || now - this.known.atMs > freshMs) {
      const value = this.read();
      this.known = { value, atMs: now };
      value.catch(() => (this.known = undefined));
    }
    return this.known.value;
  }

  private async read(): Promise<string> {
    const text = await readFile(this.path, 'latin1').catch(() => '');
    const value = text.trim();
    if (value.length > 0 && value.length <= 8_192 && /^[\x20-\x7e]+$/.test(value)) return value;
    throw new GatewayError(pacsErrors.refused, {
      detail: 'the authorization file cannot be read or holds no header value',
    });
  }
}
