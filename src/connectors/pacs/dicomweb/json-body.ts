import { GatewayError } from '../../../platform/errors';
import { pacsErrors } from '../pacs.errors';
import { AnswerHead, AnswerReader } from './http-client';

/** Gathers a JSON answer, up to a limit; the body of a status other than 200 or 202 is let fall unless `keep` says so. */
export class JsonBody implements AnswerReader {
  private readonly chunks: Buffer[] = [];
  private bytes = 0;
  private isKept = false;

  constructor(
    private readonly bytesMax: number,
    private readonly keep: (status: number) => boolean = (status) => status === 200,
  ) {}

  head(head: AnswerHead): void {
    this.isKept = this.keep(head.status);
    const type = head.header('content-type').split(';')[0].trim().toLowerCase();
    if (this.isKept && type !== '' && type !== 'application/dicom+json' && type !== 'application/json') {
      throw new GatewayError(pacsErrors.malformed, { detail: 'the answer is not JSON' });
    }
  }

  data(chunk: Buffer): boolean {
    this.bytes += chunk.length;
    if (this.bytes > this.bytesMax) throw new GatewayError(pacsErrors.malformed, { detail: 'the answer is too long' });
    if (this.isKept) this.chunks.push(chunk);
    return true;
  }

  drained(): Promise<void> {
    return Promise.resolve();
  }

  end(): void {
    // Nothing more to do: `value()` reads what was gathered.
  }

  /** Undefined for an empty body. */
  value(): unknown {
    const text = Buffer.concat(this.chunks).toString('utf8').trim();
    if (text === '') return undefined;
    try {
      return JSON.parse(text) as unknown;
    } catch {
      // Not chained: the message of JSON.parse quotes the text, which may hold an identity.
      throw new GatewayError(pacsErrors.malformed, { detail: 'the answer is not JSON' });
    }
  }
}
