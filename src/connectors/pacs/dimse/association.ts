import type { Socket } from 'node:net';
import { describeCause, GatewayError } from '../../../platform/errors';
import {
  CommandSet,
  decodeCommand,
  DimseFault,
  encodeAbort,
  encodeCommand,
  encodePData,
  fragmentLimit,
  maxCommandBytes,
  noDataSet,
  pduType,
  PduReader,
  releaseRequest,
  releaseResponse,
  writePDataHeader,
} from '../../../standards/dimse';
import { pacsErrors } from '../pacs.errors';
import { DimseSettings, maxControlLength, sendCap } from './dimse-settings';

/** Receives the data set that follows a command. */
export interface DataTarget {
  /** `false`: the association stops reading its socket until `drained()` resolves. */
  write(piece: Buffer): boolean;
  drained(): Promise<void>;
  end(): void;
  cut(reason: Error): void;
}

/** What stands above an association: requester or acceptor. */
export interface AssociationUser {
  control(type: number, body: Buffer): void;
  /** A command without data set. */
  message(contextId: number, command: CommandSet): void;
  /** A command with a data set, whose bytes go to the answer. */
  dataFollows(contextId: number, command: CommandSet): DataTarget;
  closed(reason: Error): void;
}

/** One association over a socket, in either role: PDUs in and out, back-pressure, silence, end (PS3.8). */
export class Association {
  private readonly reader: PduReader;
  private command: Buffer[] = [];
  private commandBytes = 0;
  private commandContext = 0;
  private incoming: { contextId: number; target: DataTarget } | undefined;
  private ended = false;
  private held = 0;
  private lastActivity = Date.now();
  private readonly watch: NodeJS.Timeout;
  private fragmentBytes = 16_378;
  /** While true, silence of the peer longer than the limit is a failure. */
  awaiting: () => boolean = () => false;
  user: AssociationUser;

  constructor(
    readonly socket: Socket,
    user: AssociationUser,
    private readonly settings: DimseSettings,
  ) {
    this.user = user;
    const limits = { maxPduLength: settings.maxPduLength, maxControlLength };
    this.reader = new PduReader({ control: (t, b) => this.onControl(t, b), data: this.onData.bind(this) }, limits);
    socket.setNoDelay(true);
    socket.on('error', (error) => this.close(new GatewayError(pacsErrors.lost, { cause: error })));
    // An orderly end has been told before: an error, with its stack, is made for a loss only.
    socket.on('end', () => this.isOpen && this.close(this.lostError('closed by the peer')));
    socket.on('close', () => this.isOpen && this.close(this.lostError('closed')));
    this.watch = setInterval(() => this.checkSilence(), Math.min(1_000, Math.max(settings.silenceMs / 4, 20)));
    this.watch.unref();
  }

  get isOpen(): boolean {
    return !this.ended;
  }

  /** Bytes of the peer, cut anywhere. */
  feed(chunk: Buffer): void {
    if (this.ended) return;
    this.lastActivity = Date.now();
    try {
      this.reader.feed(chunk);
    } catch (error) {
      const isFault = error instanceof DimseFault;
      this.abort(
        isFault ? new GatewayError(pacsErrors.malformed, { cause: error, detail: error.code }) : asError(error),
        'provider',
      );
    }
  }

  setPeerMaxPduLength(length: number): void {
    this.fragmentBytes = fragmentLimit(length, sendCap);
  }

  /** A command, with its small data set if any, in one write. */
  send(contextId: number, command: CommandSet, dataSet?: Buffer): void {
    if (this.ended) return;
    const head = encodePData(contextId, true, encodeCommand(command), this.fragmentBytes);
    const data = dataSet && encodePData(contextId, false, dataSet, this.fragmentBytes);
    this.socket.write(data ? Buffer.concat([head, data]) : head);
  }

  /** A command and a data set of unknown length, one write per PDU, waiting for the socket when it is full. */
  async sendStream(contextId: number, command: CommandSet, pieces: AsyncIterable<Buffer>): Promise<void> {
    const parts: Buffer[] = [encodePData(contextId, true, encodeCommand(command), this.fragmentBytes)];
    let pdu = Buffer.allocUnsafe(this.fragmentBytes + 12);
    let fill = 12;
    const flush = async (isLast: boolean): Promise<void> => {
      writePDataHeader(pdu, 0, { contextId, isCommand: false, isLast, length: fill - 12 });
      parts.push(pdu.subarray(0, fill));
      const out = parts.length === 1 ? parts[0] : Buffer.concat(parts);
      parts.length = 0;
      await this.writeAll(out);
      pdu = Buffer.allocUnsafe(this.fragmentBytes + 12);
      fill = 12;
    };
    for await (const piece of pieces) {
      for (let offset = 0; offset < piece.length;) {
        if (fill === pdu.length) await flush(false);
        const end = Math.min(piece.length, offset + pdu.length - fill);
        piece.copy(pdu, fill, offset, end);
        fill += end - offset;
        offset = end;
      }
    }
    await flush(true);
  }

