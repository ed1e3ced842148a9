import fc from 'fast-check';
import { frameMessage, MllpEvent, MllpFramer } from './framing';

const kinds = (events: MllpEvent[]) => events.map((event) => event.kind);
const texts = (events: MllpEvent[]) =>
  events.map((event) => (event.kind === 'message' ? event.bytes.toString('latin1') : event.kind));
const framer = (messageBytesMax = 1000) => new MllpFramer({ messageBytesMax });

describe('MLLP framer', () => {
  it('reads two messages of one packet', () => {
    const packet = Buffer.concat([frameMessage(Buffer.from('one')), frameMessage(Buffer.from('two'))]);
    expect(texts(framer().push(packet))).toEqual(['one', 'two']);
  });

  it('reads a message whose end marker is cut in two', () => {
    const reader = framer();
    expect(reader.push(Buffer.from('\x0bone\x1c', 'latin1'))).toEqual([]);
    expect(texts(reader.push(Buffer.from('\r\x0btwo\x1c\r', 'latin1')))).toEqual(['one', 'two']);
  });

  it('reads one byte at a time', () => {
    const reader = framer();
    const stream = Buffer.concat(['one', 'two', ''].map((text) => frameMessage(Buffer.from(text))));
    expect(texts(Array.from(stream).flatMap((byte) => reader.push(Buffer.from([byte]))))).toEqual(['one', 'two', '']);
  });

  it('holds a message of end markers as one piece, not as millions', () => {
    const reader = framer(30_000_000);
    const before = process.memoryUsage().heapUsed;
    reader.push(Buffer.from([0x0b]));
    for (let sent = 0; sent < 64; sent += 1) reader.push(Buffer.alloc(65_536, 0x1c));
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(8_000_000);
    const [event] = reader.push(Buffer.from('\x1c\r', 'latin1'));
    expect(event.kind === 'message' && event.bytes.equals(Buffer.alloc(64 * 65_536, 0x1c))).toBe(true);
  });

  it('spends no more than the time of its bytes on markers in disorder', () => {
    const from = performance.now();
    for (const text of ['\x0b\x1cx', '\x0b', '\x1cx', '\x1c\x0b', '\x0bx\x1c\r'])
      framer(30_000_000).push(Buffer.from(`\x0b${text.repeat(400_000 / text.length)}`, 'latin1'));
    expect(performance.now() - from).toBeLessThan(3_000);
  });

  it('gives back any messages cut anywhere', () => {
    const content = fc
      .uint8Array({ maxLength: 40 })
      .map((bytes) => Buffer.from(bytes.filter((b) => b !== 0x0b && b !== 0x1c)));
    fc.assert(
      fc.property(fc.array(content, { maxLength: 6 }), fc.array(fc.nat(80), { maxLength: 12 }), (messages, cuts) => {
        const stream = Buffer.concat(messages.map((message) => frameMessage(message)));
        const points = [...new Set(cuts.map((cut) => cut % (stream.length + 1)))].sort((a, b) => a - b);
        const reader = framer();
        const events = [...points, stream.length].flatMap((point, index) =>
          reader.push(stream.subarray(points[index - 1] ?? 0, point)),
        );
        expect(texts(events)).toEqual(messages.map((message) => message.toString('latin1')));
        expect(reader.end()).toEqual([]);
      }),
    );
  });

  it('never throws nor grows on garbage, and recovers at the next block', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 60 }), { maxLength: 10 }), (chunks) => {
        const reader = framer(50);
        for (const chunk of chunks) reader.push(Buffer.from(chunk));
        const events = reader.push(frameMessage(Buffer.from('MSH')));
        expect(texts(events).at(-1)).toBe('MSH');
        expect(reader.bytesHeld).toBe(0);
      }),
    );
  });

  it('ignores line ends between blocks and reports other bytes', () => {
    const reader = framer();
    expect(texts(reader.push(Buffer.from('\x0bone\x1c\r\r\n \x0btwo\x1c\r', 'latin1')))).toEqual(['one', 'two']);
    expect(reader.push(Buffer.from('GET / HTTP/1.1\r\n'))).toEqual([{ kind: 'junk', bytesRead: 12 }]);
  });

  it('reports a message begun again before its end, and one cut by the end of the stream', () => {
    const reader = framer();
    const events = reader.push(Buffer.from('\x0bcut\x0bwhole\x1c\r\x0bcut again', 'latin1'));
    expect(texts(events)).toEqual(['unterminated', 'whole']);
    expect(reader.end()).toEqual([{ kind: 'unterminated', bytesRead: 9 }]);
  });

  it('accepts an end marker without its CR, before a new block or the end of the stream', () => {
    const reader = framer();
    expect(texts(reader.push(Buffer.from('\x0bone\x1c\x0btwo\x1c', 'latin1')))).toEqual(['one']);
    expect(texts(reader.end())).toEqual(['two']);
  });

  it('keeps an FS that ends nothing', () => {
    expect(texts(framer().push(Buffer.from('\x0ba\x1cb\x1c\r', 'latin1')))).toEqual(['a\x1cb']);
  });

  it.each([
    [99, ['message']],
    [100, ['message']],
    [101, ['too-large']],
  ])('with a limit of 100 bytes, one of %i gives %j', (length, expected) => {
    const reader = framer(100);
    const bytes = frameMessage(Buffer.alloc(length, 'a'));
    expect(kinds(Array.from(bytes).flatMap((byte) => reader.push(Buffer.from([byte]))))).toEqual(expected);
    expect(kinds(reader.push(frameMessage(Buffer.from('next'))))).toEqual(['message']);
  });

  it('keeps the head of an endless message and nothing more', () => {
    const reader = framer(1_000_000);
    const chunk = Buffer.alloc(65_536, 'a');
    const events = reader.push(Buffer.from('\x0bMSH|^~\\&|RIS', 'latin1'));
    for (let sent = 0; sent < 64; sent += 1) events.push(...reader.push(chunk));
    expect(kinds(events)).toEqual(['too-large']);
    expect(events[0].kind === 'too-large' && events[0].head.toString('latin1', 0, 12)).toBe('MSH|^~\\&|RIS');
    expect(reader.end()).toEqual([]);
  });

  it('reads 10 MB in chunks of a socket', () => {
    const reader = framer(20_000_000);
    const stream = frameMessage(Buffer.alloc(10_000_000, 'a'));
    const events: MllpEvent[] = [];
    for (let at = 0; at < stream.length; at += 65_536) events.push(...reader.push(stream.subarray(at, at + 65_536)));
    expect(events).toHaveLength(1);
    expect(events[0].kind === 'message' && events[0].bytes.length).toBe(10_000_000);
  });
});
