import { deflateRawSync, inflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { readDataSet } from './data-set-reader';
import { DicomRefusal } from './dicom-refusal';
import type { DataSetEncoding } from './dicom.types';
import { encodeElement, encodeItem, encodeSequence, encodeText } from './element-encoder';
import { InsInserter, type InsInserterOptions } from './ins-inserter';
import { transferSyntax, TRANSFER_SYNTAX as T } from './transfer-syntaxes';

const ins = { matricule: '123456789012345', oid: '1.2.250.1.213.1.4.10', issuer: 'ASIP-SANTE-INS-NIR' };

function insert(bytes: Buffer, options: Partial<InsInserterOptions> = {}, chunkBytes = bytes.length): Buffer {
  const inserter = new InsInserter({ transferSyntaxUid: T.explicitVrLittleEndian, ins, ...options });
  const out: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += chunkBytes) out.push(...inserter.push(bytes.subarray(at, at + chunkBytes)));
  return Buffer.concat([...out, ...inserter.end()]);
}

const NATIVE = [T.implicitVrLittleEndian, T.explicitVrLittleEndian, T.explicitVrBigEndian];
const encodingOf = (uid: string): DataSetEncoding => transferSyntax(uid)!;
const hex = (text: string): Buffer => Buffer.from(text.replace(/\s/g, ''), 'hex');

/** Undefined-length form of items: the header of the sequence and its delimiter, by hand. */
function undefinedSequence(tag: number, vr: string, items: Buffer[], encoding: DataSetEncoding): Buffer {
  const whole = encodeElement(tag, vr, Buffer.concat([...items, delimiter(0xfffee0dd, encoding)]), encoding);
  const at = encoding.explicitVr ? 8 : 4;
  whole.writeUInt32LE(0xffffffff, at);
  return whole;
}
function delimiter(tag: number, encoding: DataSetEncoding): Buffer {
  const bytes = Buffer.alloc(8);
  if (encoding.littleEndian) {
    bytes.writeUInt16LE(tag >>> 16, 0);
    bytes.writeUInt16LE(tag & 0xffff, 2);
  } else bytes.writeUInt32BE(tag, 0);
  return bytes;
}

/** Items of (0010,1002), as maps of the PatientIDs that they hold. */
function patientIds(bytes: Buffer, encoding: DataSetEncoding): string[] {
  const sequence = readDataSet(bytes, { encoding }).elements.filter(({ tag }) => tag === 0x00101002);
  expect(sequence).toHaveLength(1);
  return sequence[0].items!.map((item) => {
    const id = item.find(({ tag }) => tag === 0x00100020)!;
    return bytes.toString('latin1', id.valueOffset, id.valueOffset + id.length).trim();
  });
}

