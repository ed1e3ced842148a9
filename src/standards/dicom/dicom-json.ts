import { textDecoder, type TextDecode } from './character-sets';
import { readDataSet, type ReadElement } from './data-set-reader';
import { DicomRefusal } from './dicom-refusal';
import type { DicomJsonAttribute, DicomJsonDataSet, DicomJsonValue, Tag } from './dicom.types';
import { dictionaryEntry, tagKey, tagText } from './dictionary';
import { IMPLICIT_LITTLE } from './element-header';
import { inflateDataSet } from './inflate';
import { transferSyntax } from './transfer-syntaxes';
import {
  BULK_UNIT_BYTES,
  decimal,
  isNumberVr,
  isTextVr,
  littleEndianValue,
  personName,
  readNumbers,
  readTexts,
} from './values';

const SPECIFIC_CHARACTER_SET = 0x00080005;
const PIXEL_REPRESENTATION = 0x00280103;
const DATA_SET_TRAILING_PADDING = 0xfffcfffc;
/** Float, double float and integer pixel data: always by reference. */
const PIXEL_DATA_TAGS = new Set<Tag>([0x7fe00008, 0x7fe00009, 0x7fe00010]);

export interface DicomJsonOptions {
  readonly transferSyntaxUid: string;
  /**
   * Where the value of a bulk attribute can be had; `path` is its key, for nested ones `sequence/item/attribute` with
   * items counted from 0. Undefined: the attribute is given without a value.
   */
  readonly bulkDataUri: (path: string) => string | undefined;
  /** Longest binary value written as InlineBinary, in bytes; 1024 unless told. */
  readonly inlineBytesMax?: number;
  /** The bytes stop before PixelData, which the object has: mention it all the same. */
  readonly pixelDataFollows?: boolean;
  /** Of a deflated data set: most bytes once inflated; 256 MiB unless told. */
  readonly inflatedBytesMax?: number;
}

interface Scope {
  readonly bytes: Buffer;
  readonly options: DicomJsonOptions;
  readonly inlineBytesMax: number;
}

/** What an item takes from the data set around it. */
interface Inherited {
  readonly decode: TextDecode;
  readonly signedPixels: boolean;
}

/**
 * A data set, or its beginning up to PixelData, as the DICOM JSON model (PS3.18 annex F): text decoded, DS and IS as
 * numbers, bulk values by reference, group lengths left out (F.2.2), SpecificCharacterSet told as UTF-8.
 * A value cut by the end of the bytes is refused, unless it is the pixel data's.
 */
export function dicomJson(bytes: Buffer, options: DicomJsonOptions): DicomJsonDataSet {
  const syntax = transferSyntax(options.transferSyntaxUid);
  if (!syntax) throw new DicomRefusal('transfer-syntax-unknown');
  const plain = syntax.deflated
    ? inflateDataSet(bytes, { inflatedBytesMax: options.inflatedBytesMax ?? 256 * 1024 * 1024 })
    : bytes;
  const { elements, cut } = readDataSet(plain, { encoding: syntax });
  const scope: Scope = { bytes: plain, options, inlineBytesMax: options.inlineBytesMax ?? 1024 };
  const json = dataSetJson(elements, scope, { decode: textDecoder([]), signedPixels: false }, '');
  if (cut && !PIXEL_DATA_TAGS.has(cut.tag)) throw new DicomRefusal('truncated', tagText(cut.tag));
  if (cut) json[tagKey(cut.tag)] = byReference(bulkVr(cut.vr), tagKey(cut.tag), scope);
  else if (options.pixelDataFollows && !json['7FE00010']) json['7FE00010'] = byReference('OW', '7FE00010', scope);
  return json;
}

const bulkVr = (vr: string): string => (vr === 'ox' ? 'OW' : vr);

function dataSetJson(
  elements: readonly ReadElement[],
  scope: Scope,
  around: Inherited,
  path: string,
): DicomJsonDataSet {
  const json: DicomJsonDataSet = {};
  let inherited = around;
  for (const element of elements) {
    const { tag } = element;
    if ((tag & 0xffff) === 0 || tag === DATA_SET_TRAILING_PADDING) continue;
    const key = keyOf(tag);
    json[key] = attributeJson(element, scope, inherited, path + key);
    if (tag === SPECIFIC_CHARACTER_SET) {
      inherited = { ...inherited, decode: textDecoder(texts(json[key])) };
      if (json[key].Value) json[key].Value = ['ISO_IR 192'];
    } else if (tag === PIXEL_REPRESENTATION) {
      inherited = { ...inherited, signedPixels: json[key].Value?.[0] === 1 };
    }
  }
  return json;
}

