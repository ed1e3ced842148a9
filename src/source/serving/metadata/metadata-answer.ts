import { randomBytes } from 'node:crypto';
import type { Exchange } from '../../../platform/http';
import { DicomJsonDataSet, nativeXml } from '../../../standards/dicom';
import type { MetadataMediaType } from '../../../standards/dicomweb';
import { boundaryFrom, MultipartWriter } from '../../../standards/multipart';
import { BodyWriter } from '../delivery/body-writer';
import type { Piece } from './kept-series';

const newLine = 0x0a;
const comma = 0x2c;

/** How the metadata of instances are strung together. */
interface Framing {
  readonly contentType: string;
  /** What goes before the texts of some instances, and the texts themselves. */
  readonly next: (piece: Piece) => Buffer[];
  /** What ends the body: without it the answer is not complete. */
  readonly last: () => Buffer;
}

function jsonArray(contentType: string): Framing {
  let begun = false;
  const next = ({ text, instances }: Piece): Buffer[] => {
    const separator = Buffer.from(begun ? ',' : '[');
    begun = true;
    // JSON texts hold no line break: those between them become commas, in place.
    if (instances > 1)
      for (let at = text.indexOf(newLine); at >= 0; at = text.indexOf(newLine, at + 1)) text[at] = comma;
    return [separator, text];
  };
  return { contentType, next, last: () => Buffer.from(begun ? ']' : '[]') };
}

/** One Native DICOM Model document a part (PS3.18 8.7.3.2, PS3.19 A.1). */
function multipartXml(): Framing {
  const writer = new MultipartWriter({ boundary: boundaryFrom(randomBytes(24)) });
  const part = (json: string): Buffer[] => [
    writer.partStart({ 'Content-Type': 'application/dicom+xml' }),
    Buffer.from(nativeXml(JSON.parse(json) as DicomJsonDataSet)),
  ];
  const contentType = `multipart/related; type="application/dicom+xml"; boundary=${writer.boundary}`;
  return { contentType, next: ({ text }) => text.toString().split('\n').flatMap(part), last: () => writer.close() };
}

/** The metadata of instances, written piece by piece with back-pressure. */
export class MetadataAnswer {
  private readonly body: BodyWriter;
  private readonly framing: Framing;
  /** Instances told so far. */
  parts = 0;

  /** `pieces` belong to this answer alone: their bytes are changed. */
  constructor(
    exchange: Exchange,
    mediaType: MetadataMediaType,
    private readonly pieces: AsyncIterable<Piece>,
  ) {
    this.framing = mediaType === 'application/dicom+xml' ? multipartXml() : jsonArray(mediaType);
    const { contentType } = this.framing;
    this.body = new BodyWriter(exchange.response, () => ({ 'Content-Type': contentType, 'Cache-Control': 'no-store' }));
  }

  get bytes(): number {
    return this.body.bytes + this.body.pendingBytes;
  }

  /** @throws GatewayError when a piece cannot be had: nothing then ends as if complete */
  async send(beforeLastByte: () => Promise<void>): Promise<void> {
    for await (const piece of this.pieces) {
      for (const chunk of this.framing.next(piece)) if (!this.body.write(chunk)) await this.body.drained();
      this.parts += piece.instances;
    }
    this.body.flushIfBegun();
    await beforeLastByte();
    await this.body.end(this.framing.last());
  }
}
