import { DicomRefusal } from './dicom-refusal';
import type { ChunkTransformer, FileMeta } from './dicom.types';
import { encodeElement, encodeText } from './element-encoder';
import { emptyHeader, EXPLICIT_LITTLE, readElementHeader, UNDEFINED_LENGTH } from './element-header';
import { transferSyntax } from './transfer-syntaxes';
import { isUid } from './validators';

const PREAMBLE_BYTES = 128;
const PREFIX_BYTES = PREAMBLE_BYTES + 4;

/** How the gateway names itself in the files that it writes (PS3.7 D.3.3.2): a UUID-derived UID of the project. */
export const IMPLEMENTATION_CLASS_UID = '2.25.27654199231984366923038207442472148882';
export const IMPLEMENTATION_VERSION_NAME = 'DRIMBOX_OPEN';

export interface FileMetaToEncode {
  readonly transferSyntaxUid: string;
  readonly mediaStorageSopClassUid: string;
  readonly mediaStorageSopInstanceUid: string;
  readonly sourceAeTitle?: string;
}

/** Preamble, mark and file meta group (PS3.10 7.1): what goes before the bytes of a data set to make a file of them. */
export function encodeFileMeta(meta: FileMetaToEncode): Buffer {
  for (const uid of [meta.transferSyntaxUid, meta.mediaStorageSopClassUid, meta.mediaStorageSopInstanceUid]) {
    if (!isUid(uid)) throw new TypeError('a UID of the file meta group is not valid');
  }
  const text = (tag: number, vr: string, value: string): Buffer => encodeText(tag, vr, value, EXPLICIT_LITTLE);
  const group = Buffer.concat([
    encodeElement(0x00020001, 'OB', Buffer.from([0, 1]), EXPLICIT_LITTLE),
    text(0x00020002, 'UI', meta.mediaStorageSopClassUid),
    text(0x00020003, 'UI', meta.mediaStorageSopInstanceUid),
    text(0x00020010, 'UI', meta.transferSyntaxUid),
    text(0x00020012, 'UI', IMPLEMENTATION_CLASS_UID),
    text(0x00020013, 'SH', IMPLEMENTATION_VERSION_NAME),
    ...(meta.sourceAeTitle === undefined ? [] : [text(0x00020016, 'AE', meta.sourceAeTitle)]),
  ]);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(group.length);
  const prefix = Buffer.alloc(PREFIX_BYTES);
  prefix.write('DICM', PREAMBLE_BYTES, 'latin1');
  return Buffer.concat([prefix, encodeElement(0x00020000, 'UL', length, EXPLICIT_LITTLE), group]);
}

const FIELDS: Readonly<Record<number, keyof FileMeta>> = {
  0x00020002: 'mediaStorageSopClassUid',
  0x00020003: 'mediaStorageSopInstanceUid',
  0x00020010: 'transferSyntaxUid',
  0x00020012: 'implementationClassUid',
  0x00020013: 'implementationVersionName',
  0x00020016: 'sourceAeTitle',
};

/**
 * Takes a DICOM file in chunks cut anywhere and gives back the bytes of its data set, as views; `meta` is known from the
 * first bytes given back on. Refuses files without preamble: without a file meta group the syntax would be a guess.
 */
export class Part10Splitter implements ChunkTransformer {
  private gathered: Buffer = Buffer.alloc(0);
  private readonly metaBytesMax: number;
  /** Known once the file meta group has been read. */
  meta?: FileMeta;

  constructor(options: { readonly metaBytesMax?: number } = {}) {
    this.metaBytesMax = options.metaBytesMax ?? 64 * 1024;
  }

  push(chunk: Buffer): Buffer[] {
    if (this.meta) return chunk.length > 0 ? [chunk] : [];
    const before = this.gathered.length;
    this.gathered = before === 0 ? chunk : Buffer.concat([this.gathered, chunk]);
    return this.split(false, chunk, before);
  }