describe.each(NATIVE)('InsInserter in %s', (uid) => {
  const encoding = encodingOf(uid);
  const text = (tag: number, vr: string, value: string): Buffer => encodeText(tag, vr, value, encoding);
  const before = Buffer.concat([text(0x00080060, 'CS', 'CT'), text(0x00100020, 'LO', 'IPP1')]);
  const after = Buffer.concat([text(0x00101010, 'AS', '042Y'), text(0x0020000d, 'UI', '1.2.3')]);
  const other = encodeItem([text(0x00100020, 'LO', 'OTHER'), text(0x00100022, 'CS', 'TEXT')], encoding);
  const options = { transferSyntaxUid: uid };
  const eachCut = (bytes: Buffer, check: (out: Buffer) => void): void => {
    for (const chunkBytes of [bytes.length || 1, 1, 3, 17]) check(insert(bytes, options, chunkBytes));
  };

  it('creates the sequence at its place', () => {
    eachCut(Buffer.concat([before, after]), (out) => {
      expect(out.subarray(0, before.length)).toEqual(before);
      expect(out.subarray(out.length - after.length)).toEqual(after);
      expect(patientIds(out, encoding)).toEqual([ins.matricule]);
    });
  });

  it.each([
    ['an empty data set', Buffer.alloc(0), Buffer.alloc(0)],
    ['nothing after', before, Buffer.alloc(0)],
    ['nothing before', Buffer.alloc(0), after],
    ['no group 0010', text(0x00080060, 'CS', 'CT'), text(0x0020000d, 'UI', '1.2.3')],
    [
      'private tags before',
      Buffer.concat([text(0x00090010, 'LO', 'ACME'), encodeElement(0x00091001, 'UN', hex('00010203'), encoding)]),
      after,
    ],
    ['the tag just before and the tag just after', text(0x00101001, 'PN', 'A^B'), text(0x00101003, 'LO', 'x')],
  ])('%s', (_name, first, last) => {
    eachCut(Buffer.concat([first, last]), (out) => {
      expect(patientIds(out, encoding)).toEqual([ins.matricule]);
      expect(Buffer.concat([out.subarray(0, first.length), out.subarray(out.length - last.length)])).toEqual(
        Buffer.concat([first, last]),
      );
    });
  });

  it('adds to a sequence of defined length, and does not add twice', () => {
    const existing = encodeSequence(0x00101002, [other], encoding);
    eachCut(Buffer.concat([before, existing, after]), (out) => {
      expect(patientIds(out, encoding)).toEqual(['OTHER', ins.matricule]);
      expect(out.includes(other)).toBe(true);
      expect(insert(out, options)).toEqual(out);
    });
  });

  it('adds to a sequence of undefined length that holds an item of undefined length', () => {
    const item = undefinedItem(text(0x00100020, 'LO', 'OTHER'), encoding);
    const existing = undefinedSequence(0x00101002, 'SQ', [item], encoding);
    eachCut(Buffer.concat([before, existing, after]), (out) => {
      expect(patientIds(out, encoding)).toEqual(['OTHER', ins.matricule]);
      expect(insert(out, options)).toEqual(out);
    });
  });

  it('fills an empty sequence', () => {
    eachCut(Buffer.concat([before, encodeSequence(0x00101002, [], encoding), after]), (out) => {
      expect(patientIds(out, encoding)).toEqual([ins.matricule]);
    });
  });

  it('walks over sequences of undefined length before it, nested and private', () => {
    const inner = undefinedSequence(0x00400275, 'SQ', [undefinedItem(text(0x00100020, 'LO', 'X'), encoding)], encoding);
    const outer = undefinedSequence(
      0x00081111,
      'SQ',
      [undefinedItem(inner, encoding), encodeItem([inner], encoding)],
      encoding,
    );
    eachCut(Buffer.concat([outer, before, after]), (out) => {
      expect(out.subarray(0, outer.length)).toEqual(outer);
      expect(patientIds(out, encoding)).toEqual([ins.matricule]);
    });
  });

  it('adds the same matricule again when its issuer is another', () => {
    const first = insert(Buffer.concat([before, after]), { ...options, ins: { ...ins, oid: '1.2.250.1.213.1.4.8' } });
    expect(patientIds(insert(first, options), encoding)).toEqual([ins.matricule, ins.matricule]);
  });

  it('refuses an object that holds another INS of the same nature: it is another patient', () => {
    const foreign = insert(Buffer.concat([before, after]), {
      ...options,
      ins: { ...ins, matricule: '199999999999999' },
    });
    expect(() => insert(foreign, options)).toThrow(expect.objectContaining({ reason: 'patient-contradicted' }));
  });

  it('takes the name of the issuer when an item has no OID', () => {
    const item = encodeItem([text(0x00100020, 'LO', ins.matricule), text(0x00100021, 'LO', ins.issuer)], encoding);
    const bytes = Buffer.concat([before, encodeSequence(0x00101002, [item], encoding), after]);
    expect(insert(bytes, options)).toEqual(bytes);
    expect(patientIds(insert(bytes, { ...options, ins: { ...ins, issuer: undefined } }), encoding)).toHaveLength(2);
  });

  it('refuses a data set cut anywhere in its head, and gives nothing before', () => {
    const existing = undefinedSequence(0x00101002, 'SQ', [other], encoding);
    const bytes = Buffer.concat([before, existing]);
    const boundaries = new Set([0, text(0x00080060, 'CS', 'CT').length, before.length, bytes.length]);
    for (let length = 0; length <= bytes.length; length++) {
      const inserter = new InsInserter({ ...options, ins });
      expect(inserter.push(bytes.subarray(0, length))).toEqual([]);
      if (boundaries.has(length)) expect(inserter.end()).not.toEqual([]);
      else expect(() => inserter.end()).toThrow(expect.objectContaining({ reason: 'truncated' }));
    }
  });

  function undefinedItem(content: Buffer, of: DataSetEncoding): Buffer {
    const header = delimiter(0xfffee000, of);
    header.writeUInt32LE(0xffffffff, 4);
    return Buffer.concat([header, content, delimiter(0xfffee00d, of)]);
  }
});

