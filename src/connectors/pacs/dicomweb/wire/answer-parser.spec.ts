import { AnswerHead } from './answer-head';
import { AnswerParser } from './answer-parser';
import { WireFault } from './wire-fault';

interface Read {
  status: number;
  body: string;
  ended: boolean;
  taken: number;
  head?: AnswerHead;
}

/** Reads the text in pieces of this size; `close`: the server closes behind it. */
function read(text: string, step = text.length, close = false): Read {
  const found: Read = { status: 0, body: '', ended: false, taken: 0 };
  const parser = new AnswerParser(2_000, {
    head: (head) => Object.assign(found, { head, status: head.status }),
    data: (piece) => (found.body += piece.toString('latin1')),
    end: () => (found.ended = true),
  });
  const bytes = Buffer.from(text, 'latin1');
  for (let at = 0; at < bytes.length && !parser.isDone; at += step)
    found.taken += parser.push(bytes.subarray(at, at + step));
  if (close) parser.close();
  return found;
}

const head = (...fields: string[]) => ['HTTP/1.1 200 OK', ...fields, '', ''].join('\r\n');
const reasonOf = (work: () => unknown): string => {
  try {
    work();
  } catch (error) {
    return error instanceof WireFault ? error.reason : 'another error';
  }
  return 'no fault';
};

describe('an HTTP answer', () => {
  const whole: [string, string, boolean][] = [
    ['of a length', `${head('Content-Length: 5')}image`, false],
    ['in chunks', `${head('Transfer-Encoding: chunked')}2\r\nim\r\n3;x=y\r\nage\r\n0\r\nX-End: 1\r\n\r\n`, false],
    ['in chunks with long sizes', `${head('transfer-encoding: Chunked')}00000005 \r\nimage\r\n000\r\n\r\n`, false],
    ['until the connection closes', `${head('Connection: close')}image`, true],
    ['of HTTP/1.0', 'HTTP/1.0 200 OK\r\n\r\nimage', true],
    [
      'behind interim ones',
      `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nA: b\r\n\r\n${head('Content-Length: 5')}image`,
      false,
    ],
  ];
  it.each(whole)('%s is the same however it is cut', (_what, text, close) => {
    for (let step = 1; step <= text.length; step++) {
      expect(read(text, step, close)).toMatchObject({ status: 200, body: 'image', ended: true, taken: text.length });
    }
  });

  it('ends where it ends: what follows is not its own', () => {
    const text = `${head('Content-Length: 5')}image`;
    expect(read(`${text}HTTP/1.1 200 OK`)).toMatchObject({ body: 'image', taken: text.length });
    expect(read('HTTP/1.1 204 No Content\r\nContent-Length: 9\r\n\r\nx')).toMatchObject({ ended: true, body: '' });
    expect(read(head('Content-Length: 0'))).toMatchObject({ ended: true, body: '' });
  });

  it.each<[string, string, boolean?]>([
    ['head-too-long', head(`X: ${'a'.repeat(2_100)}`)],
    ['head-too-long', `HTTP/1.1 200 OK\r\n${'a'.repeat(2_100)}`],
    ['head-too-long', `${head('Transfer-Encoding: chunked')}0\r\n${'A: b\r\n'.repeat(400)}`],
    ['head-malformed', 'SSH-2.0-OpenSSH\r\n\r\n'],
    ['head-malformed', 'HTTP/2 200\r\n\r\n'],
    ['head-malformed', 'HTTP/1.1 600 No\r\n\r\n'],
    ['head-malformed', 'HTTP/1.1 101 Switching\r\n\r\n'],
    ['head-malformed', 'HTTP/1.1 100 Continue\r\n\r\n'.repeat(9)],
    ['head-malformed', head('A: b', ' folded')],
    ['head-malformed', head('A : b')],
    ['head-malformed', head('A: b\nContent-Length: 3')],
    ['head-malformed', head('A: b\0')],
    ['head-malformed', head(...Array.from({ length: 257 }, () => 'A: b'))],
    ['length-ambiguous', head('Content-Length: 5', 'Content-Length: 6')],
    ['length-ambiguous', head('Content-Length: 5, 5')],
    ['length-ambiguous', head('Content-Length: -1')],
    ['length-ambiguous', head('Content-Length: 0x10')],
    ['length-ambiguous', head('Content-Length: 9999999999999999')],
    ['length-ambiguous', head('Content-Length: 5', 'Transfer-Encoding: chunked')],
    ['length-ambiguous', head('Transfer-Encoding: gzip, chunked')],
    ['length-ambiguous', 'HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'],
    ['chunk-malformed', `${head('Transfer-Encoding: chunked')}-5\r\n`],
    ['chunk-malformed', `${head('Transfer-Encoding: chunked')}fffffffffffff\r\n`],
    ['chunk-malformed', `${head('Transfer-Encoding: chunked')}2\nim`],
    ['chunk-malformed', `${head('Transfer-Encoding: chunked')}2\r\nimage\r\n`],
    ['chunk-malformed', `${head('Transfer-Encoding: chunked')}2;${'x'.repeat(300)}`],
    ['cut', `${head('Content-Length: 6')}image`, true],
    ['cut', `${head('Transfer-Encoding: chunked')}5\r\nimage\r\n`, true],
    ['cut', 'HTTP/1.1 200', true],
  ])('is refused: %s', (reason, text, close = false) => {
    expect(reasonOf(() => read(text, text.length, close))).toBe(reason);
    expect(reasonOf(() => read(text, 7, close))).toBe(reason);
  });

  it('says for how long its connection is kept', () => {
    const kept = (...fields: string[]) => read(`${head('Content-Length: 1', ...fields)}x`).head?.keptMs;
    expect([kept('Keep-Alive: timeout=1'), kept('Keep-Alive: max=5, timeout=20'), kept()]).toEqual([
      1_000, 20_000, 5_000,
    ]);
    expect([kept('Connection: close'), kept('Connection: x, Close', 'Keep-Alive: timeout=9')]).toEqual([0, 0]);
    expect(read('HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx').head?.keptMs).toBe(0);
    expect(read(head(), 9, true).head?.keptMs).toBe(0);
  });
});
