import { DimseFault } from './dimse-fault';
import { pduType } from './association-pdu';

/** What a reader tells. Calls are synchronous, in the order of the bytes. */
export interface PduEvents {
  /** A whole PDU other than P-DATA-TF, without its six byte header. The bytes are a copy. */
  control(type: number, body: Buffer): void;
  /**
   * A piece of a presentation data value (PS3.8 9.3.5.1), possibly empty: a view into the bytes fed, never a copy.
   * `endOfPart` is true on the last piece of the last fragment of the command or of the data set.
   */
  data(contextId: number, isCommand: boolean, piece: Buffer, endOfPart: boolean): void;
}

export interface PduLimits {
  /** Longest P-DATA-TF accepted: what was announced as maximum length. */
  readonly maxPduLength: number;
  /** Longest PDU of another kind. */
  readonly maxControlLength: number;
}

const headerLength = 6;
const empty = Buffer.alloc(0);

/** Splits a stream of bytes, cut anywhere, into PDUs and pieces of data (PS3.8 9.3). Throws `DimseFault`, then is spent. */
export class PduReader {
  private readonly header = Buffer.alloc(headerLength);
  private headerFill = 0;
  /** Bytes left of the PDU under way; -1 between two PDUs. */
  private pduLeft = -1;
  /** Bytes left of the data value under way; -1 outside of one. */
  private pdvLeft = -1;
  private contextId = 0;
  private flags = 0;
  private controlType = 0;
  private control: Buffer = empty;
  private controlFill = 0;

  constructor(
    private readonly events: PduEvents,
    private readonly limits: PduLimits,
  ) {}

  /** True when every byte fed belonged to a whole PDU. */
  get atBoundary(): boolean {
    return this.pduLeft === -1 && this.headerFill === 0;
  }

  feed(chunk: Buffer): void {
    let offset = 0;
    while (offset < chunk.length) {
      if (this.pduLeft === -1) offset = this.readPduHeader(chunk, offset);
      else if (this.controlType !== 0) offset = this.readControl(chunk, offset);
      else if (this.pdvLeft === -1) offset = this.readPdvHeader(chunk, offset);
      else offset = this.readPdv(chunk, offset);
    }
  }

  private fillHeader(chunk: Buffer, offset: number): number {
    const end = Math.min(chunk.length, offset + headerLength - this.headerFill);
    chunk.copy(this.header, this.headerFill, offset, end);
    this.headerFill += end - offset;
    return end;
  }

  private readPduHeader(chunk: Buffer, offset: number): number {
    const end = this.fillHeader(chunk, offset);
    // The type is judged at once: a peer that speaks another protocol is refused on its first byte.
    const type = this.header[0];
    if (type < pduType.associateRq || type > pduType.abort) throw new DimseFault('unknown-pdu', `PDU type ${type}`);
    if (this.headerFill < headerLength) return end;
    this.headerFill = 0;
    const length = this.header.readUInt32BE(2);
    if (type === pduType.data) {
      if (length > this.limits.maxPduLength) throw new DimseFault('pdu-too-long', `P-DATA-TF of ${length} bytes`);
      if (length < headerLength) throw new DimseFault('malformed-pdu', 'P-DATA-TF without data value (PS3.8 9.3.5)');
      this.pduLeft = length;
      return end;
    }
    if (length > this.limits.maxControlLength) throw new DimseFault('pdu-too-long', `PDU ${type} of ${length} bytes`);
    this.controlType = type;
    this.control = Buffer.allocUnsafe(length);
    this.controlFill = 0;
    this.pduLeft = length;
    if (length === 0) this.endControl();
    return end;
  }

  private readControl(chunk: Buffer, offset: number): number {
    const end = Math.min(chunk.length, offset + this.pduLeft);
    chunk.copy(this.control, this.controlFill, offset, end);
    this.controlFill += end - offset;
    this.pduLeft -= end - offset;
    if (this.pduLeft === 0) this.endControl();
    return end;
  }

  private endControl(): void {
    const type = this.controlType;
    const body = this.control;
    this.controlType = 0;
    this.control = empty;
    this.pduLeft = -1;
    this.events.control(type, body);
  }

  private readPdvHeader(chunk: Buffer, offset: number): number {
    const end = this.fillHeader(chunk, offset);
    if (this.headerFill < headerLength) return end;
    this.headerFill = 0;
    const length = this.header.readUInt32BE(0);
    // The length counts the context identifier and the message control header (PS3.8 9.3.5.1).
    if (length < 2 || length + 4 > this.pduLeft) {
      throw new DimseFault('malformed-pdv', `data value of ${length} bytes in ${this.pduLeft} left of its PDU`);
    }
    this.pdvLeft = length - 2;
    this.pduLeft -= headerLength;
    this.contextId = this.header[4];
    this.flags = this.header[5];
    if (this.pdvLeft === 0) this.tell(empty);
    return end;
  }

  private readPdv(chunk: Buffer, offset: number): number {
    const end = Math.min(chunk.length, offset + this.pdvLeft);
    this.pdvLeft -= end - offset;
    this.pduLeft -= end - offset;
    this.tell(chunk.subarray(offset, end));
    return end;
  }

  private tell(piece: Buffer): void {
    const ended = this.pdvLeft === 0;
    if (ended) {
      this.pdvLeft = -1;
      if (this.pduLeft === 0) this.pduLeft = -1;
      else if (this.pduLeft < headerLength) throw new DimseFault('malformed-pdv', 'bytes left over in a P-DATA-TF');
    }
    this.events.data(this.contextId, (this.flags & 1) === 1, piece, ended && (this.flags & 2) === 2);
  }
}
