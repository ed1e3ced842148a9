import { AckInput, ackSubjectOf, Hl7Message, parseMessage, writeAck } from './index';

const header = (type: string, version: string, id = 'ID1') =>
  parsed(
    `MSH|^~\\&|RIS|CHU|DRIMBOX|CHU2|20210101||${type}|${id}|P|${version}|||||FRA|UNICODE UTF-8|||2.1^CISIS_CDA_HL7_V2`,
  );

function parsed(text: string): Hl7Message {
  const result = parseMessage(text);
  if (!result.ok) throw new Error(result.reason);
  return result.value;
}

const answer = (message: Hl7Message | undefined, more: Partial<AckInput> = {}) =>
  writeAck({
    subject: ackSubjectOf(message),
    code: 'AA',
    at: new Date('2026-01-06T13:44:19Z'),
    controlId: '12346',
    charset: 'UNICODE UTF-8',
    ...more,
  });

describe('acknowledgement', () => {
  it.each([
    ['ORU^R01^ORU_R01', '2.5', 'ACK^R01^ACK'],
    ['MDM^T02^MDM_T02', '2.6', 'ACK^T02^ACK'],
    ['MDM^T10^MDM_T02', '2.6', 'ACK^T10^ACK'],
    ['MDM^T04^MDM_T02', '2.6', 'ACK^T04^ACK'],
    ['OMI^O23^OMI_O23', '2.5.1', 'ACK^O23^ACK'],
    ['ORU^R01', '2.3.1', 'ACK^R01'],
    ['ORU', '2.5', 'ACK'],
  ])('of %s in %s is %s', (type, version, expected) => {
    expect(answer(header(type, version))).toBe(
      `MSH|^~\\&|DRIMBOX|CHU2|RIS|CHU|20260106134419+0000||${expected}|12346|P|${version}|||||FRA|UNICODE UTF-8\rMSA|AA|ID1\r`,
    );
  });

  it('says what is wrong and where', () => {
    const faults = [
      {
        condition: 207,
        application: 904,
        location: { segment: 'PID', field: 3, repetition: 1 },
        text: 'two | patients',
      },
      { condition: 100, location: { segment: 'ORC' }, severity: 'W' },
    ] as const;
    expect(answer(header('ORU^R01^ORU_R01', '2.5'), { code: 'AE', faults }).split('\r').slice(1, -1)).toEqual([
      'MSA|AE|ID1',
      "ERR||PID^1^3^1|207^Application internal error^HL70357|E|904^L'INS transmis ne correspond pas^HL70533|||two \\F\\ patients",
      'ERR||ORC^1|100^Segment sequence error^HL70357|W',
    ]);
  });

  it('uses the older form before 2.5', () => {
    const faults = [{ condition: 101, location: { segment: 'PID', field: 3 }, text: 'PID-3 is absent' }] as const;
    expect(answer(header('ORU^R01', '2.3.1'), { code: 'AE', faults }).split('\r').slice(1, -1)).toEqual([
      'MSA|AE|ID1|PID-3 is absent',
      'ERR|PID^^3^101&Required field missing&HL70357',
    ]);
  });

  it('answers a message whose header could not be read, or lies', () => {
    expect(answer(undefined, { code: 'AR' })).toContain('||ACK|12346|P|2.5|');
    expect(answer(header('ORU^R01^ORU_R01', '9.9'))).toContain('|P|2.5|');
    const hostile = answer(header('ORU^R01^ORU_R01', '2.5', 'A\\X0D\\MSA\\F\\AA'));
    expect(hostile.split('\r')).toHaveLength(3);
    expect(parsed(hostile).first('MSA')?.text(2)).toBe('A\rMSA|AA');
    expect(answer(header('ORU^R01^ORU_R01', '2.5', 'x'.repeat(5000))).length).toBeLessThan(600);
  });
});
