import { DimseFault } from './dimse-fault';

/** Values of Command Field (0000,0100) (PS3.7 E.1). A response is its request with the highest bit set. */
export const commandField = {
  storeRq: 0x0001,
  storeRsp: 0x8001,
  getRq: 0x0010,
  getRsp: 0x8010,
  findRq: 0x0020,
  findRsp: 0x8020,
  moveRq: 0x0021,
  moveRsp: 0x8021,
  echoRq: 0x0030,
  echoRsp: 0x8030,
  cancelRq: 0x0fff,
} as const;

/** Command Data Set Type when no data set follows. Any other value announces one (PS3.7 E.1). */
export const noDataSet = 0x0101;

/** Command elements that the gateway reads and writes (PS3.7 E.1). */
export interface CommandSet {
  affectedSopClassUid?: string;
  commandField: number;
  messageId?: number;
  messageIdBeingRespondedTo?: number;
  moveDestination?: string;
  priority?: number;
  dataSetType: number;
  status?: number;
  errorComment?: string;
  affectedSopInstanceUid?: string;
  remaining?: number;
  completed?: number;
  failed?: number;
  warning?: number;
  moveOriginatorAeTitle?: string;
  moveOriginatorMessageId?: number;
}

type Key = keyof CommandSet;
/** Element number, name, and whether it is a 16 bit number or text, in the order of the tags. */
const elements: readonly (readonly [number, Key, 'number' | 'uid' | 'text'])[] = [
  [0x0002, 'affectedSopClassUid', 'uid'],
  [0x0100, 'commandField', 'number'],
  [0x0110, 'messageId', 'number'],
  [0x0120, 'messageIdBeingRespondedTo', 'number'],
  [0x0600, 'moveDestination', 'text'],
  [0x0700, 'priority', 'number'],
  [0x0800, 'dataSetType', 'number'],
  [0x0900, 'status', 'number'],
  [0x0902, 'errorComment', 'text'],
  [0x1000, 'affectedSopInstanceUid', 'uid'],
  [0x1020, 'remaining', 'number'],
  [0x1021, 'completed', 'number'],
  [0x1022, 'failed', 'number'],
  [0x1023, 'warning', 'number'],
  [0x1030, 'moveOriginatorAeTitle', 'text'],
  [0x1031, 'moveOriginatorMessageId', 'number'],
];
const byElement = new Map(elements.map(([element, key, kind]) => [element, { key, kind }]));

/** Longest command set accepted while it is assembled. Real ones stay below 500 bytes. */
export const maxCommandBytes = 16_384;

/** Command set in implicit little endian, with its group length (PS3.7 6.3.1). */
export function encodeCommand(command: CommandSet): Buffer {
  let length = 12;
  const values: { element: number; value: number | string; bytes: number; pad: number }[] = [];
  for (const [element, key, kind] of elements) {
    const value = command[key];
    if (value === undefined) continue;
    const bytes = typeof value === 'number' ? 2 : value.length + (value.length % 2);
    values.push({ element, value, bytes, pad: kind === 'uid' ? 0 : 0x20 });
    length += 8 + bytes;
  }
  const out = Buffer.allocUnsafe(length);
  out.writeUInt32LE(0, 0);
  out.writeUInt32LE(4, 4);
  out.writeUInt32LE(length - 12, 8);
  let offset = 12;
  for (const { element, value, bytes, pad } of values) {
    out.writeUInt16LE(0, offset);
    out.writeUInt16LE(element, offset + 2);
    out.writeUInt32LE(bytes, offset + 4);
    if (typeof value === 'number') out.writeUInt16LE(value, offset + 8);
    else {
      out.write(value, offset + 8, 'latin1');
      if (value.length < bytes) out[offset + 7 + bytes] = pad;
    }
    offset += 8 + bytes;
  }
  return out;
}

/** Reads a command set (PS3.7 6.3.1). Elements that the gateway does not use are skipped. Throws `DimseFault`. */
export function decodeCommand(bytes: Buffer): CommandSet {
  const found: Record<string, number | string> = {};
  let offset = 0;
  while (offset < bytes.length) {
    if (bytes.length - offset < 8) throw new DimseFault('malformed-command', 'element header cut');
    const group = bytes.readUInt16LE(offset);
    const element = bytes.readUInt16LE(offset + 2);
    const length = bytes.readUInt32LE(offset + 4);
    const start = offset + 8;
    if (group !== 0) throw new DimseFault('malformed-command', `element of group ${group.toString(16)}`);
    if (length > bytes.length - start) throw new DimseFault('malformed-command', 'element longer than the command');
    const known = byElement.get(element);
    if (known) found[known.key] = readValue(known.kind, bytes, start, length);
    offset = start + length;
  }
  if (found.commandField === undefined || found.dataSetType === undefined) {
    throw new DimseFault('malformed-command', 'Command Field or Command Data Set Type missing (PS3.7 E.1)');
  }
  return found as unknown as CommandSet;
}

function readValue(kind: 'number' | 'uid' | 'text', bytes: Buffer, start: number, length: number): number | string {
  if (kind === 'number') {
    if (length !== 2) throw new DimseFault('malformed-command', 'number of a wrong length (PS3.7 E.1)');
    return bytes.readUInt16LE(start);
  }
  if (length > 128) throw new DimseFault('malformed-command', 'text too long (PS3.7 E.1)');
  return bytes
    .toString('latin1', start, start + length)
    .replace(/[\0 ]+$/, '')
    .trimStart();
}
