import fc from 'fast-check';
import {
  decodeMessage,
  encodeMessage,
  escapeText,
  Hl7Message,
  parseMessage,
  unescapeText,
  usualDelimiters,
} from './index';

function parsed(text: string): Hl7Message {
  const result = parseMessage(text);
  if (!result.ok) throw new Error(result.reason);
  return result.value;
}

describe('message', () => {
  it.each(['\r', '\n', '\r\n', '\r\r\n', '\n\n'])('reads segments that end by %j', (end) => {
    const message = parsed(['MSH|^~\\&|A|B', 'PID|||1^^^X&1.2.3&ISO^PI~2', 'ORC|NW', 'OBX|1', 'OBX|2', ''].join(end));
    expect(message.segments.map((segment) => segment.name)).toEqual(['MSH', 'PID', 'ORC', 'OBX', 'OBX']);
    expect(message.header.text(3)).toBe('A');
    expect(message.first('ORC')?.text(1)).toBe('NW');
    expect(message.all('OBX').map((segment) => segment.text(1))).toEqual(['1', '2']);
    const [first, second] = message.first('PID')?.repetitions(3) ?? [];
    expect([first.read(1), first.read(4), first.read(4, 2), first.read(5), first.read(9)]).toEqual([
      '1',
      'X',
      '1.2.3',
      'PI',
      '',
    ]);
    expect(second.read(1)).toBe('2');
    expect(message.joinedLines).toBe(0);
  });

  it('numbers the fields of MSH from its separator', () => {
    const { header } = parsed('MSH|^~\\&|APP|FAC|||20210101||ORU^R01^ORU_R01|ID1|P|2.5');
    expect([1, 2, 3, 10, 12, 40].map((field) => header.raw(field))).toEqual(['|', '^~\\&', 'APP', 'ID1', '2.5', '']);
    expect(header.text(9, 2)).toBe('R01');
  });

  it('takes the separators that the message announces', () => {
    const message = parsed('MSH#*~!%#A\rPID###1*x%y');
    expect(message.first('PID')?.text(3)).toBe('1');
    expect(message.first('PID')?.text(3, 2, 2)).toBe('y');
  });

  it('joins a line broken inside a field to its field', () => {
    const message = parsed('\n\nMSH|^~\\&|A\nOBX|4|CE|X^patient \n||N|\nOBX|5|CE|Y||N');
    expect(message.all('OBX')).toHaveLength(2);
    expect(message.all('OBX')[0].text(5)).toBe('N');
    expect(message.joinedLines).toBe(1);
  });

  it.each([
    ['', 'the message is empty'],
    ['  \r\n', 'the message is empty'],
    ['PID|1', 'the message does not begin with MSH'],
    ['MSH', 'MSH-1 is not a separator'],
    ['MSHA^~\\&', 'MSH-1 is not a separator'],
    ['MSH||', 'MSH-2 has not 2 to 5 encoding characters'],
    ['MSH|^^\\&|', 'two separators of MSH-1 and MSH-2 are the same'],
    ['MSH|^~ab|', 'MSH-2 holds a letter, a digit or a blank'],
    [`MSH|^~\\&|\r${'OBX|1\r'.repeat(2000)}`, 'the message has more than 2000 segments'],
  ])('refuses %j', (text, reason) => {
    expect(parseMessage(text)).toEqual({ ok: false, reason });
  });

  it('joins a report of 10 MB that its sender broke at 76 characters, and loses nothing of what follows', () => {
    const lines = Array.from({ length: 140_000 }, () => 'QUJD'.repeat(19));
    const message = parsed(`MSH|^~\\&|A\rOBX|1|ED|||^TEXT^XML^Base64^${lines.join('\r\n')}\rOBX|2|CE|DESTDMP||N`);
    expect(message.all('OBX')).toHaveLength(2);
    expect(message.all('OBX')[0].text(5, 5).replace(/\s/g, '')).toHaveLength(140_000 * 76);
  });

  it('refuses, and does not cut short, a message of endless lines', () => {
    expect(parseMessage(`MSH|^~\\&|A\r${'x\n'.repeat(600_000)}`)).toMatchObject({ ok: false });
  });

  it('bounds the fields, repetitions and components that it cuts', () => {
    const message = parsed(`MSH|^~\\&|A\rZZZ|${'^'.repeat(100_000)}|${'~'.repeat(100_000)}|${'|'.repeat(100_000)}end`);
    const segment = message.first('ZZZ');
    expect(segment?.repetitions(2).length).toBeLessThanOrEqual(200);
    expect(segment?.text(1, 100_000)).toBe('');
    expect(segment?.raw(100_002)).toBe('');
  });

  it('reads an explicit null as empty', () => {
    expect(parsed('MSH|^~\\&|A\rPID|""|x').first('PID')?.text(1)).toBe('');
  });

  it('never throws', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('|', '^', '~', '\\', '&', '\r', 'M', 'S', 'H', 'é') }), (text) => {
        const result = parseMessage(`MSH|^~\\&|${text}`);
        if (result.ok)
          for (const segment of result.value.segments) segment.repetitions(2).forEach((part) => part.read(1, 2));
      }),
    );
  });
});

