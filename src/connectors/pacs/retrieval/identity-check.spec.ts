import { deflateRawSync } from 'node:zlib';
import { encodeElement, encodeText, EXPLICIT_LITTLE } from '../../../standards/dicom';
import { IdentityCheck } from './identity-check';

const explicit = '1.2.840.10008.1.2.1';
const announced = { studyInstanceUid: '1.2.3', sopInstanceUid: '1.2.3.4', transferSyntaxUid: explicit };
const text = (tag: number, uid: string) => encodeText(tag, 'UI', uid, EXPLICIT_LITTLE);
const pixels = encodeElement(0x7fe00010, 'OW', Buffer.alloc(50, 1), EXPLICIT_LITTLE);
const objectOf = (uid: string, study: string): Buffer =>
  Buffer.concat([text(0x00080018, uid), text(0x00100010, '1'), text(0x0020000d, study), pixels]);

function verdict(bytes: Buffer, step = bytes.length, transferSyntaxUid = explicit): string {
  const check = new IdentityCheck({ ...announced, transferSyntaxUid });
  let found: string | undefined;
  let at = 0;
  for (; at < bytes.length && !found; at += step) found = check.push(bytes.subarray(at, at + step));
  expect(Buffer.concat(check.held).equals(bytes.subarray(0, at))).toBe(true);
  return found ?? check.end();
}

describe('what a data set says of itself', () => {
  it.each([
    ['1.2.3.4', '1.2.3', 'same'],
    ['1.2.3.5', '1.2.3', 'foreign'],
    ['1.2.3.4', '1.2.4', 'foreign'],
    ['1.2.3.4', '1.2.33', 'foreign'],
    ['', '', 'same'],
  ])('instance %s of study %s is %s, however it is cut', (uid, study, expected) => {
    const bytes = objectOf(uid, study);
    for (let step = 1; step <= bytes.length; step++) expect(verdict(bytes, step)).toBe(expected);
    const deflated = '1.2.840.10008.1.2.1.99';
    for (const step of [1, 7, 1_000]) expect(verdict(deflateRawSync(bytes), step, deflated)).toBe(expected);
  });

  it('contradicts nothing where it is absent, cut, broken or in a syntax that nobody knows', () => {
    expect(verdict(pixels)).toBe('same');
    expect(verdict(objectOf('1.2.3.4', '1.2.3').subarray(0, 20), 3)).toBe('same');
    expect(verdict(Buffer.alloc(300, 0x31), 7)).toBe('same');
    expect(verdict(Buffer.concat([text(0x00080018, '1.2.3.4'), Buffer.from('100010003f3fffff', 'hex')]), 5)).toBe(
      'same',
    );
    expect(verdict(objectOf('9', '9'), 9, '1.2.840.113619.5.2')).toBe('same');
  });

  it('is believed as far as it could be read', () => {
    const broken = Buffer.concat([text(0x00080018, '9.9'), Buffer.from('10001000534cffffffffffff', 'hex')]);
    expect(verdict(broken)).toBe('foreign');
    expect(verdict(broken, 1)).toBe('foreign');
  });

  it('is not looked for in a sequence', () => {
    const item = Buffer.concat([Buffer.from('feff00e012000000', 'hex'), text(0x00080018, '9.9.9.9.9')]);
    const inside = encodeElement(0x00081140, 'SQ', item, EXPLICIT_LITTLE);
    expect(verdict(Buffer.concat([text(0x00080018, '1.2.3.4'), inside, text(0x0020000d, '1.2.3')]))).toBe('same');
  });
});
