import { createServer, Server, Socket } from 'node:net';
import {
  AssociateRequest,
  CommandSet,
  commandField,
  decodeAssociateRequest,
  decodeCommand,
  decodeIdentifier,
  dimseStatus,
  encodeAssociateAccept,
  encodeAssociateReject,
  encodeCommand,
  encodePData,
  noDataSet,
  pduType,
  PduReader,
  rejection,
} from '../../src/standards/dimse';

const maxPduLength = 65_536;
export const ctImage = '1.2.840.10008.5.1.4.1.1.2';
export const explicitLittle = '1.2.840.10008.1.2.1';

/** What a script sees of one C-GET, and what it can do. */
export interface FakeGet {
  /** SOP Instance UIDs asked for; empty for a whole series. */
  readonly asked: readonly string[];
  readonly socket: Socket;
  /** Resolves when a C-CANCEL has come. */
  readonly cancelled: Promise<void>;
  /** Sends one instance; resolves with the status of its response. With `upTo`, no more than these bytes of its data set. */
  send(sopInstanceUid: string, dataSet: Buffer, upTo?: number): Promise<number>;
  /** Final response. */
  end(status: number, counts?: { completed?: number; failed?: number }): void;
}

export type FakeScript = (get: FakeGet, number: number) => Promise<void> | void;

/**
 * A PACS that answers C-GET by a script of the test, bytes included; C-MOVE it refuses (destination unknown), everything
 * else by silence or success.
 */
export class FakePacs {
  private readonly sockets = new Set<Socket>();
  private gets = 0;
  script: FakeScript = (get) => get.end(0);
  /** C-CANCEL commands seen. */
  cancels = 0;
  /** C-MOVE requests seen. */
  moves = 0;
  /** Refuses every association for good, as a PACS does that does not know the caller. */
  rejects = false;

  private constructor(private readonly server: Server) {}

  static async open(): Promise<FakePacs> {
    const server = createServer({ noDelay: true });
    const pacs = new FakePacs(server);
    server.on('connection', (socket) => pacs.accept(socket));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return pacs;
  }

  get port(): number {
    return (this.server.address() as { port: number }).port;
  }

  /** C-GET requests so far. */
  get requests(): number {
    return this.gets;
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private accept(socket: Socket): void {
    this.sockets.add(socket);
    socket.on('error', () => undefined).once('close', () => this.sockets.delete(socket));
    new FakeAssociation(socket, {
      get: (get) => {
        this.gets += 1;
        void Promise.resolve(this.script(get, this.gets)).catch(() => socket.destroy());
      },
      cancel: () => (this.cancels += 1),
      move: () => (this.moves += 1),
      rejects: () => this.rejects,
    });
  }
}

class FakeAssociation {
  private request: AssociateRequest | undefined;
  private pieces: Buffer[] = [];
  private command: CommandSet | undefined;
  private readonly responses = new Map<number, (status: number) => void>();
  private cancel: () => void = () => undefined;
  private messageId = 0;

  constructor(
    private readonly socket: Socket,
    private readonly told: {
      get: (get: FakeGet) => void;
      cancel: () => void;
      move: () => void;
      rejects: () => boolean;
    },
  ) {
    const reader = new PduReader(
      { control: (type, body) => this.control(type, body), data: (...part) => this.data(...part) },
      { maxPduLength, maxControlLength: 131_072 },
    );
    socket.on('data', (chunk: Buffer) => reader.feed(chunk));
  }

  private control(type: number, body: Buffer): void {
    if (type !== pduType.associateRq) return void this.socket.end();
    if (this.told.rejects()) {
      return void this.socket.end(encodeAssociateReject(rejection.callingAeTitleNotRecognized));
    }
    const request = decodeAssociateRequest(body);
    this.request = request;
    const contexts = request.contexts.map(({ id, transferSyntaxes }) => ({
      id,
      result: 0,
      transferSyntax: transferSyntaxes[0] ?? '',
    }));
    const { calledAeTitle, callingAeTitle } = request;
    const user = { ...request.user, maxPduLength, implementationClassUid: '2.25.1', implementationVersionName: 'FAKE' };
    this.socket.write(encodeAssociateAccept({ calledAeTitle, callingAeTitle, contexts, user }));
  }

  private data(contextId: number, isCommand: boolean, piece: Buffer, isEnd: boolean): void {
    this.pieces.push(piece);
    if (!isEnd) return;
    const whole = Buffer.concat(this.pieces.splice(0));
    if (!isCommand) return this.begin(contextId, whole);
    const command = decodeCommand(whole);
    if (command.commandField === commandField.getRq || command.commandField === commandField.moveRq)
      this.command = command;
    else if (command.commandField === commandField.storeRsp) {
      this.responses.get(command.messageIdBeingRespondedTo ?? 0)?.(command.status ?? 0);
    } else if (command.commandField === commandField.cancelRq) {
      this.told.cancel();
      this.cancel();
    }
  }

  private begin(contextId: number, identifier: Buffer): void {
    const { command } = this;
    if (!command) return;
    if (command.commandField === commandField.moveRq) {
      this.told.move();
      return this.write(contextId, finalOf(command, dimseStatus.moveDestinationUnknown));
    }
    const syntax = this.request?.contexts.find(({ id }) => id === contextId)?.transferSyntaxes[0] ?? '';
    const uids = decodeIdentifier(identifier, syntax).SOPInstanceUID ?? [];
    this.told.get({
      asked: uids.filter((uid): uid is string => typeof uid === 'string' && uid !== ''),
      socket: this.socket,
      cancelled: new Promise((resolve) => (this.cancel = resolve)),
      send: (uid, dataSet, upTo) => this.send(uid, dataSet, upTo),
      end: (status, counts = {}) =>
        this.write(contextId, {
          ...finalOf(command, status),
          completed: counts.completed ?? 0,
          failed: counts.failed ?? 0,
        }),
    });
  }

  private async send(sopInstanceUid: string, dataSet: Buffer, upTo = dataSet.length): Promise<number> {
    const context = this.request?.contexts.find(
      ({ abstractSyntax, transferSyntaxes }) => abstractSyntax === ctImage && transferSyntaxes[0] === explicitLittle,
    );
    const contextId = context?.id ?? 0;
    const messageId = ++this.messageId;
    const answered = new Promise<number>((resolve) => this.responses.set(messageId, resolve));
    this.write(contextId, {
      affectedSopClassUid: ctImage,
      commandField: commandField.storeRq,
      messageId,
      priority: 0,
      dataSetType: 1,
      affectedSopInstanceUid: sopInstanceUid,
    });
    const pdus = encodePData(contextId, false, dataSet, 16_000);
    if (!this.socket.write(upTo < dataSet.length ? pdus.subarray(0, upTo) : pdus)) {
      await new Promise((resolve) => this.socket.once('drain', resolve).once('close', resolve));
    }
    return answered;
  }

  private write(contextId: number, command: CommandSet): void {
    if (this.socket.writable) this.socket.write(encodePData(contextId, true, encodeCommand(command), 16_000));
  }
}

function finalOf(command: CommandSet, status: number): CommandSet {
  return {
    commandField: (command.commandField ?? 0) | 0x8000,
    messageIdBeingRespondedTo: command.messageId ?? 0,
    dataSetType: noDataSet,
    status,
  };
}