describe('escape sequences', () => {
  const undo = (text: string) => unescapeText(text, usualDelimiters);

  it.each([
    ['a\\F\\b\\S\\c\\T\\d\\R\\e\\E\\f', 'a|b^c&d~e\\f'],
    ['\\X0D0A\\', '\r\n'],
    ['\\XC3A9\\', 'é'],
    ['\\XE9\\', 'é'],
    ['\\X0\\', ''],
    ['a\\X00\\b', 'ab'],
    ['one\\.br\\two', 'one\ntwo'],
    ['one\\.sp3\\two', 'one\n\n\ntwo'],
    ['\\H\\bold\\N\\', 'bold'],
    ['\\Zlocal\\x', 'x'],
    ['C:\\images', 'C:\\images'],
    ['100\\% of \\E\\', '100\\% of \\'],
    ['\\', '\\'],
    ['\\\\', '\\\\'],
    ['\\E\\F\\E\\', '\\F\\'],
    ['', ''],
  ])('%j is %j', (text, expected) => {
    expect(undo(text)).toBe(expected);
  });

  it('gives back any text', () => {
    const text = fc.string({
      unit: fc.constantFrom('|', '^', '~', '\\', '&', '\r', '\n', 'E', 'F', 'X', '.', 'br', 'é', '語'),
    });
    fc.assert(fc.property(text, (original) => expect(undo(escapeText(original, usualDelimiters))).toBe(original)));
  });

  it('stays linear on deep or unfinished sequences', () => {
    expect(undo('\\E'.repeat(200_000)).length).toBeGreaterThan(0);
    expect(undo('\\'.repeat(200_000)).length).toBe(200_000);
    expect(undo(`\\X${'41'.repeat(100_000)}`)).toHaveLength(200_002);
  });
});

describe('character set', () => {
  const message = (declared: string, text: string, encoding: BufferEncoding) =>
    Buffer.concat([Buffer.from(`MSH|^~\\&|||||||||||||||FRA|${declared}|\rPID|`), Buffer.from(text, encoding)]);

  it.each([
    ['UNICODE UTF-8', 'utf8', 'UNICODE UTF-8', false],
    ['8859/1', 'latin1', '8859/1', false],
    ['8859/15', 'latin1', '8859/15', false],
    ['8859/1', 'utf8', 'UNICODE UTF-8', true],
    ['8859/15', 'utf8', 'UNICODE UTF-8', true],
    ['UNICODE UTF-8', 'latin1', '8859/15', true],
    ['ASCII', 'utf8', 'UNICODE UTF-8', true],
    ['ASCII', 'latin1', '8859/15', true],
    ['', 'utf8', 'UNICODE UTF-8', false],
    ['', 'latin1', '8859/15', false],
    ['utf-8', 'utf8', 'UNICODE UTF-8', false],
    ['8859/1~UNICODE UTF-8', 'latin1', '8859/1', false],
  ] as const)('declared %j, written in %s: read as %s', (declared, encoding, charset, contradicted) => {
    const result = decodeMessage(message(declared, 'Hélène', encoding));
    expect(result).toMatchObject({ ok: true, value: { charset, contradicted } });
    expect(result.ok && result.value.text).toContain('Hélène');
  });

  it('reads the euro sign and the oe of 8859/15', () => {
    const result = decodeMessage(message('8859/15', '\xa4 c\xbdur', 'latin1'));
    expect(result.ok && result.value.text).toContain('€ cœur');
  });

  it('refuses a set that it does not know', () => {
    expect(decodeMessage(message('UNICODE UTF-16', 'x', 'utf8')).ok).toBe(false);
    expect(decodeMessage(message('__proto__', 'x', 'utf8')).ok).toBe(false);
  });

  it('refuses a NUL byte', () => {
    expect(decodeMessage(Buffer.from('MSH|^~\\&|A\0')).ok).toBe(false);
  });

  it('writes what a set does not have as a question mark', () => {
    expect(encodeMessage('é 語', '8859/1').toString('latin1')).toBe('é ?');
    expect(encodeMessage('é', 'ASCII').toString('latin1')).toBe('?');
    expect(encodeMessage('é 語', 'UNICODE UTF-8').toString('utf8')).toBe('é 語');
  });
});
