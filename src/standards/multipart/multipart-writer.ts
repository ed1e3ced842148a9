import { checkedBoundary } from './media-type';
import { MultipartRefusal } from './multipart-refusal';

/** Writes the delimiters and headers of a multipart body (RFC 2046 5.1); the data go between, straight to the stream. */
export class MultipartWriter {
  readonly boundary: string;
  private started = false;

  constructor({ boundary }: { readonly boundary: string }) {
    this.boundary = checkedBoundary(boundary);
  }

  /** What goes before the data of one part: `writer.partStart({ 'Content-Type': 'application/dicom' })`. */
  partStart(headers: Readonly<Record<string, string>>): Buffer {
    const lines = Object.entries(headers).map(([name, value]) => {
      if (!/^[!-9;-~]+$/.test(name) || !/^[\t\x20-\x7e]*$/.test(value))
        throw new MultipartRefusal('part-header-malformed');
      return `${name}: ${value}\r\n`;
    });
    const delimiter = `${this.started ? '\r\n' : ''}--${this.boundary}\r\n`;
    this.started = true;
    return Buffer.from(`${delimiter}${lines.join('')}\r\n`, 'latin1');
  }

  /** The closing delimiter. Only once everything was delivered: a cut body must not have it. */
  close(): Buffer {
    return Buffer.from(`${this.started ? '\r\n' : ''}--${this.boundary}--\r\n`, 'latin1');
  }
}

/** A boundary out of random bytes (at least 16), which the caller draws: 128 bits never occur in an image by chance. */
export function boundaryFrom(randomBytes: Uint8Array): string {
  if (randomBytes.length < 16 || randomBytes.length > 30)
    throw new RangeError('a boundary is made of 16 to 30 random bytes');
  return `drimbox-${Buffer.from(randomBytes).toString('hex')}`;
}
