import { randomUUID } from 'node:crypto';
import { AckCode, AckFault, ackSubjectOf, decodeMessage, parseMessage, writeAck } from '../../standards/hl7v2';

/** Acknowledgement of a message that is too large to be read: only its head was kept. */
export function refusalOfHead(head: Buffer, messageBytesMax: number): Buffer {
  return simpleAnswer(head, 'AE', { condition: 199, text: `the message is larger than ${messageBytesMax} bytes` });
}

/** Acknowledgement when the gateway failed: the sender keeps its message and sends it again. */
export function refusalNow(bytes: Buffer): Buffer {
  return simpleAnswer(bytes, 'AR', { condition: 207, text: 'the gateway cannot take the message now' });
}

function simpleAnswer(bytes: Buffer, code: AckCode, fault: AckFault): Buffer {
  const decoded = decodeMessage(bytes.subarray(0, 4096));
  const message = decoded.ok ? parseMessage(decoded.value.text.split(/[\r\n]+/, 2).join('\r')) : undefined;
  const subject = ackSubjectOf(message?.ok ? message.value : undefined);
  const text = writeAck({
    subject,
    code,
    faults: [fault],
    at: new Date(),
    controlId: randomUUID().replaceAll('-', '').slice(0, 20),
    charset: 'UNICODE UTF-8',
  });
  return Buffer.from(text, 'utf8');
}
