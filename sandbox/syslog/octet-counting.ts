/** Splits a stream of syslog frames (RFC 5425, 4.3): a length in octets, a space, the message. */
export class OctetCountingReader {
  private pending: Buffer = Buffer.alloc(0);

  constructor(private readonly lengthMax = 1024 * 1024) {}

  /** @returns the messages that are whole now; @throws Error when the stream is no syslog frame */
  push(chunk: Buffer): Buffer[] {
    this.pending = this.pending.length === 0 ? chunk : Buffer.concat([this.pending, chunk]);
    const messages: Buffer[] = [];
    for (;;) {
      const space = this.pending.subarray(0, 9).indexOf(0x20);
      const digits = this.pending.subarray(0, space < 0 ? Math.min(9, this.pending.length) : space).toString('latin1');
      if (!/^([1-9]\d*)?$/.test(digits) || space === 0 || digits.length > 8) throw new Error('not a syslog frame');
      if (space < 0) return messages;
      const length = Number(digits);
      if (length > this.lengthMax) throw new Error('a syslog message is too long');
      if (this.pending.length < space + 1 + length) return messages;
      messages.push(Buffer.from(this.pending.subarray(space + 1, space + 1 + length)));
      this.pending = this.pending.subarray(space + 1 + length);
    }
  }
}
