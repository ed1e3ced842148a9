import type { Socket } from 'node:net';
import { describeCause } from '../../platform/errors';
import { Logger } from '../../platform/logging';
import { frameMessage, MllpEvent, MllpFramer } from '../../standards/hl7v2';
import { refusalOfHead } from './refusal';
import type { ConnectionRefusalReason } from './refusal-trail';

export interface SessionLimits {
  readonly messageBytesMax: number;
  readonly idleMsMax: number;
  readonly messageMsMax: number;
}

/** Messages read ahead of the one being handled; beyond, the socket is not read. */
const aheadMax = 4;
/** Bytes outside of any block after which the peer is not speaking MLLP. */
const junkBytesMax = 4096;

/** Messages cut before their end after which the same holds: each one is told. */
const cutMessagesMax = 20;

/** Time between our end of a connection and the peer's. */
const lingerMs = 1_000;

export interface SessionHooks {
  /** Decides about one message; never rejects. */
  answer(bytes: Buffer): Promise<Buffer>;
  /** Tells how many bytes the session holds now; false when that is too much for all sessions together. */
  holding(bytes: number): boolean;
  /** Something that came was not taken. */
  refused(reason: ConnectionRefusalReason, bytes?: number): void;
}

/** One connection: cuts messages, gives them one by one, answers in order, and reads no faster than it answers. */
export class MllpSession {
  private readonly logger = new Logger('ris');
  private readonly framer: MllpFramer;
  private readonly queue: Array<{ readonly bytes: Buffer; readonly refused: boolean }> = [];
  private handling = false;
  private inputEnded = false;
  private closing = false;
  private junkBytes = 0;
  private cutMessages = 0;
  private messageTimer?: NodeJS.Timeout;

  constructor(
    readonly id: string,
    private readonly socket: Socket,
    private readonly limits: SessionLimits,
    private readonly hooks: SessionHooks,
  ) {
    this.framer = new MllpFramer({ messageBytesMax: limits.messageBytesMax });
    socket.setNoDelay(true);
    socket.setKeepAlive(true, 60_000);
    socket.setTimeout(limits.idleMsMax, () => this.cut('nothing came for too long'));
    socket.on('data', (chunk) => this.read(chunk));
    socket.on('end', () => this.endOfInput());
    socket.on('error', (error) => this.logger.debug({ session: id, cause: describeCause(error) }, 'connection failed'));
    socket.once('close', () => this.forget());
  }

  /** Reads no more, answers what was received whole, then closes. */
  finish(): void {
    this.closing = true;
    this.socket.pause();
    this.endWhenIdle();
  }

  destroy(): void {
    this.socket.destroy();
  }

  private read(chunk: Buffer): void {
    if (this.closing) return;
    for (const event of this.framer.push(chunk)) {
      this.take(event);
      if (this.socket.destroyed) return;
    }
    this.watchMessage();
    this.account();
    if (this.queue.length >= aheadMax) this.socket.pause();
    void this.work();
  }

  private endOfInput(): void {
    for (const event of this.framer.end()) this.take(event);
    this.inputEnded = true;
    clearTimeout(this.messageTimer);
    void this.work();
  }

  private take(event: MllpEvent): void {
    switch (event.kind) {
      case 'message':
        this.queue.push({ bytes: event.bytes, refused: false });
        return;
      case 'too-large':
        this.logger.warn(
          { session: this.id, limit: this.limits.messageBytesMax },
          'a message over the limit was refused',
        );
        this.hooks.refused('message-too-large', this.limits.messageBytesMax);
        this.queue.push({ bytes: event.head, refused: true });
        return;
      case 'unterminated':
        this.logger.warn(
          { session: this.id, bytes: event.bytesRead },
          'a message was cut before its end, and not taken',
        );
        this.cutMessages += 1;
        this.hooks.refused('message-cut', event.bytesRead);
        if (this.cutMessages > cutMessagesMax) this.cut('the peer does not speak MLLP', 'not-mllp');
        return;
      case 'junk':
        this.junkBytes += event.bytesRead;
        if (this.junkBytes > junkBytesMax) this.cut('the peer does not speak MLLP', 'not-mllp');
    }
  }

  private async work(): Promise<void> {
    if (this.handling) return;
    this.handling = true;
    for (let next = this.queue.shift(); next && !this.socket.destroyed; next = this.queue.shift()) {
      const answer = next.refused
        ? refusalOfHead(next.bytes, this.limits.messageBytesMax)
        : await this.hooks.answer(next.bytes);
      await this.send(answer);
      this.account();
      if (!this.closing && this.queue.length < aheadMax) this.socket.resume();
    }
    this.handling = false;
    this.endWhenIdle();
  }

  private endWhenIdle(): void {
    if (this.handling || this.queue.length > 0 || !(this.closing || this.inputEnded)) return;
    this.socket.end();
    // Reading on lets the peer's own end come in; a peer that keeps its side open is cut.
    this.socket.resume();
    setTimeout(() => this.socket.destroy(), lingerMs).unref();
  }

  /** Waits for a peer that does not read its answers; the idle time-out ends it. */
  private async send(answer: Buffer): Promise<void> {
    if (this.socket.destroyed || this.socket.write(frameMessage(answer))) return;
    await new Promise<void>((resolve) => {
      this.socket.once('drain', resolve);
      this.socket.once('close', resolve);
    });
  }

  private watchMessage(): void {
    if (!this.framer.inMessage) {
      clearTimeout(this.messageTimer);
      this.messageTimer = undefined;
      return;
    }
    this.messageTimer ??= setTimeout(
      () => this.cut('a message took too long to come', 'message-too-slow'),
      this.limits.messageMsMax,
    ).unref();
  }

  private account(): void {
    const queued = this.queue.reduce((sum, { bytes }) => sum + bytes.length, 0);
    if (!this.hooks.holding(this.framer.bytesHeld + queued))
      this.cut('too many bytes are held for all connections together', 'too-many-bytes');
  }

  private cut(reason: string, refusal?: ConnectionRefusalReason): void {
    if (this.socket.destroyed) return;
    if (refusal) this.hooks.refused(refusal);
    this.logger.warn({ session: this.id, reason }, 'an HL7 connection was closed');
    this.socket.destroy();
  }

  private forget(): void {
    clearTimeout(this.messageTimer);
    this.queue.length = 0;
    this.hooks.holding(0);
  }
}
