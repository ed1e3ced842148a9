import { MultipartRefusal } from './multipart-refusal';
import type { MediaType } from './multipart.types';

const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
/** Longest media type that is read; a boundary has at most 70 characters (RFC 2046 5.1.1). */
const MEDIA_TYPE_CHARACTERS_MAX = 8192;

/**
 * Cuts at a separator that is outside quoted strings (RFC 9110 5.6.4); pieces are trimmed and may be empty.
 * Undefined when a quoted string is not closed.
 */
export function splitOutsideQuotes(text: string, separator: ';' | ','): string[] | undefined {
  const pieces: string[] = [];
  let from = 0;
  let quoted = false;
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (quoted && character === '\\') at++;
    else if (character === '"') quoted = !quoted;
    else if (!quoted && character === separator) {
      pieces.push(text.slice(from, at).trim());
      from = at + 1;
    }
  }
  if (quoted) return undefined;
  pieces.push(text.slice(from).trim());
  return pieces;
}

/**
 * Parameters `name=value` (RFC 9110 5.6.6), names in lower case, values unquoted, the first of a repeated name kept.
 * Tolerated: spaces around "=", and characters such as "/" in a value without quotes (viewers send
 * `type=application/octet-stream`). Undefined when a piece is no parameter.
 */
export function parseParameters(pieces: readonly string[]): Map<string, string> | undefined {
  const parameters = new Map<string, string>();
  for (const piece of pieces) {
    if (piece === '') continue;
    const equals = piece.indexOf('=');
    const name = piece.slice(0, Math.max(equals, 0)).trim().toLowerCase();
    const value = unquoted(piece.slice(equals + 1).trim());
    if (!TOKEN.test(name) || value === undefined) return undefined;
    if (!parameters.has(name)) parameters.set(name, value);
  }
  return parameters;
}

function unquoted(value: string): string | undefined {
  if (!value.startsWith('"')) return /^[\x21\x23-\x7e]+$/.test(value) ? value : undefined;
  const inner = /^"((?:[^"\\]|\\[\s\S])*)"$/.exec(value)?.[1];
  return inner?.replace(/\\([\s\S])/g, '$1');
}

/** Reads `multipart/related; type="application/dicom"; boundary=x`; throws a refusal when it cannot be read. */
export function parseMediaType(text: string): MediaType {
  const pieces = text.length > MEDIA_TYPE_CHARACTERS_MAX ? undefined : splitOutsideQuotes(text, ';');
  const [type = '', ...rest] = pieces ?? [];
  const parameters = parseParameters(rest);
  const halves = type.split('/');
  if (!parameters || halves.length !== 2 || !halves.every((half) => TOKEN.test(half))) {
    throw new MultipartRefusal('media-type-malformed');
  }
  return { type: type.toLowerCase(), parameters };
}

/** Writes a media type; values that are no token are quoted. Throws on control characters: no header injection. */
export function formatMediaType(type: string, parameters: Readonly<Record<string, string>> = {}): string {
  const written = Object.entries(parameters).map(([name, value]) => {
    if (!TOKEN.test(name) || !/^[\x20-\x7e]*$/.test(value)) throw new MultipartRefusal('media-type-malformed');
    return `; ${name}=${TOKEN.test(value) ? value : `"${value.replace(/["\\]/g, '\\$&')}"`}`;
  });
  return type + written.join('');
}

/** The boundary of a `multipart/*` media type, checked against RFC 2046 5.1.1; throws a refusal. */
export function boundaryOf(contentType: string): string {
  const { type, parameters } = parseMediaType(contentType);
  if (!type.startsWith('multipart/')) throw new MultipartRefusal('media-type-malformed');
  return checkedBoundary(parameters.get('boundary') ?? '');
}

/** RFC 2046 5.1.1: 1 to 70 characters, the last not a space. `*` and a few more are seen in the field and harmless. */
export function checkedBoundary(boundary: string): string {
  if (!/^[\x20\x21\x23-\x7e]{0,69}[\x21\x23-\x7e]$/.test(boundary)) throw new MultipartRefusal('boundary-invalid');
  return boundary;
}
