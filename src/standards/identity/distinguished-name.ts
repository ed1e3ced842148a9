import { readDer } from './distinguished-name.der';

export {
  DerFault,
  certificateNames,
  subjectRdns,
  readDer,
  type CertificateNames,
  type DerElement,
} from './distinguished-name.der';

/** One attribute of a name: type as dotted OID, value as text (or `#hex` of its DER when it is not a string). */
export interface DnAttribute {
  readonly oid: string;
  readonly value: string;
}

/** Relative distinguished name: nearly always one attribute, several when written with `+`. */
export type Rdn = readonly DnAttribute[];

export type DnRefusal = 'empty' | 'too-long' | 'attribute-type' | 'attribute-value' | 'escape';
export type DnParse =
  { readonly ok: true; readonly rdns: readonly Rdn[] } | { readonly ok: false; readonly reason: DnRefusal };

/** Attribute type keywords of RFC 4514 section 3, RFC 5280 and OpenSSL; `S` is what Windows prints for ST. */
const keywords: Readonly<Record<string, string>> = {
  CN: '2.5.4.3',
  SN: '2.5.4.4',
  SURNAME: '2.5.4.4',
  SERIALNUMBER: '2.5.4.5',
  C: '2.5.4.6',
  L: '2.5.4.7',
  ST: '2.5.4.8',
  S: '2.5.4.8',
  STREET: '2.5.4.9',
  O: '2.5.4.10',
  OU: '2.5.4.11',
  T: '2.5.4.12',
  TITLE: '2.5.4.12',
  POSTALCODE: '2.5.4.17',
  GN: '2.5.4.42',
  GIVENNAME: '2.5.4.42',
  DNQUALIFIER: '2.5.4.46',
  ORGANIZATIONIDENTIFIER: '2.5.4.97',
  UID: '0.9.2342.19200300.100.1.1',
  DC: '0.9.2342.19200300.100.1.25',
  EMAILADDRESS: '1.2.840.113549.1.9.1',
  E: '1.2.840.113549.1.9.1',
};

/** Keyword we write for an OID (the first of the table above). */
const keywordOf = new Map<string, string>();
for (const [keyword, oid] of Object.entries(keywords)) if (!keywordOf.has(oid)) keywordOf.set(oid, keyword);
keywordOf.set('1.2.840.113549.1.9.1', 'emailAddress');

const lengthMax = 2000;
const oidPattern = /^(?:OID\.)?([0-2](?:\.(?:0|[1-9][0-9]{0,17})){1,20})$/i;

class DnFault extends Error {
  constructor(readonly reason: DnRefusal) {
    super(reason);
  }
}

/**
 * Reads a printed name: RFC 4514 escapes and `#hex`, RFC 1779 quotes, `+` for several attributes in one RDN, RDNs
 * separated by commas (with or without spaces) or by line ends (as Node prints them). The order is kept as written.
 */
export function parseDistinguishedName(text: string): DnParse {
  if (text.trim() === '') return { ok: false, reason: 'empty' };
  if (text.length > lengthMax) return { ok: false, reason: 'too-long' };
  try {
    const rdns = splitUnescaped(text, /[,\n]/).map((rdn) => splitUnescaped(rdn, /\+/).map(parseAttribute));
    return { ok: true, rdns };
  } catch (error) {
    if (error instanceof DnFault) return { ok: false, reason: error.reason };
    throw error;
  }
}

/** Cuts at separators that are neither escaped nor quoted. */
function splitUnescaped(text: string, separator: RegExp): string[] {
  const pieces: string[] = [];
  let piece = '';
  let quoted = false;
  for (let at = 0; at < text.length; at += 1) {
    const character = text.charAt(at);
    if (character === '\\') {
      piece += character + text.charAt(at + 1);
      at += 1;
    } else if (!quoted && separator.test(character)) {
      pieces.push(piece);
      piece = '';
    } else {
      if (character === '"') quoted = !quoted;
      piece += character;
    }
  }
  if (quoted) throw new DnFault('escape');
  return [...pieces, piece];
}

function parseAttribute(text: string): DnAttribute {
  const equals = text.indexOf('=');
  if (equals === -1) throw new DnFault('attribute-type');
  const type = text.slice(0, equals).trim();
  const oid = keywords[type.toUpperCase()] ?? oidPattern.exec(type)?.[1];
  if (oid === undefined) throw new DnFault('attribute-type');
  return { oid, value: parseValue(text.slice(equals + 1)) };
}

function parseValue(raw: string): string {
  const trimmed = raw.trimStart();
  if (trimmed.startsWith('#')) return parseHexValue(trimmed.trimEnd());
  // A trailing space is part of the value only when escaped.
  const body = trimmed.replace(/(?<!\\)((?:\\\\)*)\s+$/, '$1');
  const value =
    body.length >= 2 && body.startsWith('"') && body.endsWith('"') ? unescape(body.slice(1, -1)) : unescape(body);
  if (value === '') throw new DnFault('attribute-value');
  return value;
}

