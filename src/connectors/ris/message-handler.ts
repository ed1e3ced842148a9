/** One message as it came, and the connection it came by. */
export interface ReceivedMessage {
  /** Without the block markers. */
  readonly bytes: Buffer;
  readonly receivedAt: Date;
  readonly connection: {
    readonly id: string;
    readonly address: string;
    /** Subject of the client's certificate over TLS. */
    readonly peer?: string;
  };
}

/**
 * Who decides about messages. `receive` resolves with the acknowledgement, once what it promises is durable; messages of one
 * connection are given one after the other. A failure is answered `AR` by the listener: the sender keeps its message.
 */
export interface MessageHandler {
  receive(message: ReceivedMessage): Promise<Buffer>;
}
