import { readFile } from 'node:fs/promises';
import { ConnectionOptions } from 'node:tls';
import { GatewayError } from '../../../platform/errors';
import { pacsErrors } from '../pacs.errors';
import { DicomWebPacsConfig } from '../pacs.config';

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

/** TLS options read at each new connection, so that renewed files are used without restart. */
export async function readTlsOptions(tls: NonNullable<DicomWebPacsConfig['tls']>): Promise<ConnectionOptions> {
  const [ca, cert, key] = await Promise.all([
    readFile(tls.ca),
    tls.cert ? readFile(tls.cert) : undefined,
    tls.key ? readFile(tls.key) : undefined,
  ]);
  return { ca, cert, key, servername: tls.serverName, minVersion: 'TLSv1.2', rejectUnauthorized: true };
}
