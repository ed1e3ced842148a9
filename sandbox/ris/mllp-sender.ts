import { connect as connectPlain, Socket } from 'node:net';
import { connect as connectTls, ConnectionOptions } from 'node:tls';

export interface MllpTarget {
  readonly host: string;
  readonly port: number;
  /** Given, the connection is made over TLS. */
  readonly tls?: ConnectionOptions;
  readonly timeoutMs?: number;
}

/** One connection to an HL7 receiver. Messages may be sent without waiting; answers come in their order. */
export class MllpSender {
  private text = '';
  private readonly waiting: Array<{ resolve: (answer: string) => void; reject: (error: Error) => void }> = [];

  private constructor(
    private readonly socket: Socket,
    timeoutMs: number,
  ) {
    socket.setEncoding('utf8');
    socket.setTimeout(timeoutMs, () => socket.destroy(new Error('the receiver did not answer in time')));
    socket.on('data', (text: string) => this.read(text));
    socket.on('error', (error) => this.fail(error));
    socket.on('close', () => this.fail(new Error('the receiver closed the connection')));
  }

  static async connect(target: MllpTarget): Promise<MllpSender> {
    const { host, port, tls } = target;
    const socket = tls ? connectTls({ ...tls, host, port }) : connectPlain({ host, port });
    await new Promise<void>((resolve, reject) => {
      socket.once(tls ? 'secureConnect' : 'connect', () => resolve());
      socket.once('error', reject);
    });
    return new MllpSender(socket, target.timeoutMs ?? 120_000);
  }

  /** Sends one message. @returns the acknowledgement, its segments separated by CR. */
  send(message: Uint8Array): Promise<string> {
    if (!this.socket.writable) return Promise.reject(new Error('the connection is closed'));
    return new Promise((resolve, reject) => {
      this.waiting.push({ resolve, reject });
      this.socket.write(Buffer.concat([Buffer.from([0x0b]), message, Buffer.from([0x1c, 0x0d])]));
    });
  }

  close(): void {
    this.socket.end();
    this.socket.destroySoon();
  }

  private read(text: string): void {
    this.text += text;
    for (let end = this.text.indexOf('\x1c\r'); end >= 0; end = this.text.indexOf('\x1c\r')) {
      const answer = this.text.slice(this.text.indexOf('\x0b') + 1, end);
      this.text = this.text.slice(end + 2);
      this.waiting.shift()?.resolve(answer);
    }
  }

  private fail(error: Error): void {
    for (const { reject } of this.waiting.splice(0)) reject(error);
  }
}

/** Sends one message on a connection of its own. */
export async function sendOnce(target: MllpTarget, message: Uint8Array): Promise<string> {
  const sender = await MllpSender.connect(target);
  try {
    return await sender.send(message);
  } finally {
    sender.close();
  }
}

/** MSA-1 of an acknowledgement. */
export function ackCode(answer: string): string {
  return /(?:^|\r)MSA\|([A-Z]{2})/.exec(answer)?.[1] ?? '';
}
