import { crc32, deflateSync } from 'node:zlib';
import { Picture } from './resize';

/** Portable Network Graphics (ISO/IEC 15948): grey or RGB, eight bits, no interlace. */
export function png(picture: Picture): Buffer {
  const line = picture.width * picture.samples;
  const raw = Buffer.alloc((line + 1) * picture.height);
  for (let y = 0; y < picture.height; y++) {
    // Filter 1 (Sub): each byte minus the one of the pixel before; smooth images then deflate well.
    const at = y * (line + 1);
    raw[at] = 1;
    for (let x = 0; x < line; x++) {
      const left = x < picture.samples ? 0 : picture.bytes[y * line + x - picture.samples];
      raw[at + 1 + x] = (picture.bytes[y * line + x] - left) & 0xff;
    }
  }
  const head = Buffer.alloc(13);
  head.writeUInt32BE(picture.width, 0);
  head.writeUInt32BE(picture.height, 4);
  head.set([8, picture.samples === 3 ? 2 : 0, 0, 0, 0], 8);
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([
    signature,
    chunk('IHDR', head),
    chunk('IDAT', deflateSync(raw)),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

function chunk(type: string, body: Buffer): Buffer {
  const named = Buffer.concat([Buffer.from(type, 'latin1'), body]);
  const bytes = Buffer.alloc(named.length + 8);
  bytes.writeUInt32BE(body.length, 0);
  named.copy(bytes, 4);
  bytes.writeUInt32BE(crc32(named), named.length + 4);
  return bytes;
}
