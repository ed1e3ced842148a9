import { AddressInfo, connect, createServer, Server, Socket } from 'node:net';

/** What becomes of one PDU on its way: other bytes in its place, the connection cut, or silence from there on. */
export type PduFate = Buffer | 'cut' | 'stall';

export interface Tampering {
  /** PDU of the target towards the caller, counted from 1 on each connection. */
  readonly fromTarget?: (pdu: Buffer, count: number) => PduFate;
  /** Nobody answers: the connection opens and stays silent. */
  readonly silent?: boolean;
  /** Bytes a second from the target, all connections together. */
  readonly bytesPerSecond?: number;
}

const pData = 0x04;
/** Command Field (0000,0100) of C-CANCEL-RQ, in implicit VR little endian. */
const cancelCommand = Buffer.from([0x00, 0x00, 0x00, 0x01, 0x02, 0x00, 0x00, 0x00, 0xff, 0x0f]);

/** Stands between two DICOM nodes, knows where PDU begin and end, and does harm on demand. */
export class TamperingProxy {
  private readonly server: Server;
  private readonly sockets = new Set<Socket>();
  tampering: Tampering = {};
  connections = 0;
  cancels = 0;
  bytesFromTarget = 0;

  private constructor(private readonly targetPort: () => number) {
    this.server = createServer({ noDelay: true }, (socket) => this.accept(socket));
  }

  static async start(targetPort: number | (() => number)): Promise<TamperingProxy> {
    const proxy = new TamperingProxy(typeof targetPort === 'number' ? () => targetPort : targetPort);
    await new Promise<void>((resolve) => proxy.server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  get open(): number {
    return this.sockets.size;
  }

  /** Cuts every connection, as a PACS that dies. */
  cutAll(): void {
    for (const socket of this.sockets) socket.resetAndDestroy();
  }

  async stop(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.server.close(() => resolve()));
    this.cutAll();
    await closed;
  }

  private accept(caller: Socket): void {
    this.connections += 1;
    this.track(caller);
    if (this.tampering.silent) {
      caller.resume();
      return;
    }
    const target = connect({ port: this.targetPort(), host: '127.0.0.1', noDelay: true });
    this.track(target);
    caller.once('close', () => target.destroy());
    target.once('close', () => caller.end());
    eachPdu(caller, (pdu) => {
      if (pdu[0] === pData && pdu.includes(cancelCommand)) this.cancels += 1;
      target.write(pdu);
    });
    let count = 0;
    let isStalled = false;
    eachPdu(target, (pdu) => {
      if (isStalled) return;
      count += 1;
      this.bytesFromTarget += pdu.length;
      const fate = this.tampering.fromTarget?.(pdu, count) ?? pdu;
      if (fate === 'stall') isStalled = true;
      else if (fate === 'cut') {
        caller.resetAndDestroy();
        target.destroy();
      } else this.forward(fate, target, caller);
    });
  }

  private forward(bytes: Buffer, from: Socket, to: Socket): void {
    const hasRoom = to.write(bytes);
    const { bytesPerSecond } = this.tampering;
    if (!hasRoom || bytesPerSecond) from.pause();
    if (!hasRoom) to.once('drain', () => from.resume());
    else if (bytesPerSecond) setTimeout(() => from.resume(), (1000 * bytes.length) / bytesPerSecond);
  }

  private track(socket: Socket): void {
    this.sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('close', () => this.sockets.delete(socket));
  }
}

function eachPdu(socket: Socket, take: (pdu: Buffer) => void): void {
  let held: Buffer = Buffer.alloc(0);
  socket.on('data', (chunk: Buffer) => {
    held = held.length > 0 ? Buffer.concat([held, chunk]) : chunk;
    while (held.length >= 6) {
      const length = 6 + held.readUInt32BE(2);
      if (held.length < length) return;
      take(held.subarray(0, length));
      held = held.subarray(length);
    }
  });
}
