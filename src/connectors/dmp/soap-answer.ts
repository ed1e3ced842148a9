import {
  boundaryOf,
  MultipartReader,
  MultipartRefusal,
  parseMediaType,
  type PartHeaders,
} from '../../standards/multipart';

/** Reads the body of an answer as it arrives: the SOAP part, and the binary parts by content id, all bounded. */

export interface AnswerParts {
  /** The root part: a SOAP envelope. */
  envelope: Buffer;
  attachments: Map<string, Buffer>;
}

export class AnswerRefusal extends Error {}

const ENVELOPE_TYPES = ['application/soap+xml', 'application/xop+xml', 'text/xml'];

async function collect(body: AsyncIterable<Buffer>, bytesMax: number, each: (chunk: Buffer) => void): Promise<void> {
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > bytesMax) throw new AnswerRefusal(`the answer is longer than ${String(bytesMax)} bytes`);
    each(chunk);
  }
}

class PartCollector {
  readonly parts: { id: string; chunks: Buffer[] }[] = [];
  private current: Buffer[] = [];
  closed = false;

  onPartStart = (headers: PartHeaders): void => {
    if ((headers.get('content-transfer-encoding') ?? 'binary').toLowerCase() === 'base64') {
      throw new AnswerRefusal('a part of the answer is in base64, which MTOM does not use');
    }
    this.current = [];
    this.parts.push({ id: (headers.get('content-id') ?? '').replace(/^<|>$/g, ''), chunks: this.current });
  };
  onData = (bytes: Buffer): void => void this.current.push(bytes);
  onPartEnd = (): void => undefined;
  onEnd = (): void => {
    this.closed = true;
  };
}

/** Reads the whole answer; throws `AnswerRefusal`, or the error of the connection when it breaks. */
export async function readAnswer(
  contentType: string,
  body: AsyncIterable<Buffer>,
  bytesMax: number,
): Promise<AnswerParts> {
  try {
    const type = parseMediaType(contentType);
    if (type.type !== 'multipart/related') {
      if (!ENVELOPE_TYPES.includes(type.type))
        throw new AnswerRefusal(`the answer is of type ${type.type.slice(0, 80)}`);
      const chunks: Buffer[] = [];
      await collect(body, bytesMax, (chunk) => chunks.push(chunk));
      return { envelope: Buffer.concat(chunks), attachments: new Map() };
    }
    const collector = new PartCollector();
    const reader = new MultipartReader({ boundary: boundaryOf(contentType), partsMax: 200 }, collector);
    await collect(body, bytesMax, (chunk) => reader.push(chunk));
    if (!collector.closed) throw new AnswerRefusal('the answer has no closing delimiter');
    return assemble(collector, type.parameters.get('start'));
  } catch (error) {
    if (error instanceof MultipartRefusal)
      throw new AnswerRefusal('the multipart answer is malformed', { cause: error });
    throw error;
  }
}

function assemble(collector: PartCollector, start: string | undefined): AnswerParts {
  const wanted = start?.replace(/^<|>$/g, '');
  const root = collector.parts.find((part) => part.id === wanted) ?? collector.parts.at(0);
  if (root === undefined) throw new AnswerRefusal('the answer has no part');
  const attachments = new Map<string, Buffer>();
  for (const part of collector.parts)
    if (part !== root && part.id !== '') attachments.set(part.id, Buffer.concat(part.chunks));
  return { envelope: Buffer.concat(root.chunks), attachments };
}
