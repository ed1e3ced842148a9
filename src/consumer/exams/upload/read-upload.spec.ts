import { createHash } from 'node:crypto';
import { crc32, deflateRawSync } from 'node:zlib';
import { readArchive } from './read-archive';
import { readUpload } from './read-upload';

const dicom = Buffer.concat([Buffer.alloc(128), Buffer.from('DICM'), Buffer.from('object')]);
const sha1 = createHash('sha1').update(dicom).digest('hex');

interface Packed {
  name: string;
  bytes: Buffer;
  /** What the archive announces, when it lies. */
  size?: number;
}

/** A zip written by hand, so that it may lie and carry names that no tool would write. */
function zip(files: readonly Packed[]): Buffer {
  const parts: Buffer[] = [];
  const central: Buffer[] = [];
  let offset = 0;
  for (const { name, bytes, size = bytes.length } of files) {
    const data = deflateRawSync(bytes);
    const head = Buffer.alloc(26);
    head.writeUInt16LE(20, 0);
    head.writeUInt16LE(8, 4);
    head.writeUInt32LE(crc32(bytes), 10);
    head.writeUInt32LE(data.length, 14);
    head.writeUInt32LE(size, 18);
    head.writeUInt16LE(Buffer.byteLength(name), 22);
    const local = Buffer.concat([Buffer.from('PK\x03\x04'), head, Buffer.from(name), data]);
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE(offset, 10);
    central.push(Buffer.concat([Buffer.from('PK\x01\x02'), Buffer.from([20, 0]), head, tail, Buffer.from(name)]));
    parts.push(local);
    offset += local.length;
  }
  const directory = Buffer.concat(central);
  const end = Buffer.alloc(18);
  end.writeUInt16LE(files.length, 4);
  end.writeUInt16LE(files.length, 6);
  end.writeUInt32LE(directory.length, 8);
  end.writeUInt32LE(offset, 12);
  return Buffer.concat([...parts, directory, Buffer.from('PK\x05\x06'), end]);
}

const metadata = (hash: string, uri = 'SS000001/KOS_1_1.DCM') =>
  Buffer.from(
    `<x xmlns="urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0"><RegistryObjectList><ExtrinsicObject id="D" mimeType="application/dicom">` +
      `<Slot name="hash"><ValueList><Value>${hash}</Value></ValueList></Slot><Slot name="URI"><ValueList><Value>${uri}</Value></ValueList></Slot>` +
      `</ExtrinsicObject></RegistryObjectList></x>`,
  );
const folder = 'KA202401/IHE_XDM/SS000001';

describe('a file that a professional brings', () => {
  it('may be a manifest itself', async () => {
    expect(await readUpload(dicom)).toEqual([{ kind: 'manifest', bytes: dicom }]);
  });

  it('may be an XDM archive, with metadata or without', async () => {
    const kos = { name: `${folder}/KOS_1_1.DCM`, bytes: dicom };
    expect(await readUpload(zip([kos, { name: 'README.TXT', bytes: Buffer.from('x') }]))).toMatchObject([
      { bytes: dicom },
    ]);
    const [brought] = await readUpload(zip([kos, { name: `${folder}/METADATA.XML`, bytes: metadata(sha1) }]));
    expect(brought?.entry?.hash).toBe(sha1);
  });

  it.each([
    ['no DICOM at all', Buffer.from('hello'), 'neither'],
    ['an empty file', Buffer.alloc(0), 'neither'],
    ['an archive without DICOM', zip([{ name: 'A.DCM', bytes: Buffer.from('x') }]), 'no DICOM file'],
    ['a cut archive', zip([{ name: 'A.DCM', bytes: dicom }]).subarray(0, 60), 'not a readable'],
    ['a name that climbs', zip([{ name: '../../A.DCM', bytes: dicom }]), 'unsafe'],
    ['an absolute name', zip([{ name: '/etc/A.DCM', bytes: dicom }]), 'unsafe'],
    ['a backslash', zip([{ name: '..\\A.DCM', bytes: dicom }]), 'unsafe'],
    ['a lie about the size', zip([{ name: 'A.DCM', bytes: Buffer.alloc(5_000), size: 10 }]), 'damaged'],
    ['a bomb', zip([{ name: 'A.DCM', bytes: Buffer.alloc(17 * 1024 * 1024) }]), 'longer than accepted'],
    [
      'another hash than the metadata',
      zip([
        { name: `${folder}/KOS_1_1.DCM`, bytes: dicom },
        { name: `${folder}/METADATA.XML`, bytes: metadata('00') },
      ]),
      'hash',
    ],
    [
      'metadata with a DTD',
      zip([
        { name: 'A.DCM', bytes: dicom },
        { name: 'METADATA.XML', bytes: Buffer.from('<!DOCTYPE x><x/>') },
      ]),
      'acceptable XML',
    ],
    [
      'too many files',
      zip(Array.from({ length: 21 }, (_, at) => ({ name: `A${at}.DCM`, bytes: dicom }))),
      'more DICOM files',
    ],
  ])('is refused when it is %s', async (_, bytes, reason) => {
    await expect(readUpload(bytes)).rejects.toThrow(reason);
  });

  it('holds the limit of all files together', async () => {
    const files = Array.from({ length: 4 }, (_, at) => ({ name: `A${at}.DCM`, bytes: Buffer.alloc(1000) }));
    const limits = { entriesMax: 10, fileBytesMax: 2000, totalBytesMax: 3000 };
    await expect(readArchive(zip(files), () => true, limits)).rejects.toThrow('more bytes');
    await expect(readArchive(zip(files), () => true, { ...limits, entriesMax: 3 })).rejects.toThrow('more files');
  });
});
