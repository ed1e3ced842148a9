import { MultipartRefusal } from './multipart-refusal';
import type { PartHeaders } from './multipart.types';

const LF = 0x0a;

/** Gathers the header block of one part up to its empty line (RFC 2046 5.1), from chunks cut anywhere. */
export class PartHeaderReader {
  private readonly lines: string[] = [];
  private pieces: Buffer[] = [];
  private bytes = 0;
  done = false;

  constructor(private readonly bytesMax: number) {}

  reset(): void {
    this.lines.length = 0;
    this.pieces = [];
    this.bytes = 0;
    this.done = false;
  }

  /** Reads from `at`; gives back where it stopped: after the empty line when `done`, else the end of the chunk. */
  push(chunk: Buffer, at: number): number {
    for (let from = at; from < chunk.length;) {
      const lineEnd = chunk.indexOf(LF, from);
      const to = lineEnd < 0 ? chunk.length : lineEnd + 1;
      this.bytes += to - from;
      if (this.bytes > this.bytesMax) throw new MultipartRefusal('part-header-too-long');
      this.pieces.push(chunk.subarray(from, to));
      if (lineEnd < 0) {
        this.pieces = [Buffer.concat(this.pieces)];
        return chunk.length;
      }
      const line = Buffer.concat(this.pieces)
        .toString('latin1')
        .replace(/\r?\n$/, '');
      this.pieces = [];
      from = to;
      if (line === '') {
        this.done = true;
        return to;
      }
      this.lines.push(line);
    }
    return chunk.length;
  }

  fields(): PartHeaders {
    const fields = new Map<string, string>();
    let name: string | undefined;
    for (const line of this.lines) {
      if (/^[ \t]/.test(line) && name !== undefined) {
        fields.set(name, `${fields.get(name) ?? ''} ${line.trim()}`.trim());
        continue;
      }
      const colon = line.indexOf(':');
      if (colon <= 0 || !/^[!-9;-~]+[ \t]*$/.test(line.slice(0, colon)))
        throw new MultipartRefusal('part-header-malformed');
      name = line.slice(0, colon).trim().toLowerCase();
      const before = fields.get(name);
      const value = line.slice(colon + 1).trim();
      fields.set(name, before === undefined ? value : `${before}, ${value}`);
    }
    return fields;
  }
}