const texts = ({ Value: values }: DicomJsonAttribute): string[] =>
  (values ?? []).map((value) => (typeof value === 'string' ? value : ''));

/** Keys are few and used over and over: a cache spares their making. Bounded, because private tags are anyone's. */
const keys = new Map<Tag, string>();
function keyOf(tag: Tag): string {
  const known = keys.get(tag);
  if (known !== undefined) return known;
  const key = tagKey(tag);
  if (keys.size < 20_000) keys.set(tag, key);
  return key;
}

function attributeJson(element: ReadElement, scope: Scope, inherited: Inherited, path: string): DicomJsonAttribute {
  const { items, tag, length, fragments } = element;
  if (items) return sequenceJson(items, scope, inherited, path);
  const vr = knownVr(element, inherited);
  if (fragments || PIXEL_DATA_TAGS.has(tag)) return byReference(vr, path, scope);
  if (length === 0) return { vr };
  const littleEndian = element.vr === 'UN' ? IMPLICIT_LITTLE.littleEndian : element.littleEndian;
  if (isTextVr(vr)) return withValues(vr, textValues(element, vr, scope.bytes, inherited.decode));
  if (isNumberVr(vr)) {
    const values = readNumbers(scope.bytes, element.valueOffset, length, vr, littleEndian);
    if (values?.every((value) => typeof value === 'string' || Number.isFinite(value))) return { vr, Value: values };
  }
  return binaryJson(element, vr, littleEndian, scope, path);
}

function sequenceJson(
  items: readonly (readonly ReadElement[])[],
  scope: Scope,
  inherited: Inherited,
  path: string,
): DicomJsonAttribute {
  if (items.length === 0) return { vr: 'SQ' };
  return { vr: 'SQ', Value: items.map((item, index) => dataSetJson(item, scope, inherited, `${path}/${index}/`)) };
}

const withValues = (vr: string, values: DicomJsonValue[]): DicomJsonAttribute =>
  values.length === 0 ? { vr } : { vr, Value: values };

/** Nothing but delimiters, as some systems write an absent name. */
const isEmptyName = (value: string | null): value is null => value === null || /^[\^=]*$/.test(value);

function textValues(
  { valueOffset, length }: ReadElement,
  vr: string,
  bytes: Buffer,
  decode: TextDecode,
): DicomJsonValue[] {
  const values = readTexts(bytes, valueOffset, length, vr, decode);
  if (vr === 'PN')
    return values.every(isEmptyName) ? [] : values.map((value) => (isEmptyName(value) ? null : personName(value)));
  if (vr === 'DS' || vr === 'IS') return values.map((value) => (value === null ? null : decimal(value)));
  return values;
}

/** The VR to tell: of the dictionary for UN (a system that did not know the tag), US or SS by the pixels' sign. */
function knownVr({ tag, vr, length, fragments }: ReadElement, { signedPixels }: Inherited): string {
  const named = vr === 'UN' ? (dictionaryEntry(tag)?.vr ?? 'UN') : vr;
  if (named === 'xs') return signedPixels ? 'SS' : 'US';
  if (named === 'lt') return 'OW';
  if (named === 'ox') return fragments ? 'OB' : 'OW';
  // A UN that the dictionary says is a sequence was read as one, or is none.
  return vr === 'UN' && named === 'SQ' && length > 0 ? 'UN' : named;
}

function binaryJson(
  element: ReadElement,
  vr: string,
  littleEndian: boolean,
  scope: Scope,
  path: string,
): DicomJsonAttribute {
  const { valueOffset, length } = element;
  if (length > scope.inlineBytesMax) return byReference(vr, path, scope);
  const unitVr = vr in BULK_UNIT_BYTES ? vr : 'UN';
  const value = littleEndianValue(scope.bytes.subarray(valueOffset, valueOffset + length), unitVr, littleEndian);
  return { vr, InlineBinary: value.toString('base64') };
}

function byReference(vr: string, path: string, { options }: Scope): DicomJsonAttribute {
  const uri = options.bulkDataUri(path);
  return uri === undefined ? { vr } : { vr, BulkDataURI: uri };
}
