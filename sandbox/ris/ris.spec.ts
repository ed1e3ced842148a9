import { createServer, Socket } from 'node:net';
import { ackCode, demoStudy, makeMdm, makeOmi, makeOru, makePdf, makeReport, MllpSender, sendOnce } from './index';

const segmentsOf = (message: Buffer) =>
  message
    .toString('utf8')
    .split('\r')
    .slice(0, -1)
    .map((line) => line.split('|'));
const segment = (message: Buffer, name: string) => segmentsOf(message).find(([first]) => first === name) ?? [];

describe('messages of the sandbox RIS', () => {
  it.each([
    ['publish', 'NW', 'F', 'MDM^T02^MDM_T02'],
    ['replace', 'RO', 'C', 'MDM^T10^MDM_T02'],
    ['visibility', 'RO', 'C', 'MDM^T10^MDM_T02'],
    ['unpublish', 'CA', 'D', 'MDM^T04^MDM_T02'],
  ] as const)('%s is %s, %s, %s', (request, orderControl, status, event) => {
    for (const message of [makeOru(demoStudy, { request }), makeMdm(demoStudy, { request })]) {
      expect(segment(message, 'ORC')[1]).toBe(orderControl);
      expect(segment(message, 'OBX')[11]).toBe(status);
      expect(segment(message, 'PID').slice(31, 33)).toEqual(['N', 'VALI']);
      expect(segmentsOf(message).filter(([name]) => name === 'OBX')).toHaveLength(11);
    }
    expect(segment(makeMdm(demoStudy, { request }), 'MSH')[8]).toBe(event);
  });

  it('carries the report that it makes, one act and one order a study', () => {
    const studies = [demoStudy, { ...demoStudy, studyInstanceUid: '1.2.3.9', accessionNumber: 'A&9' }];
    const data = segment(makeOru(studies), 'OBX')[5].split('^')[4];
    const report = Buffer.from(data, 'base64').toString('utf8');
    expect(report).toBe(makeReport(studies));
    expect(report.match(/<serviceEvent/g)).toHaveLength(2);
    expect(report).toContain('extension="A&amp;9"');
  });

  it('names the study of a change in IPC-3', () => {
    expect(segment(makeOmi(demoStudy), 'IPC')[3]).toBe(demoStudy.studyInstanceUid);
  });

  it('makes a PDF whose table finds its objects', () => {
    const text = makePdf(['a (b) \\ é']).toString('latin1');
    const [start] = /startxref\n(\d+)/.exec(text)?.slice(1) ?? [];
    expect(text.slice(Number(start), Number(start) + 4)).toBe('xref');
    const offsets = [...text.matchAll(/^(\d{10}) 00000 n/gm)].map(([, offset]) => Number(offset));
    expect(offsets.map((offset) => text.slice(offset, offset + 7))).toEqual([1, 2, 3, 4, 5].map((n) => `${n} 0 obj`));
  });
});

describe('sender of the sandbox RIS', () => {
  const receiver = (onData: (socket: Socket, text: string) => void) =>
    new Promise<{ port: number; close: () => void }>((resolve) => {
      const server = createServer((socket) => {
        socket.on('error', () => undefined);
        socket.on('data', (bytes) => onData(socket, bytes.toString('latin1')));
      });
      server.listen(0, '127.0.0.1', () =>
        resolve({ port: (server.address() as { port: number }).port, close: () => server.close() }),
      );
    });

  it('sends a block and reads an answer cut in pieces', async () => {
    const { port, close } = await receiver((socket, text) => {
      if (!text.endsWith('\x1c\r')) return;
      socket.write('\x0bMSH|^~\\&|\rMSA|AE');
      setTimeout(() => socket.write('|1\r\x1c'), 10);
      setTimeout(() => socket.write('\r'), 20);
    });
    expect(ackCode(await sendOnce({ host: '127.0.0.1', port }, Buffer.from('MSH')))).toBe('AE');
    close();
  });

  it('fails when the receiver closes, and does not send on a closed connection', async () => {
    const { port, close } = await receiver((socket) => socket.destroy());
    const sender = await MllpSender.connect({ host: '127.0.0.1', port });
    await expect(sender.send(Buffer.from('MSH'))).rejects.toThrow();
    await expect(sender.send(Buffer.from('MSH'))).rejects.toThrow('closed');
    close();
  });
});
