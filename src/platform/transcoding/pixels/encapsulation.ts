import { ConversionError } from '../conversion-error';
import { DatasetView, tags } from '../dataset/image';
import { header } from '../dataset/reencode';
import { undefinedLength } from '../dataset/elements';

interface Fragment {
  /** Position of the item tag, counted from the first item after the offset table (PS3.5 section A.4). */
  readonly offset: number;
  readonly bytes: Buffer;
}

/** The code streams of an encapsulated image, one entry per frame, each a list of fragments (PS3.5 section A.4). */
export function framesOf(view: DatasetView, frames: number): Buffer[][] {
  const value = view.value(tags.pixelData);
  if (!value) throw new ConversionError('no-pixel-data', 'there is no (7FE0,0010)');
  const { table, fragments } = itemsOf(value);
  const lists = assign(view, table, fragments, frames);
  if (lists.length !== frames || lists.some((list) => list.length === 0)) {
    throw new ConversionError('pixel-data-length-mismatch', `${frames} frames announced, ${lists.length} found`);
  }
  return lists.map((list) => list.map((fragment) => fragment.bytes));
}

function itemsOf(value: Buffer): { table: Buffer; fragments: Fragment[] } {
  const fragments: Fragment[] = [];
  let table: Buffer | undefined;
  let base = 0;
  for (let at = 0; at + 8 <= value.length;) {
    const length = value.readUInt32LE(at + 4);
    const bytes = value.subarray(at + 8, at + 8 + length);
    if (table === undefined) {
      table = bytes;
      base = at + 8 + length;
    } else fragments.push({ offset: at - base, bytes });
    at += 8 + length;
  }
  if (!table) throw new ConversionError('malformed-data-set', 'the basic offset table item is missing');
  return { table, fragments };
}

function assign(view: DatasetView, table: Buffer, fragments: Fragment[], frames: number): Fragment[][] {
  if (frames === 1) return [fragments];
  if (fragments.length === frames) return fragments.map((fragment) => [fragment]);
  const offsets = extendedOffsets(view) ?? basicOffsets(table);
  return offsets.length === frames ? byOffsets(fragments, offsets) : byStartMarker(fragments);
}

function basicOffsets(table: Buffer): number[] {
  return Array.from({ length: Math.floor(table.length / 4) }, (_, index) => table.readUInt32LE(index * 4));
}

function extendedOffsets(view: DatasetView): number[] | undefined {
  const value = view.value(tags.extendedOffsetTable);
  if (!value || value.length === 0) return undefined;
  return Array.from({ length: Math.floor(value.length / 8) }, (_, index) => Number(value.readBigUInt64LE(index * 8)));
}

function byOffsets(fragments: Fragment[], offsets: number[]): Fragment[][] {
  const lists: Fragment[][] = offsets.map(() => []);
  let frame = -1;
  for (const fragment of fragments) {
    while (frame + 1 < offsets.length && offsets[frame + 1] <= fragment.offset) frame++;
    lists[Math.max(frame, 0)].push(fragment);
  }
  return lists;
}

/** With an empty table, a new frame starts where a code stream starts: JPEG SOI (FFD8) or JPEG 2000 SOC (FF4F). */
function byStartMarker(fragments: Fragment[]): Fragment[][] {
  const lists: Fragment[][] = [];
  for (const fragment of fragments) {
    const starts = fragment.bytes[0] === 0xff && (fragment.bytes[1] === 0xd8 || fragment.bytes[1] === 0x4f);
    if (starts || lists.length === 0) lists.push([fragment]);
    else lists[lists.length - 1].push(fragment);
  }
  return lists;
}

/** Encapsulated (7FE0,0010): offset table filled for several frames, one fragment per frame, even lengths. */
export function encapsulate(codeStreams: readonly Buffer[]): Buffer[] {
  const offsets: number[] = [];
  let offset = 0;
  for (const stream of codeStreams) {
    offsets.push(offset);
    offset += 8 + stream.length + (stream.length % 2);
  }
  const listed = codeStreams.length > 1 && offset <= 0xffffffff ? offsets : [];
  const table = Buffer.alloc(listed.length * 4);
  listed.forEach((value, index) => table.writeUInt32LE(value, index * 4));
  const chunks = [header(tags.pixelData, 'OB', undefinedLength), item(0xe000, table.length), table];
  for (const stream of codeStreams) {
    const padding = stream.length % 2;
    chunks.push(item(0xe000, stream.length + padding), stream);
    if (padding) chunks.push(Buffer.alloc(1));
  }
  chunks.push(item(0xe0dd, 0));
  return chunks;
}

function item(elementNumber: number, length: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeUInt16LE(0xfffe, 0);
  bytes.writeUInt16LE(elementNumber, 2);
  bytes.writeUInt32LE(length, 4);
  return bytes;
}
