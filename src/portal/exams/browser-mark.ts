import { randomBytes } from 'node:crypto';
import type { Request, Response } from 'express';

const name = '__Host-drimbox-appel';

/** A secret of this browser that outlives the renewal of its session at login: only this browser goes on with a call. */
export function browserMark(request: Request, response: Response): string {
  const known = (request.headers.cookie ?? '')
    .slice(0, 8192)
    .split(';')
    .map((pair) => pair.trim().split('=', 2))
    .find(([key]) => key === name)?.[1];
  if (known && /^[\w-]{32}$/.test(known)) return known;
  const mark = randomBytes(24).toString('base64url');
  response.cookie(name, mark, { httpOnly: true, secure: true, sameSite: 'lax', path: '/' });
  return mark;
}
