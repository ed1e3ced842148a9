import { hasLongLength, TAG_ITEM } from './element-header';
import type { DataSetEncoding, Tag } from './dicom.types';

function tagBytes(tag: Tag, { littleEndian }: DataSetEncoding, into: Buffer): void {
  if (littleEndian) {
    into.writeUInt16LE(tag >>> 16, 0);
    into.writeUInt16LE(tag & 0xffff, 2);
  } else {
    into.writeUInt32BE(tag, 0);
  }
}

function header(tag: Tag, vr: string | undefined, length: number, encoding: DataSetEncoding): Buffer {
  const explicit = vr !== undefined && encoding.explicitVr;
  const long = !explicit || hasLongLength(vr);
  const bytes = Buffer.alloc(explicit && long ? 12 : 8);
  tagBytes(tag, encoding, bytes);
  if (explicit) bytes.write(vr, 4, 'latin1');
  if (!long && length > 0xffff) throw new RangeError('a value of this VR cannot exceed 65535 bytes');
  const at = bytes.length - (long ? 4 : 2);
  if (encoding.littleEndian) bytes.writeUIntLE(length, at, bytes.length - at);
  else bytes.writeUIntBE(length, at, bytes.length - at);
  return bytes;
}

/** One element with its value as it must stand on the wire, of even length. */
export function encodeElement(tag: Tag, vr: string, value: Buffer, encoding: DataSetEncoding): Buffer {
  return Buffer.concat([header(tag, vr, value.length, encoding), value]);
}

/** A text element, padded to an even length: NUL for UI, space for the others (PS3.5 6.2). */
export function encodeText(tag: Tag, vr: string, text: string, encoding: DataSetEncoding): Buffer {
  const value = Buffer.from(text, 'latin1');
  const padded = value.length % 2 === 0 ? value : Buffer.concat([value, Buffer.from(vr === 'UI' ? '\0' : ' ')]);
  return encodeElement(tag, vr, padded, encoding);
}

/** An item of defined length around elements already encoded. */
export function encodeItem(content: readonly Buffer[], encoding: DataSetEncoding): Buffer {
  const length = content.reduce((sum, bytes) => sum + bytes.length, 0);
  return Buffer.concat([header(TAG_ITEM, undefined, length, encoding), ...content]);
}

/** A sequence of defined length around items already encoded. */
export function encodeSequence(tag: Tag, items: readonly Buffer[], encoding: DataSetEncoding): Buffer {
  return encodeElement(tag, 'SQ', Buffer.concat(items), encoding);
}

/** The same header with another length: of a sequence that grew. `vr` as it was written (SQ or UN). */
export function encodeSequenceHeader(tag: Tag, vr: string, length: number, encoding: DataSetEncoding): Buffer {
  return header(tag, vr, length, encoding);
}