function parseHexValue(text: string): string {
  const hex = text.slice(1);
  if (!/^(?:[0-9a-fA-F]{2})+$/.test(hex)) throw new DnFault('attribute-value');
  const bytes = Buffer.from(hex, 'hex');
  try {
    const [element, ...more] = readDer(bytes);
    if (element && more.length === 0 && element.tag === 0x0c) return element.content.toString('utf8');
    if (element && more.length === 0 && (element.tag === 0x13 || element.tag === 0x16))
      return element.content.toString('latin1');
  } catch {
    throw new DnFault('attribute-value');
  }
  return `#${hex.toLowerCase()}`;
}

/** `\,` and its kind give the character, `\C3\A9` gives UTF-8 bytes (RFC 4514, 2.4). */
function unescape(text: string): string {
  if (!text.includes('\\') && !text.includes('"')) return text;
  const chunks: Buffer[] = [];
  for (let at = 0; at < text.length; at += 1) {
    const character = text.charAt(at);
    if (character === '"') throw new DnFault('escape');
    if (character !== '\\') {
      // Whole code points, so that a surrogate pair is not cut.
      const point = String.fromCodePoint(text.codePointAt(at) ?? 0);
      chunks.push(Buffer.from(point, 'utf8'));
      at += point.length - 1;
      continue;
    }
    const pair = text.slice(at + 1, at + 3);
    if (/^[0-9a-fA-F]{2}$/.test(pair)) {
      chunks.push(Buffer.from(pair, 'hex'));
      at += 2;
    } else if (at + 1 < text.length) {
      chunks.push(Buffer.from(text.charAt(at + 1), 'utf8'));
      at += 1;
    } else {
      throw new DnFault('escape');
    }
  }
  return Buffer.concat(chunks).toString('utf8');
}

/**
 * Value prepared for caseIgnoreMatch (X.520 6.1; RFC 4518: map, normalise NFKC, fold case, insignificant spaces).
 * Accents stay significant. A value kept as `#hex` is compared octet by octet.
 */
export function prepareDnValue(value: string): string {
  return (
    value
      // Mapped to nothing: soft hyphen, zero-width and format characters, controls that are not spaces.
      .replace(
        /[\u00ad\u034f\u1806\u180b-\u180d\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff\ufffc]/gu,
        '',
      )
      .replace(/[\u0000-\u0008\u000e-\u001f\u007f-\u0084\u0086-\u009f]/gu, '')
      .normalize('NFKC')
      // Upper then lower is full case folding but for scripts without case (ß becomes ss).
      .toUpperCase()
      .toLowerCase()
      .normalize('NFKC')
      .replace(/[\s\p{Z}]+/gu, ' ')
      .trim()
  );
}

/** Key under which two names are equal whatever the order of their RDNs, their spacing and their case. */
export function distinguishedNameKey(rdns: readonly Rdn[]): string {
  const keys = rdns.map((rdn) =>
    JSON.stringify(rdn.map(({ oid, value }) => [oid, prepareDnValue(value)].join('=')).sort()),
  );
  return JSON.stringify(keys.sort());
}

export function sameDistinguishedName(left: readonly Rdn[], right: readonly Rdn[]): boolean {
  return left.length > 0 && distinguishedNameKey(left) === distinguishedNameKey(right);
}

/** Values of one attribute type, given by keyword or OID, in order. */
export function dnValues(rdns: readonly Rdn[], type: string): string[] {
  const oid = keywords[type.toUpperCase()] ?? type;
  return rdns.flatMap((rdn) => rdn.filter((attribute) => attribute.oid === oid).map(({ value }) => value));
}

/**
 * Printed name, last RDN first as in RFC 4514 (`CN=…, OU=…, O=…, ST=…, C=FR` from a certificate's own order), escaped.
 * The DMP samples separate with `', '`, the white list with `','`.
 */
export function formatDistinguishedName(rdns: readonly Rdn[], separator: ',' | ', ' = ', '): string {
  return [...rdns]
    .reverse()
    .map((rdn) => rdn.map(({ oid, value }) => `${keywordOf.get(oid) ?? oid}=${escapeValue(value)}`).join('+'))
    .join(separator);
}

function escapeValue(value: string): string {
  if (/^#(?:[0-9a-f]{2})+$/.test(value)) return value;
  return value
    .replace(/[\\",+;<>]/g, '\\$&')
    .replace(/^[ #]/, '\\$&')
    .replace(/ $/, '\\ ')
    .replace(/[\0\n\r]/g, (character) => `\\${character.charCodeAt(0).toString(16).padStart(2, '0')}`);
}
