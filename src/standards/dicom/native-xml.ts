import { dictionaryEntry, isPrivate } from './dictionary';
import type { DicomJsonAttribute, DicomJsonDataSet, DicomJsonPersonName, DicomJsonValue } from './dicom.types';

const NAMESPACE = 'http://dicom.nema.org/PS3.19/models/NativeDICOM';
const NAME_PARTS = ['FamilyName', 'GivenName', 'MiddleName', 'NamePrefix', 'NameSuffix'] as const;

/** Characters that XML 1.0 does not allow at all are left out: no value may make the answer unreadable. */
function escaped(text: string): string {
  return text
    .replace(/[^\t\n\r\x20-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '')
    .replace(/[&<>"]/g, (sign) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[sign] as string);
}

/** A data set of the DICOM JSON model as a Native DICOM Model document (PS3.19 A.1). */
export function nativeXml(json: DicomJsonDataSet): string {
  return `<?xml version="1.0" encoding="UTF-8"?><NativeDicomModel xmlns="${NAMESPACE}" xml:space="preserve">${dataSetXml(json)}</NativeDicomModel>`;
}

function dataSetXml(json: DicomJsonDataSet): string {
  return Object.keys(json)
    .sort()
    .map((key) => attributeXml(key, json[key], json))
    .join('');
}

function attributeXml(key: string, attribute: DicomJsonAttribute, siblings: DicomJsonDataSet): string {
  const tag = Number.parseInt(key, 16);
  const keyword = isPrivate(tag) ? undefined : dictionaryEntry(tag)?.keyword;
  const owner = isPrivate(tag) ? privateOwner(key, siblings) : undefined;
  // The block of a private element is where this object happens to have it: the model shows it as 00.
  const shown = owner === undefined ? key : `${key.slice(0, 4)}00${key.slice(6)}`;
  const named = keyword ? ` keyword="${escaped(keyword)}"` : '';
  const owned = owner === undefined ? '' : ` privateCreator="${escaped(owner)}"`;
  return `<DicomAttribute tag="${shown}" vr="${attribute.vr}"${named}${owned}>${contentXml(attribute)}</DicomAttribute>`;
}

/** The creator of a private element's block; undefined for the creator element itself. */
function privateOwner(key: string, siblings: DicomJsonDataSet): string | undefined {
  const block = key.slice(4, 6);
  if (block === '00') return undefined;
  const creator = siblings[`${key.slice(0, 4)}00${block}`]?.Value?.[0];
  return typeof creator === 'string' ? creator : undefined;
}

function contentXml(attribute: DicomJsonAttribute): string {
  if (attribute.BulkDataURI !== undefined) return `<BulkData uri="${escaped(attribute.BulkDataURI)}"/>`;
  if (attribute.InlineBinary !== undefined) return `<InlineBinary>${attribute.InlineBinary}</InlineBinary>`;
  return (attribute.Value ?? []).map((value, index) => valueXml(attribute.vr, value, index + 1)).join('');
}

function valueXml(vr: string, value: DicomJsonValue, number: number): string {
  if (vr === 'SQ') return `<Item number="${number}">${dataSetXml((value ?? {}) as DicomJsonDataSet)}</Item>`;
  if (vr === 'PN')
    return `<PersonName number="${number}">${personXml((value ?? {}) as DicomJsonPersonName)}</PersonName>`;
  if (typeof value !== 'string' && typeof value !== 'number') return '';
  return `<Value number="${number}">${escaped(String(value))}</Value>`;
}

function personXml(name: DicomJsonPersonName): string {
  return (['Alphabetic', 'Ideographic', 'Phonetic'] as const)
    .filter((group) => name[group] !== undefined && name[group] !== '')
    .map((group) => {
      const parts = (name[group] as string).split('^');
      const inner = NAME_PARTS.map((part, index) =>
        parts[index] ? `<${part}>${escaped(parts[index])}</${part}>` : '',
      );
      return `<${group}>${inner.join('')}</${group}>`;
    })
    .join('');
}
