import { frameSyslogMessage, SyslogMessage, writeSyslogMessage } from './index';

const message: SyslogMessage = {
  facility: 10,
  severity: 5,
  at: new Date('2026-11-21T05:06:07.089Z'),
  hostName: 'db1.test',
  appName: 'drimbox',
  procId: '4711',
  msgId: 'IHE+RFC-3881',
  text: '<é/>',
};

describe('a syslog message (RFC 5424)', () => {
  it('has its header, no structured data, and marked UTF-8', () => {
    expect(writeSyslogMessage(message).toString()).toBe(
      '<85>1 2026-11-21T05:06:07.089Z db1.test drimbox 4711 IHE+RFC-3881 - \ufeff<é/>',
    );
  });

  it('escapes structured data (6.3.3)', () => {
    const structuredData = { meta: { sequenceId: '7' }, 'x y@1': { 'a="]b': 'c"\\]d' } };
    expect(writeSyslogMessage({ ...message, structuredData }).toString()).toContain(
      ' [meta sequenceId="7"][xy@1 ab="c\\"\\\\\\]d"] ',
    );
  });

  it.each([
    ['a space and a line end cannot make another field', 'a b\nc', 'abc'],
    ['letters outside ASCII are left out', 'hôpital', 'hpital'],
    ['nothing left is the NILVALUE', 'é', '-'],
    ['length', 'x'.repeat(60), 'x'.repeat(48)],
  ])('keeps a header field within its grammar: %s', (_, appName, written) => {
    expect(
      writeSyslogMessage({ ...message, appName })
        .toString()
        .split(' ')[3],
    ).toBe(written);
  });

  it.each([{ facility: 24 }, { facility: -1 }, { severity: 8 }, { severity: 1.5 }])('refuses %j', (wrong) => {
    expect(() => writeSyslogMessage({ ...message, ...wrong })).toThrow(RangeError);
  });

  it('is framed by its length in octets, not in characters (RFC 5425)', () => {
    const bytes = writeSyslogMessage(message);
    const frame = frameSyslogMessage(bytes);
    expect(frame.toString('latin1')).toBe(`${bytes.length} ${bytes.toString('latin1')}`);
    expect(bytes.length).toBe(bytes.toString('utf8').length + 3);
  });
});
