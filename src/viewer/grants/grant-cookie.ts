/** The cookie that carries a grant's key: only this browser has it, only below the grant's own path is it sent. */
export const grantCookieName = '__Secure-drimbox-view';

export const dicomwebPath = (grantId: string): string => `/dicomweb/${grantId}`;

/** `Set-Cookie` value. It ends with the browser; the grant ends before. */
export function grantCookie(grantId: string, key: string): string {
  return `${grantCookieName}=${key}; Path=${dicomwebPath(grantId)}; Secure; HttpOnly; SameSite=Strict`;
}

/** The key in a `Cookie` header. */
export function keyFrom(cookieHeader: string | undefined): string | undefined {
  for (const pair of (cookieHeader ?? '').slice(0, 8192).split(';')) {
    const [name, value] = pair.split('=', 2).map((text) => text.trim());
    if (name === grantCookieName && value && /^[\w-]{20,100}$/.test(value)) return value;
  }
  return undefined;
}