describe('InsInserter, bytes by hand', () => {
  it('writes the item as the manifests have it, explicit little endian', () => {
    const out = insert(Buffer.alloc(0), { ins: { matricule: '12', oid: '1.2', issuer: 'AB' } });
    expect(out.toString('hex')).toBe(
      hex(
        `1000 0210 5351 0000 58000000  feff 00e0 50000000
        1000 2000 4c4f 0200 3132  1000 2100 4c4f 0200 4142  1000 2200 4353 0400 54455854
        1000 2400 5351 0000 24000000  feff 00e0 1c000000
        4000 3200 5554 0000 04000000 312e3220  4000 3300 4353 0400 49534f20`,
      ).toString('hex'),
    );
  });

  it('adds implicit items to a sequence that another system wrote as UN (PS3.5 6.2.2)', () => {
    const implicitItem = hex('feff00e0 0e000000 10002000 06000000 4f5448455220');
    const existing = Buffer.concat([hex('10000210 554e 0000 16000000'), implicitItem]);
    const out = insert(existing);
    expect(out.subarray(0, 8)).toEqual(existing.subarray(0, 8));
    expect(out.readUInt32LE(8)).toBe(out.length - 12);
    expect(patientIds(out, encodingOf(T.explicitVrLittleEndian))).toEqual(['OTHER', ins.matricule]);
    expect(insert(out)).toEqual(out);
  });

  it('gives the bytes after the head as views of the chunks', () => {
    const chunk = Buffer.concat([
      encodeText(0x0020000d, 'UI', '1.2.3', encodingOf(T.explicitVrLittleEndian)),
      Buffer.alloc(100),
    ]);
    const inserter = new InsInserter({ transferSyntaxUid: T.explicitVrLittleEndian, ins });
    const [, rest] = inserter.push(chunk);
    expect([rest.buffer, rest.byteOffset, rest.length]).toEqual([chunk.buffer, chunk.byteOffset, chunk.length]);
    const pixels = Buffer.alloc(1000);
    expect(inserter.push(pixels)[0]).toBe(pixels);
    expect(inserter.end()).toEqual([]);
  });

  it('inflates and deflates a deflated data set', () => {
    const encoding = encodingOf(T.explicitVrLittleEndian);
    const bytes = Buffer.concat([
      encodeText(0x0020000d, 'UI', '1.2.3', encoding),
      encodeElement(0x7fe00010, 'OW', Buffer.alloc(70_000, 'ab'), encoding),
    ]);
    const deflated = deflateRawSync(bytes);
    const padded = deflated.length % 2 === 0 ? deflated : Buffer.concat([deflated, Buffer.alloc(1)]);
    for (const chunkBytes of [padded.length, 1, 50]) {
      const out = insert(padded, { transferSyntaxUid: T.deflatedExplicitVrLittleEndian }, chunkBytes);
      expect(out.length % 2).toBe(0);
      const inflated = inflateRawSync(out);
      expect(inflated).toEqual(insert(bytes));
    }
  });
});

