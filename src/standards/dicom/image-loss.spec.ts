import { encodeText, EXPLICIT_LITTLE, isLossyImage, TRANSFER_SYNTAX } from '.';

const explicitLittle = '1.2.840.10008.1.2.1';
const head = (value?: string) =>
  value === undefined ? Buffer.alloc(0) : encodeText(0x00282110, 'CS', value, EXPLICIT_LITTLE);

describe('loss by compression', () => {
  it.each([
    ['nothing said, not compressed', explicitLittle, undefined, false],
    ['never compressed with loss', explicitLittle, '00', false],
    ['compressed with loss once, and expanded again', explicitLittle, '01', true],
    ['JPEG baseline, which cannot do otherwise', '1.2.840.10008.1.2.4.50', undefined, true],
    ['JPEG-LS lossless', '1.2.840.10008.1.2.4.80', '00', false],
    ['JPEG 2000 that may have lost, and says so', '1.2.840.10008.1.2.4.91', '01', true],
    ['JPEG 2000 that may have lost, and does not say so', '1.2.840.10008.1.2.4.91', undefined, false],
  ])('%s', (_what, transferSyntaxUid, value, lossy) => {
    expect(isLossyImage({ transferSyntaxUid, head: head(value), headSyntaxUid: explicitLittle })).toBe(lossy);
  });
  it('reads the head of a deflated object as it was inflated', () => {
    const transferSyntaxUid = TRANSFER_SYNTAX.deflatedExplicitVrLittleEndian;
    expect(isLossyImage({ transferSyntaxUid, head: head('01'), headSyntaxUid: explicitLittle })).toBe(true);
  });
});
