import { isUid } from '../dicom';
import type { Outcome } from './dicomweb.types';

/** As Node gives a header: absent, one value, or (rarely) several. */
export type HeaderValue = string | readonly string[] | undefined;

/** Longest bearer token that is read; those of Pro Santé Connect have about 2 000 characters. */
const BEARER_CHARACTERS_MAX = 8192;

const single = (header: HeaderValue): string | undefined =>
  typeof header === 'string' ? header : header?.length === 1 ? header[0] : undefined;

/** `KOS-SOPInstanceUID`: SOP Instance UID of the manifest by which the caller learnt of the study. One valid UID. */
export function parseKosSopInstanceUid(header: HeaderValue): Outcome<string> {
  if (header === undefined || header.length === 0) return { ok: false, reason: 'kos-header-absent' };
  const uid = single(header)?.trim() ?? '';
  return isUid(uid) ? { ok: true, value: uid } : { ok: false, reason: 'kos-header-invalid' };
}

/** `Authorization: Bearer <token68>` (RFC 6750 2.1). The token is given back, never quoted in a reason. */
export function parseBearer(header: HeaderValue): Outcome<string> {
  if (header === undefined || header.length === 0) return { ok: false, reason: 'bearer-absent' };
  const text = single(header)?.trim() ?? '';
  if (text !== '' && !/^bearer($|\s)/i.test(text)) return { ok: false, reason: 'bearer-absent' };
  const token = text.length > BEARER_CHARACTERS_MAX ? undefined : /^bearer +([A-Za-z0-9._~+/-]+=*)$/i.exec(text)?.[1];
  return token === undefined ? { ok: false, reason: 'bearer-malformed' } : { ok: true, value: token };
}
