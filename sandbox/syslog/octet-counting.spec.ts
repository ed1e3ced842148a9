import { OctetCountingReader } from './octet-counting';

describe('syslog frames', () => {
  const stream = Buffer.from('5 été10 0123456789');
  it('are the same wherever the stream is cut', () => {
    for (let cut = 0; cut <= stream.length; cut++) {
      const reader = new OctetCountingReader();
      const read = [...reader.push(stream.subarray(0, cut)), ...reader.push(stream.subarray(cut))];
      expect(read.map(String)).toEqual(['été', '0123456789']);
    }
  });

  it.each(['<85>1 - - -', '0 ', ' 5 hello', '999999999 x', '12345678901', '2000000 x'])('refuses %j', (text) => {
    expect(() => new OctetCountingReader().push(Buffer.from(text))).toThrow(/syslog/);
  });
});