  sendControl(pdu: Buffer): void {
    if (!this.ended) this.socket.write(pdu);
  }

  /** Ends after an orderly release, or because the peer asked for it. */
  release(): void {
    if (this.ended) return;
    this.awaiting = () => false;
    this.socket.write(releaseRequest);
    const timer = setTimeout(() => this.close(this.lostError('release not answered')), this.settings.artimMs);
    timer.unref();
    this.socket.once('close', () => clearTimeout(timer));
  }

  abort(reason: Error, source: 'user' | 'provider' = 'user'): void {
    if (this.ended) return;
    this.socket.write(encodeAbort(source));
    this.close(reason);
  }

  close(reason: Error): void {
    if (this.ended) return;
    this.ended = true;
    clearInterval(this.watch);
    this.socket.end();
    const timer = setTimeout(() => this.socket.destroy(), 500);
    timer.unref();
    this.socket.resume();
    this.socket.once('close', () => clearTimeout(timer));
    const incoming = this.incoming;
    this.incoming = undefined;
    incoming?.target.cut(reason);
    this.user.closed(reason);
  }

  private lostError(detail: string): GatewayError {
    return new GatewayError(pacsErrors.lost, { detail });
  }

  private async writeAll(bytes: Buffer): Promise<void> {
    if (this.ended) throw this.lostError('association ended');
    if (this.socket.write(bytes)) return;
    await new Promise<void>((resolve, reject) => {
      const done = (): void => {
        this.socket.off('drain', done).off('close', gone);
        this.lastActivity = Date.now();
        resolve();
      };
      const gone = (): void => {
        this.socket.off('drain', done);
        reject(this.lostError('closed while sending'));
      };
      this.socket.once('drain', done).once('close', gone);
    });
  }

  private checkSilence(): void {
    if (this.held > 0 || !this.awaiting()) {
      this.lastActivity = Date.now();
      return;
    }
    const silentMs = Date.now() - this.lastActivity;
    if (silentMs < this.settings.silenceMs) return;
    this.abort(new GatewayError(pacsErrors.tooSlow, { detail: `silent for ${silentMs} ms` }));
  }

  private onControl(type: number, body: Buffer): void {
    if (this.ended) return;
    if (type === pduType.releaseRq) {
      this.socket.write(releaseResponse);
      this.close(this.lostError('released by the peer'));
    } else if (type === pduType.releaseRp) {
      this.close(this.lostError('released'));
    } else if (type === pduType.abort) {
      this.close(this.lostError(`aborted by the peer (source ${body[2] ?? 0}, reason ${body[3] ?? 0})`));
    } else this.user.control(type, body);
  }

  private onData(contextId: number, isCommand: boolean, piece: Buffer, endOfPart: boolean): void {
    if (this.ended) return;
    if (isCommand) this.onCommandPiece(contextId, piece, endOfPart);
    else this.onDataSetPiece(contextId, piece, endOfPart);
  }

  private onCommandPiece(contextId: number, piece: Buffer, endOfPart: boolean): void {
    if (this.incoming) throw new DimseFault('malformed-pdv', 'command inside a data set (PS3.8 annex E)');
    if (this.commandBytes > 0 && contextId !== this.commandContext) {
      throw new DimseFault('malformed-pdv', 'command over two contexts (PS3.8 annex E)');
    }
    this.commandContext = contextId;
    this.commandBytes += piece.length;
    if (this.commandBytes > maxCommandBytes) throw new DimseFault('limit', 'command set too long');
    this.command.push(piece);
    if (!endOfPart) return;
    const bytes = this.command.length === 1 ? this.command[0] : Buffer.concat(this.command);
    this.command = [];
    this.commandBytes = 0;
    const command = decodeCommand(bytes);
    if (command.dataSetType === noDataSet) this.user.message(contextId, command);
    else this.incoming = { contextId, target: this.user.dataFollows(contextId, command) };
  }

  private onDataSetPiece(contextId: number, piece: Buffer, endOfPart: boolean): void {
    const incoming = this.incoming;
    if (!incoming || incoming.contextId !== contextId) {
      throw new DimseFault('malformed-pdv', 'data set without its command (PS3.8 annex E)');
    }
    if (piece.length > 0 && !incoming.target.write(piece)) this.hold(incoming.target);
    if (!endOfPart) return;
    this.incoming = undefined;
    incoming.target.end();
  }

  /** Stops reading, so that TCP slows the peer down, until the target has room again. */
  private hold(target: DataTarget): void {
    if (this.held++ === 0) this.socket.pause();
    const go = (): void => {
      if (--this.held > 0 || this.ended) return;
      this.lastActivity = Date.now();
      this.socket.resume();
    };
    target.drained().then(go, go);
  }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(describeCause(error));
}
