import { Bursts } from './wire.cjs';

/** A message: letter, length with itself, content (PostgreSQL documentation, 55.7). */
function message(letter: string, content: string | Buffer = ''): Buffer {
  const body = Buffer.from(content as string);
  const head = Buffer.alloc(5);
  head.write(letter);
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}

function startup(code: number, more = ''): Buffer {
  const head = Buffer.alloc(8);
  head.writeInt32BE(8 + more.length, 0);
  head.writeInt32BE(code, 4);
  return Buffer.concat([head, Buffer.from(more)]);
}

const version3 = startup(196608, 'user\0drimbox\0\0');
const statement = [message('P', 'x'), message('B', 'y'), message('D', 'P'), message('E', 'z'), message('S')];

function given(chunks: readonly Buffer[]): string[] {
  const bursts = new Bursts();
  const told: string[] = [];
  for (const chunk of chunks) {
    bursts.push(chunk);
    for (let burst = bursts.next(); burst; burst = bursts.next()) {
      told.push(`${burst.kind} ${burst.bytes.length}`);
      if (burst.kind === 'close') return told;
    }
  }
  return told;
}

describe('what a client of the embedded database sends', () => {
  const whole = Buffer.concat([startup(80877103), version3, ...statement, message('Q', 'SELECT 1\0')]);
  const expected = [
    'refuse-encryption 8',
    `execute ${version3.length}`,
    `execute ${Buffer.concat(statement).length}`,
    `execute ${message('Q', 'SELECT 1\0').length}`,
  ];

  it('is executed by whole statements, wherever the network cuts it', () => {
    for (let cut = 1; cut < whole.length; cut++) {
      const told = given([whole.subarray(0, cut), whole.subarray(cut)]);
      // What came together may be executed together.
      const together = [...expected.slice(0, 2), `execute ${whole.length - 8 - version3.length}`];
      expect([expected, together]).toContainEqual(told);
    }
    expect(given(Array.from(whole, (byte) => Buffer.from([byte])))).toEqual(expected);
  });

  it('waits for the end of a statement, however long its parameter', () => {
    const long = message('B', Buffer.alloc(3_000_000));
    const bursts = new Bursts();
    bursts.push(version3);
    bursts.next();
    bursts.push(message('P', 'x'));
    for (let at = 0; at < long.length; at += 65_536) {
      bursts.push(long.subarray(at, at + 65_536));
      expect(bursts.next()).toBeUndefined();
    }
    bursts.push(message('S'));
    expect(bursts.next()?.bytes).toHaveLength(long.length + 6 + 5);
  });

  it.each<[string, Buffer]>([
    ['a web request', Buffer.from('GET / HTTP/1.1\r\n\r\n')],
    ['an older protocol', startup(131072)],
    ['a request to cancel', startup(80877102, 'pidsecre')],
    ['a length below its own', Buffer.concat([version3, Buffer.from([0x51, 0, 0, 0, 3])])],
    ['a length beyond reason', Buffer.concat([version3, Buffer.from([0x51, 0x7f, 0, 0, 0])])],
    ['a farewell', Buffer.concat([version3, message('X')])],
  ])('ends with %s', (_, bytes) => {
    expect(given([bytes]).at(-1)).toMatch(/^close/);
  });
});