  end(): Buffer[] {
    return this.meta ? [] : this.split(true, this.gathered, 0);
  }

  private split(isEnd: boolean, chunk: Buffer, before: number): Buffer[] {
    const read = readFileMeta(this.gathered, isEnd);
    if (!read) {
      if (this.gathered.length > this.metaBytesMax) throw new DicomRefusal('file-meta-too-long');
      return [];
    }
    this.meta = read.meta;
    const { dataSetOffset } = read;
    // Give the caller's own chunk back rather than the gathered copy, but for the few bytes gathered before it.
    const parts =
      dataSetOffset >= before
        ? [chunk.subarray(dataSetOffset - before)]
        : [this.gathered.subarray(dataSetOffset, before), chunk];
    this.gathered = Buffer.alloc(0);
    return parts.filter((bytes) => bytes.length > 0);
  }
}

/** A whole file: its file meta group, and its data set as a view. */
export function splitPart10(file: Buffer): { readonly meta: FileMeta; readonly dataSet: Buffer } {
  const read = readFileMeta(file, true);
  if (!read) throw new DicomRefusal('truncated');
  return { meta: read.meta, dataSet: file.subarray(read.dataSetOffset) };
}

/** Undefined when more bytes are needed. */
function readFileMeta(bytes: Buffer, isEnd: boolean): { meta: FileMeta; dataSetOffset: number } | undefined {
  if (bytes.length < PREFIX_BYTES && !isEnd) return undefined;
  if (bytes.toString('latin1', PREAMBLE_BYTES, PREFIX_BYTES) !== 'DICM') throw new DicomRefusal('preamble-absent');
  const fields: Partial<Record<keyof FileMeta, string>> = {};
  const header = emptyHeader();
  let position = PREFIX_BYTES;
  let groupEnd: number | undefined;
  for (;;) {
    if (isEnd && position === bytes.length) break;
    // Deflated bytes could look like one more element of the group: there, and only there, its length decides.
    if (groupEnd !== undefined && position >= groupEnd && isDeflated(fields.transferSyntaxUid)) break;
    if (!readMetaHeader(bytes, position, header)) return needMore(isEnd);
    if (header.tag >>> 16 !== 0x0002) break;
    const end = header.valueOffset + header.length;
    if (header.length === UNDEFINED_LENGTH) throw new DicomRefusal('file-meta-malformed');
    if (end > bytes.length) return needMore(isEnd);
    if (header.tag === 0x00020000 && header.length === 4) groupEnd = end + bytes.readUInt32LE(header.valueOffset);
    const field = FIELDS[header.tag];
    if (field)
      fields[field] = bytes
        .toString('latin1', header.valueOffset, end)
        .replace(/[\0 ]+$/, '')
        .trimStart();
    position = end;
  }
  return { meta: checked(fields), dataSetOffset: position };
}

function readMetaHeader(bytes: Buffer, position: number, header: ReturnType<typeof emptyHeader>): boolean {
  // The next tag alone may be all that follows (a data set shorter than a header).
  if (position + 4 <= bytes.length && bytes.readUInt16LE(position) !== 0x0002) {
    header.tag = 0;
    return true;
  }
  try {
    return readElementHeader(bytes, position, bytes.length, EXPLICIT_LITTLE, header);
  } catch {
    throw new DicomRefusal('file-meta-malformed', `at byte ${position}`);
  }
}

function needMore(isEnd: boolean): undefined {
  if (isEnd) throw new DicomRefusal('truncated', 'file meta group');
  return undefined;
}

const isDeflated = (uid: string | undefined): boolean => uid !== undefined && transferSyntax(uid)?.deflated === true;

function checked(fields: Partial<Record<keyof FileMeta, string>>): FileMeta {
  const { transferSyntaxUid } = fields;
  if (!transferSyntaxUid) throw new DicomRefusal('transfer-syntax-absent');
  return { ...fields, transferSyntaxUid };
}
