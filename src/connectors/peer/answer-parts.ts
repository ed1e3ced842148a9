import type { ByteLease } from '../../platform/memory';
import { Part10Splitter, DicomRefusal, type DicomReason } from '../../standards/dicom';
import { boundaryOf, MultipartReader, MultipartRefusal, parseMediaType } from '../../standards/multipart';

/** One object of an answer, whole. The identifiers are those of its file meta group: what the data set says is not read here. */
export interface PeerInstance {
  readonly kind: 'instance';
  readonly sopClassUid?: string;
  readonly sopInstanceUid?: string;
  readonly transferSyntaxUid: string;
  /** Without preamble and file meta group. */
  readonly dataset: Buffer;
}

/** A part that is no DICOM object, or too large a one. */
export interface UnreadablePart {
  readonly kind: 'unreadable';
  readonly reason: DicomReason | 'too-large';
}

export type PeerPart = PeerInstance | UnreadablePart;

export interface AnswerLimits {
  readonly objectBytesMax: number;
  readonly partsMax: number;
  /** Bytes of objects on their way, over all answers of the process: reading waits for room. */
  readonly inFlight?: ByteLease;
  readonly signal?: AbortSignal;
}

/**
 * The objects of a WADO-RS answer (PS3.18 8.6.1.2.1), each as soon as it is whole. Reading stops while the consumer of the
 * generator is busy. A cut answer throws `MultipartRefusal` after the objects that came whole.
 */
export async function* answerParts(
  contentType: string,
  body: AsyncIterable<Buffer>,
  limits: AnswerLimits,
): AsyncGenerator<PeerPart> {
  const ready: PeerPart[] = [];
  const { type, parameters } = parseMediaType(contentType);
  const reader =
    type === 'application/dicom' ? new BareReader(ready, limits) : new PartsReader(contentType, ready, limits);
  const inner = parameters.get('type');
  if (inner !== undefined && inner.toLowerCase() !== 'application/dicom')
    throw new MultipartRefusal('media-type-malformed');
  const { inFlight, signal } = limits;
  try {
    for await (const chunk of body) {
      await inFlight?.take(chunk.length, signal);
      reader.push(chunk);
      yield* ready.splice(0);
      inFlight?.keep(reader.bytesHeld);
    }
    reader.end();
    yield* ready.splice(0);
  } finally {
    inFlight?.release();
  }
}

/** Gathers one object. */
class Gathering {
  private readonly splitter = new Part10Splitter();
  private chunks: Buffer[] = [];
  private bytes = 0;
  private fault?: UnreadablePart['reason'];

  constructor(private readonly bytesMax: number) {}

  get bytesHeld(): number {
    return this.fault ? 0 : this.bytes;
  }

  push(chunk: Buffer): void {
    if (this.fault) return;
    this.bytes += chunk.length;
    if (this.bytes > this.bytesMax) return this.fail('too-large');
    this.guarded(() => this.chunks.push(...this.splitter.push(chunk)));
  }

  end(): PeerPart {
    if (!this.fault) this.guarded(() => this.chunks.push(...this.splitter.end()));
    const { meta } = this.splitter;
    if (this.fault || !meta) return { kind: 'unreadable', reason: this.fault ?? 'preamble-absent' };
    return {
      kind: 'instance',
      sopClassUid: meta.mediaStorageSopClassUid,
      sopInstanceUid: meta.mediaStorageSopInstanceUid,
      transferSyntaxUid: meta.transferSyntaxUid,
      dataset: Buffer.concat(this.chunks),
    };
  }

  private guarded(work: () => unknown): void {
    try {
      work();
    } catch (error) {
      if (!(error instanceof DicomRefusal)) throw error;
      this.fail(error.reason);
    }
  }

  private fail(reason: UnreadablePart['reason']): void {
    this.fault = reason;
    this.chunks = [];
  }
}

/** `multipart/related` of objects. */
class PartsReader {
  private gathering?: Gathering;
  private readonly reader: MultipartReader;

  constructor(contentType: string, ready: PeerPart[], { objectBytesMax, partsMax }: AnswerLimits) {
    this.reader = new MultipartReader(
      { boundary: boundaryOf(contentType), partsMax },
      {
        onPartStart: () => (this.gathering = new Gathering(objectBytesMax)),
        onData: (bytes) => this.gathering?.push(bytes),
        onPartEnd: () => {
          if (this.gathering) ready.push(this.gathering.end());
          this.gathering = undefined;
        },
        onEnd: () => undefined,
      },
    );
  }

  get bytesHeld(): number {
    return this.gathering?.bytesHeld ?? 0;
  }

  push(chunk: Buffer): void {
    this.reader.push(chunk);
  }

  end(): void {
    this.reader.end();
  }
}

/** One object alone (`application/dicom`), as some servers answer for a single instance. */
class BareReader {
  private readonly gathering: Gathering;

  constructor(
    private readonly ready: PeerPart[],
    { objectBytesMax }: AnswerLimits,
  ) {
    this.gathering = new Gathering(objectBytesMax);
  }

  get bytesHeld(): number {
    return this.gathering.bytesHeld;
  }

  push(chunk: Buffer): void {
    this.gathering.push(chunk);
  }

  end(): void {
    this.ready.push(this.gathering.end());
  }
}
