import { randomBytes } from 'node:crypto';
import type { Exchange } from '../../../platform/http';
import { DicomJsonDataSet, nativeXml } from '../../../standards/dicom';
import type { MetadataMediaType } from '../../../standards/dicomweb';
import { boundaryFrom, MultipartWriter } from '../../../standards/multipart';
import { BodyWriter } from '../delivery/body-writer';

/** How the metadata of instances are strung together. */
interface Framing {
  readonly contentType: string;
  /** What goes before the text of one instance, and the text itself. */
  readonly next: (json: string) => Buffer;
  /** What ends the body: without it the answer is not complete. */
  readonly last: () => Buffer;
}

function jsonArray(contentType: string): Framing {
  let begun = false;
  const next = (json: string): Buffer => {
    const separator = begun ? ',' : '[';
    begun = true;
    return Buffer.from(separator + json);
  };
  return { contentType, next, last: () => Buffer.from(begun ? ']' : '[]') };
}

/** One Native DICOM Model document a part (PS3.18 8.7.3.2, PS3.19 A.1). */
function multipartXml(): Framing {
  const writer = new MultipartWriter({ boundary: boundaryFrom(randomBytes(24)) });
  const next = (json: string): Buffer =>
    Buffer.concat([
      writer.partStart({ 'Content-Type': 'application/dicom+xml' }),
      Buffer.from(nativeXml(JSON.parse(json) as DicomJsonDataSet)),
    ]);
  const contentType = `multipart/related; type="application/dicom+xml"; boundary=${writer.boundary}`;
  return { contentType, next, last: () => writer.close() };
}

/** The metadata of instances, kept as JSON texts, written one by one with back-pressure. */
export class MetadataAnswer {
  private readonly body: BodyWriter;
  private readonly framing: Framing;

  constructor(
    exchange: Exchange,
    mediaType: MetadataMediaType,
    private readonly texts: readonly string[],
  ) {
    this.framing = mediaType === 'application/dicom+xml' ? multipartXml() : jsonArray(mediaType);
    const { contentType } = this.framing;
    this.body = new BodyWriter(exchange.response, () => ({ 'Content-Type': contentType, 'Cache-Control': 'no-store' }));
  }

  get parts(): number {
    return this.texts.length;
  }

  get bytes(): number {
    return this.body.bytes + this.body.pendingBytes;
  }

  async send(beforeLastByte: () => Promise<void>): Promise<void> {
    for (const text of this.texts) if (!this.body.write(this.framing.next(text))) await this.body.drained();
    this.body.flushIfBegun();
    await beforeLastByte();
    await this.body.end(this.framing.last());
  }
}
