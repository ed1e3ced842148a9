import { connect as connectTcp, isIP, Socket } from 'node:net';
import { connect as connectTls, ConnectionOptions } from 'node:tls';
import { bigReads } from '../../big-reads';
import { AnswerHead } from './answer-head';
import { AnswerParser } from './answer-parser';

/** Reads one answer as it arrives. What it throws ends the exchange and its connection. */
export interface AnswerReader {
  head(head: Pick<AnswerHead, 'status' | 'header'>): void;
  /** Takes the chunk in any case; `false` asks for silence until `drained()`. */
  data(chunk: Buffer): boolean;
  drained(): Promise<void>;
  /** The body is whole, as HTTP sees it. */
  end(): void;
}

export interface WireServer {
  readonly host: string;
  readonly port: number;
  /** Read at each connection, so that renewed files are used; undefined for clear text. */
  readonly tls?: () => ConnectionOptions;
}

export interface WireLimits {
  readonly connectTimeoutMs: number;
  /** Silence before the first byte of an answer, or within it while we are ready to read. */
  readonly silenceMs: number;
  readonly headerBytesMax: number;
}

const failure = (code: string, message: string): Error => Object.assign(new Error(message), { code });

interface UnderWay {
  readonly parser: AnswerParser;
  readonly reader: AnswerReader;
  readonly resolve: (head: AnswerHead) => void;
  readonly reject: (reason: Error) => void;
}

/** One connection to the PACS: one GET at a time, its answer read in large pieces with back-pressure. */
export class WireConnection {
  private underWay: UnderWay | undefined;
  private isHeld = false;
  private isFull = false;
  private ended: Error | undefined;
  /** Answers read on it so far: a first one that fails tells of the server, a later one perhaps of the keeping. */
  answers = 0;
  /** Some bytes of the answer under way, or of the last one, have come. */
  isAnswered = false;
  /** For how long the server keeps it, ms; 0 when it must not be used again. */
  keptMs = 0;

  private constructor(
    private readonly socket: Socket,
    private readonly limits: WireLimits,
  ) {
    socket.setTimeout(limits.silenceMs, () => this.onSilence());
    socket.on('error', (error) => this.fail(error));
    socket.on('end', () => this.onEnd());
    socket.on('close', () => this.fail(failure('ECONNRESET', 'closed by the PACS')));
  }

  static async open(server: WireServer, limits: WireLimits, signal?: AbortSignal): Promise<WireConnection> {
    const { host, port } = server;
    const options = server.tls?.();
    let feed: (chunk: Buffer) => boolean = () => true;
    const socket = options
      ? connectTls({ servername: isIP(host) ? undefined : host, ...options, host, port, ALPNProtocols: ['http/1.1'] })
      : connectTcp({ host, port, onread: bigReads((chunk) => feed(chunk)) });
    socket.setNoDelay(true);
    await connected(socket, options ? 'secureConnect' : 'connect', limits.connectTimeoutMs, signal);
    const connection = new WireConnection(socket, limits);
    feed = (chunk) => connection.take(chunk);
    if (options) socket.on('data', feed);
    return connection;
  }

  get isOpen(): boolean {
    return this.ended === undefined;
  }

  /** Sends a request and resolves with the head of its answer once the body has been read whole. */
  exchange(request: string, reader: AnswerReader, signal?: AbortSignal): Promise<AnswerHead> {
    return new Promise<AnswerHead>((resolve, reject) => {
      const leave = (): void => this.fail(signal?.reason instanceof Error ? signal.reason : new Error('aborted'));
      const done = (): void => signal?.removeEventListener('abort', leave);
      let head: AnswerHead | undefined;
      const events = {
        head: (read: AnswerHead) => reader.head((head = read)),
        data: (piece: Buffer) => void (this.isFull = !reader.data(piece) || this.isFull),
        end: () => {
          reader.end();
          if (head) this.settle(head);
        },
      };
      this.underWay = {
        parser: new AnswerParser(this.limits.headerBytesMax, events),
        reader,
        resolve: (whole) => (done(), resolve(whole)),
        reject: (reason) => (done(), reject(reason)),
      };
      this.isAnswered = false;
      if (this.ended) return this.underWay.reject(this.ended);
      signal?.addEventListener('abort', leave, { once: true });
      this.socket.setTimeout(this.limits.silenceMs);
      this.socket.write(request, 'latin1');
    });
  }

  /** Ends it, and with it what is under way. */
  destroy(reason: Error = failure('ECONNRESET', 'closed')): void {
    this.fail(reason);
  }

  private take(chunk: Buffer): boolean {
    const { underWay } = this;
    this.isAnswered = true;
    try {
      // Bytes that nobody asked for, or beyond the answer: whose they are cannot be known.
      if (!underWay || underWay.parser.push(chunk) < chunk.length) this.fail(failure('ECONNRESET', 'bytes too many'));
    } catch (error) {
      this.fail(error instanceof Error ? error : new Error('reading failed'));
    }
    if (this.isFull) this.hold(underWay?.reader);
    return true;
  }

  /** Stops reading, so that TCP slows the PACS down, until the reader has room again. */
  private hold(reader: AnswerReader | undefined): void {
    this.isFull = false;
    if (!reader || this.isHeld || this.ended || !this.underWay) return;
    this.isHeld = true;
    this.socket.pause();
    const go = (): void => {
      this.isHeld = false;
      if (this.ended) return;
      this.socket.setTimeout(this.limits.silenceMs);
      this.socket.resume();
    };
    reader.drained().then(go, go);
  }

  private settle(head: AnswerHead): void {
    const { underWay } = this;
    this.underWay = undefined;
    this.answers += 1;
    this.keptMs = head.keptMs;
    underWay?.resolve(head);
    if (head.keptMs === 0) this.socket.destroy();
  }

  private onEnd(): void {
    try {
      this.underWay?.parser.close();
      this.fail(failure('ECONNRESET', 'ended by the PACS'));
    } catch (error) {
      this.fail(error instanceof Error ? error : new Error('reading failed'));
    }
  }

  private onSilence(): void {
    if (this.underWay && !this.isHeld) this.fail(failure('ETIMEDOUT', `silent for ${this.limits.silenceMs} ms`));
  }

  private fail(reason: Error): void {
    if (this.ended) return;
    this.ended = reason;
    this.keptMs = 0;
    this.socket.destroy();
    this.underWay?.reject(reason);
    this.underWay = undefined;
  }
}

function connected(
  socket: Socket,
  event: 'connect' | 'secureConnect',
  timeoutMs: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (act: () => void): void => {
      clearTimeout(timer);
      socket.off('error', fail);
      signal?.removeEventListener('abort', left);
      act();
    };
    const fail = (error: Error): void => {
      settle(() => reject(error));
      socket.on('error', () => undefined).destroy();
    };
    const left = (): void => fail(signal?.reason instanceof Error ? signal.reason : new Error('aborted'));
    const timer = setTimeout(() => fail(failure('ECONNREFUSED', `no connection within ${timeoutMs} ms`)), timeoutMs);
    socket.once('error', fail).once(event, () => settle(resolve));
    signal?.addEventListener('abort', left, { once: true });
    if (signal?.aborted) left();
  });
}
