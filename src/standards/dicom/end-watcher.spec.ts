import { DicomRefusal } from './dicom-refusal';
import { EndWatcher } from './end-watcher';
import { TRANSFER_SYNTAX } from './transfer-syntaxes';

const explicit = TRANSFER_SYNTAX.explicitVrLittleEndian;

/** An element in explicit little endian, with a long length where the VR wants one. */
function element(
  tag: number,
  vr: string,
  length: number,
  value = Buffer.alloc(length === 0xffffffff ? 0 : length, 1),
): Buffer {
  const isLong = ['OB', 'OW', 'SQ', 'UN', 'UT'].includes(vr);
  const head = Buffer.alloc(isLong ? 12 : 8);
  head.writeUInt16LE(tag >>> 16, 0);
  head.writeUInt16LE(tag & 0xffff, 2);
  head.write(vr, 4, 'latin1');
  if (isLong) head.writeUInt32LE(length, 8);
  else head.writeUInt16LE(length, 6);
  return Buffer.concat([head, value]);
}

function item(tag: number, length: number, value = Buffer.alloc(length === 0xffffffff ? 0 : length, 1)): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt16LE(tag >>> 16, 0);
  head.writeUInt16LE(tag & 0xffff, 2);
  head.writeUInt32LE(length, 4);
  return Buffer.concat([head, value]);
}

const undefinedLength = 0xffffffff;
const sequence = Buffer.concat([
  element(0x00400275, 'SQ', undefinedLength),
  item(0xfffee000, undefinedLength),
  element(0x00100010, 'PN', 6),
  item(0xfffee00d, 0),
  item(0xfffee0dd, 0),
]);
const fragments = Buffer.concat([
  element(0x7fe00010, 'OB', undefinedLength),
  item(0xfffee000, 0),
  item(0xfffee000, 20),
  item(0xfffee0dd, 0),
]);
const native = element(0x7fe00010, 'OW', 64);
const whole: Record<string, Buffer> = {
  native: Buffer.concat([element(0x00080060, 'CS', 2), sequence, native]),
  encapsulated: Buffer.concat([element(0x00080060, 'CS', 2), sequence, fragments]),
  'without pixels': Buffer.concat([element(0x00080060, 'CS', 2), sequence]),
  empty: Buffer.alloc(0),
};

function verdict(bytes: Buffer, step: number, syntax: string = explicit): string {
  const watcher = new EndWatcher(syntax);
  for (let at = 0; at < bytes.length; at += step) watcher.push(bytes.subarray(at, at + step));
  try {
    watcher.end();
    return 'whole';
  } catch (error) {
    return (error as DicomRefusal).reason;
  }
}

describe('the end of a data set', () => {
  it.each(Object.entries(whole))('%s: whole, in chunks of any size', (_name, bytes) => {
    for (const step of [1, 2, 3, 7, 11, 13, 4096]) expect(verdict(bytes, step)).toBe('whole');
  });

  it.each(['native', 'encapsulated'])('%s: cut anywhere but between two outermost elements is truncated', (name) => {
    const bytes = whole[name];
    const between = new Set([0, 10, 10 + sequence.length, bytes.length]);
    for (let length = 0; length <= bytes.length; length++) {
      const expected = between.has(length) ? 'whole' : 'truncated';
      for (const step of [1, 5, 4096])
        expect([length, verdict(bytes.subarray(0, length), step)]).toEqual([length, expected]);
    }
  });

  it('forgives zeros after the last element', () => {
    expect(verdict(Buffer.concat([whole.native, Buffer.alloc(3)]), 5)).toBe('whole');
  });

  it.each([
    ['an invalid VR', Buffer.concat([element(0x00080060, '??', 2), Buffer.from('cut')])],
    ['two letters that are no VR', Buffer.concat([element(0x00080060, 'ZZ', 2), Buffer.from('cut')])],
    ['a delimiter that closes nothing', item(0xfffee0dd, 0)],
  ])('looks away from %s', (_name, bytes) => {
    expect(verdict(bytes, 4096)).toBe('whole');
  });

  it('looks away from nesting without end', () => {
    const nested = Buffer.concat(
      Array.from({ length: 80 }, () =>
        Buffer.concat([element(0x00400275, 'SQ', undefinedLength), item(0xfffee000, undefinedLength)]),
      ),
    );
    expect(verdict(nested, 100)).toBe('whole');
  });

  it.each([TRANSFER_SYNTAX.deflatedExplicitVrLittleEndian, '1.2.3.4'])('does not watch %s', (syntax) => {
    expect(verdict(Buffer.from('anything'), 3, syntax)).toBe('whole');
  });

  it('reads the implicit form too', () => {
    const bytes = item(0x00100010, 6);
    expect([
      verdict(bytes, 1, TRANSFER_SYNTAX.implicitVrLittleEndian),
      verdict(bytes.subarray(0, 9), 4, TRANSFER_SYNTAX.implicitVrLittleEndian),
    ]).toEqual(['whole', 'truncated']);
  });
});
