import type { BodyWriter } from './body-writer';
import { ChunkFrames } from './chunk-frames';

export interface PartToSend {
  /** What goes before its bytes; asked for when its turn has come, since it depends on what went before. */
  readonly head: () => readonly Buffer[];
  readonly bytes: readonly Buffer[];
}

interface WaitingPart {
  readonly head: PartToSend['head'];
  /** Each of one write at most. */
  readonly pieces: Buffer[];
  readonly done: () => void;
}

/**
 * Whole parts that leave one after another, between the parts that stream through, at the pace of the caller: of what is held
 * whole, no more is in the response than of what streams. Who adds a part is told when its bytes may be counted as held no longer.
 */
export class PartQueue {
  private readonly waiting: WaitingPart[] = [];
  private current: WaitingPart | undefined;
  private isHeldBack = false;
  private isSending = false;
  private isStopped = false;
  private tellStopped: () => void = () => undefined;
  private readonly stopped = new Promise<void>((resolve) => (this.tellStopped = resolve));

  constructor(
    private readonly body: BodyWriter,
    /** Called when the last byte of a part has been written. */
    private readonly onWritten: () => void,
  ) {}

  /** Resolves once the caller has taken the part (but for the little that a response may hold), or nothing is sent any more. */
  add({ head, bytes }: PartToSend): Promise<void> {
    if (this.isStopped) return Promise.resolve();
    return new Promise((resolve) => {
      this.waiting.push({ head, pieces: bytes.flatMap(cut), done: resolve });
      void this.sendAll();
    });
  }

  /**
   * A part that streams through begins. One of ours that is half written is ended first, at once: nothing may come between its bytes.
   */
  holdBack(): void {
    this.isHeldBack = true;
    for (const piece of this.current?.pieces.splice(0) ?? []) this.body.write(piece);
  }

  /** The part that streamed through is whole. */
  goOn(): void {
    this.isHeldBack = false;
    void this.sendAll();
  }

  /** Nothing more is sent: what waits is let go. */
  stop(): void {
    this.isStopped = true;
    this.tellStopped();
    for (const { pieces, done } of [...this.waiting.splice(0), ...(this.current ? [this.current] : [])]) {
      pieces.length = 0;
      done();
    }
  }

  private async sendAll(): Promise<void> {
    if (this.isSending) return;
    this.isSending = true;
    while (!this.isHeldBack && !this.isStopped) {
      this.current = this.waiting.shift();
      if (!this.current) break;
      await this.send(this.current);
      this.current = undefined;
    }
    this.isSending = false;
  }

  private async send({ head, pieces, done }: WaitingPart): Promise<void> {
    pieces.unshift(...head());
    for (let piece = pieces.shift(); piece; piece = pieces.shift()) {
      if (!this.body.write(piece)) await this.drained();
    }
    this.onWritten();
    await this.drained();
    done();
  }

  private drained(): Promise<void> {
    return Promise.race([this.body.drained(), this.stopped]);
  }
}

function cut(bytes: Buffer): Buffer[] {
  const count = Math.ceil(bytes.length / ChunkFrames.contentBytes);
  return Array.from({ length: count }, (_, at) =>
    bytes.subarray(at * ChunkFrames.contentBytes, (at + 1) * ChunkFrames.contentBytes),
  );
}