describe('InsInserter and hostile bytes', () => {
  const refusal = (bytes: Buffer, options: Partial<InsInserterOptions> = {}): string => {
    try {
      insert(bytes, options);
    } catch (error) {
      if (error instanceof DicomRefusal) return error.reason;
      throw error;
    }
    return 'taken';
  };

  it.each([
    ['a length beyond the end', '08006000 4353 ff00 4354', 'truncated'],
    ['a 4 GiB value', '08000010 4f42 0000 feffffff 00', 'head-too-long'],
    ['undefined length of a text', '08006000 5554 0000 ffffffff 00', 'length-invalid'],
    ['a VR that is none', '08006000 0001 0200 4354', 'vr-unknown'],
    ['a delimiter outside of a sequence', 'feff0de0 00000000', 'taken'],
    ['an element where an item should be', '08001111 5351 0000 ffffffff 08006000 4353 0200 4354', 'sequence-malformed'],
    ['(0010,1002) that is no sequence', '10000210 4c4f 0200 4142', 'sequence-malformed'],
    ['items of (0010,1002) longer than it', '10000210 5351 0000 08000000 feff00e0 ff000000', 'sequence-malformed'],
  ])('%s', (_name, text, reason) => {
    expect(refusal(hex(text))).toBe(reason);
  });

  it('refuses an endless head, in memory bounded by its limit', () => {
    const element = encodeElement(0x00091001, 'UN', Buffer.alloc(1000), encodingOf(T.explicitVrLittleEndian));
    const inserter = new InsInserter({ transferSyntaxUid: T.explicitVrLittleEndian, ins, headBytesMax: 10_000 });
    expect(() => {
      for (let count = 0; count < 100; count++) inserter.push(element);
    }).toThrow(expect.objectContaining({ reason: 'head-too-long' }));
  });

  it('refuses a bomb of nested sequences', () => {
    const open = hex('08001111 5351 0000 ffffffff feff00e0 ffffffff');
    expect(refusal(Buffer.concat(Array.from({ length: 1000 }, () => open)))).toBe('nesting-too-deep');
  });

  it.each([
    ['garbage', Buffer.alloc(100, 0xff), 'deflate-malformed'],
    ['a cut stream', deflateRawSync(Buffer.alloc(5000, 'x')).subarray(0, 10), 'truncated'],
    [
      'a bomb',
      deflateRawSync(
        Buffer.concat([encodeText(0x0020000d, 'UI', '1.2', encodingOf(T.explicitVrLittleEndian)), Buffer.alloc(3e7)]),
      ),
      'inflated-too-long',
    ],
  ])('refuses %s deflated', (_name, bytes, reason) => {
    expect(refusal(bytes, { transferSyntaxUid: T.deflatedExplicitVrLittleEndian, inflatedBytesMax: 1e7 })).toBe(reason);
  });

  it('refuses an unknown transfer syntax; a bad INS is a fault of the caller', () => {
    expect(refusal(Buffer.alloc(0), { transferSyntaxUid: '1.2.3' })).toBe('transfer-syntax-unknown');
    expect(() => insert(Buffer.alloc(0), { ins: { ...ins, matricule: 'a\\b' } })).toThrow(TypeError);
    expect(() => insert(Buffer.alloc(0), { ins: { ...ins, oid: 'x' } })).toThrow(TypeError);
  });

  it('answers random bytes by a refusal or by bytes, in every syntax', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 200 }),
        fc.constantFrom(...NATIVE, T.deflatedExplicitVrLittleEndian),
        (bytes, uid) => {
          refusal(Buffer.from(bytes), { transferSyntaxUid: uid });
        },
      ),
      { numRuns: 2000 },
    );
  });
});
