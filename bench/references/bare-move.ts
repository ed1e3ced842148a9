import type { ServerResponse } from 'node:http';
import { connect, createServer, Socket } from 'node:net';
import { encodeFileMeta } from '../../src/standards/dicom';
import {
  CommandSet,
  commandField,
  decodeAssociateRequest,
  decodeCommand,
  encodeAssociateAccept,
  encodeAssociateRequest,
  encodeCommand,
  encodeIdentifier,
  encodePData,
  fragmentLimit,
  noDataSet,
  pduType,
  PduReader,
  studyRoot,
} from '../../src/standards/dimse';
import type { BareSettings } from './bare-process';

const implicit = '1.2.840.10008.1.2';
const maxPduLength = 131_072;
const user = { maxPduLength, implementationClassUid: '2.25.1', implementationVersionName: 'BARE', roles: [] };
const limits = { maxPduLength, maxControlLength: 131_072 };
const boundary = 'bare-reference';

/** One C-MOVE at a time, over an association of its own, its sub-operations written as they arrive. */
export function bareMove(settings: BareSettings): (response: ServerResponse) => void {
  let response: ServerResponse | undefined;
  createServer({ noDelay: true }, (socket) => receive(socket, () => response)).listen(settings.dimsePort, '127.0.0.1');
  return (next) => {
    response = next;
    next.writeHead(200, { 'Content-Type': `multipart/related; type="application/dicom"; boundary=${boundary}` });
    ask(settings, () => next.end(`\r\n--${boundary}--\r\n`));
  };
}

function ask(settings: BareSettings, done: () => void): void {
  const { pacs, studyInstanceUid, seriesInstanceUid } = settings;
  const socket = connect({ ...pacs, noDelay: true });
  const move: CommandSet = {
    affectedSopClassUid: studyRoot.move,
    commandField: commandField.moveRq,
    messageId: 1,
    priority: 0,
    moveDestination: 'NODEDEST',
    dataSetType: 1,
  };
  const keys = {
    QueryRetrieveLevel: 'SERIES',
    StudyInstanceUID: studyInstanceUid,
    SeriesInstanceUID: seriesInstanceUid,
  };
  const gather = gatherer();
  const reader = new PduReader(
    {
      control: (type) => {
        if (type !== pduType.associateAc) return;
        const command = encodePData(1, true, encodeCommand(move), 16_000);
        socket.write(Buffer.concat([command, encodePData(1, false, encodeIdentifier(keys, implicit), 16_000)]));
      },
      data: (_context, isCommand, piece, isEnd) => {
        const answer = isCommand ? gather(piece, isEnd) : undefined;
        if (!answer || (answer.status ?? 0xff00) === 0xff00) return;
        socket.end();
        done();
      },
    },
    limits,
  );
  socket.on('data', (chunk: Buffer) => reader.feed(chunk));
  const contexts = [{ id: 1, abstractSyntax: studyRoot.move, transferSyntaxes: [implicit] }];
  socket.write(encodeAssociateRequest({ calledAeTitle: pacs.aeTitle, callingAeTitle: 'NODEDEST', contexts, user }));
}

function receive(socket: Socket, target: () => ServerResponse | undefined): void {
  let command: CommandSet = { commandField: commandField.storeRq, dataSetType: 1 };
  const syntaxes = new Map<number, string>();
  const gather = gatherer();
  const reader = new PduReader(
    {
      control: (type, body) => {
        if (type !== pduType.associateRq) return void socket.end();
        const { calledAeTitle, callingAeTitle, contexts } = decodeAssociateRequest(body);
        const accepted = contexts.map(({ id, transferSyntaxes: [transferSyntax = implicit] }) => {
          syntaxes.set(id, transferSyntax);
          return { id, result: 0, transferSyntax };
        });
        socket.write(encodeAssociateAccept({ calledAeTitle, callingAeTitle, contexts: accepted, user }));
      },
      data: (context, isCommand, piece, isEnd) => {
        const response = target();
        if (!response) return;
        if (isCommand) {
          const whole = gather(piece, isEnd);
          if (!whole) return;
          command = whole;
          response.write(partHead(command, syntaxes.get(context) ?? implicit));
        } else {
          if (!response.write(piece)) waitFor(response, socket);
          if (isEnd) socket.write(stored(context, command));
        }
      },
    },
    limits,
  );
  socket.on('data', (chunk: Buffer) => reader.feed(chunk));
  socket.on('error', () => socket.destroy());
}

/** A command may come in pieces. */
function gatherer(): (piece: Buffer, isEnd: boolean) => CommandSet | undefined {
  let pieces: Buffer[] = [];
  return (piece, isEnd) => {
    pieces.push(piece);
    if (!isEnd) return undefined;
    const whole = Buffer.concat(pieces);
    pieces = [];
    return decodeCommand(whole);
  };
}

function waitFor(response: ServerResponse, socket: Socket): void {
  socket.pause();
  response.once('drain', () => socket.resume());
}

function partHead(
  { affectedSopClassUid = '', affectedSopInstanceUid = '' }: CommandSet,
  transferSyntaxUid: string,
): Buffer {
  const meta = encodeFileMeta({
    transferSyntaxUid,
    mediaStorageSopClassUid: affectedSopClassUid,
    mediaStorageSopInstanceUid: affectedSopInstanceUid,
  });
  return Buffer.concat([Buffer.from(`\r\n--${boundary}\r\nContent-Type: application/dicom\r\n\r\n`), meta]);
}

function stored(context: number, command: CommandSet): Buffer {
  const answer: CommandSet = {
    affectedSopClassUid: command.affectedSopClassUid,
    commandField: commandField.storeRsp,
    messageIdBeingRespondedTo: command.messageId,
    dataSetType: noDataSet,
    status: 0,
    affectedSopInstanceUid: command.affectedSopInstanceUid,
  };
  return encodePData(context, true, encodeCommand(answer), fragmentLimit(maxPduLength, maxPduLength));
}
