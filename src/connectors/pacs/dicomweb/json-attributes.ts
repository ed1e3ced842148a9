import { GatewayError } from '../../../platform/errors';
import { dictionaryEntry } from '../../../standards/dicom';
import { pacsErrors } from '../pacs.errors';
import { DicomAttributes } from '../pacs.port';

const depthMax = 16;

/** The DICOM JSON model (PS3.18 annex F) as attributes by keyword, in the texts that a C-FIND would have given. */
export function attributesOf(json: unknown, depth = 0): DicomAttributes {
  if (!isObject(json) || depth > depthMax) throw unreadable();
  const found: Record<string, (string | DicomAttributes)[]> = {};
  for (const [tag, attribute] of Object.entries(json)) {
    if (!/^[0-9A-Fa-f]{8}$/.test(tag) || !isObject(attribute)) throw unreadable();
    const { vr, Value: values = [] } = attribute;
    if (!Array.isArray(values)) throw unreadable();
    // Bytes are given by address or in base 64: no query asks for them.
    if ('BulkDataURI' in attribute || 'InlineBinary' in attribute) continue;
    const keyword = dictionaryEntry(parseInt(tag, 16))?.keyword || tag.toUpperCase();
    found[keyword] = values.map((value: unknown) =>
      vr === 'SQ' ? attributesOf(value ?? {}, depth + 1) : textOfValue(value),
    );
  }
  return found;
}

function textOfValue(value: unknown): string {
  if (value === null || value === undefined) return '';
  if (typeof value === 'string') return value.trimEnd();
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (!isObject(value)) throw unreadable();
  // Person name: its component groups (PS3.5 6.2.1).
  const groups = [value.Alphabetic, value.Ideographic, value.Phonetic].map((g) => (typeof g === 'string' ? g : ''));
  return groups.join('=').replace(/=+$/, '').trimEnd();
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function unreadable(): GatewayError {
  return new GatewayError(pacsErrors.malformed, { detail: 'not the DICOM JSON model' });
}
