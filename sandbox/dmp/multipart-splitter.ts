/** Splits a multipart/related body held in memory (RFC 2046 5.1.1). Written for the sandbox alone. */

export interface ReceivedPart {
  headers: Record<string, string>;
  bytes: Buffer;
}

const unquote = (value: string): string => value.replace(/^"|"$/g, '');

/** A parameter of a header such as `Content-Type`. */
export function headerParameter(header: string, name: string): string | undefined {
  const found = new RegExp(`(?:^|;)\\s*${name}\\s*=\\s*("(?:[^"\\\\]|\\\\.)*"|[^;\\s]+)`, 'i').exec(header);
  return found ? unquote(found[1]).replace(/\\(.)/g, '$1') : undefined;
}

/** Parts in order; throws when the closing delimiter is missing: a cut request is not a request. */
export function splitMultipart(body: Buffer, boundary: string): ReceivedPart[] {
  const delimiter = Buffer.from(`--${boundary}`);
  const parts: ReceivedPart[] = [];
  let at = body.indexOf(delimiter);
  while (at >= 0) {
    const after = at + delimiter.length;
    if (body.subarray(after, after + 2).toString('latin1') === '--') return parts;
    const headersEnd = body.indexOf('\r\n\r\n', after);
    const next = body.indexOf(Buffer.concat([Buffer.from('\r\n'), delimiter]), headersEnd < 0 ? after : headersEnd + 2);
    if (headersEnd < 0 || next < 0) break;
    parts.push(
      readPart(
        body.subarray(after, headersEnd).toString('utf8'),
        body.subarray(headersEnd + 4, Math.max(next, headersEnd + 4)),
      ),
    );
    at = next + 2;
  }
  throw new Error('multipart body without closing delimiter');
}

function readPart(head: string, content: Buffer): ReceivedPart {
  const headers: Record<string, string> = {};
  for (const line of head.replace(/\r\n[ \t]+/g, ' ').split('\r\n')) {
    const colon = line.indexOf(':');
    if (colon > 0) headers[line.slice(0, colon).trim().toLowerCase()] = line.slice(colon + 1).trim();
  }
  const base64 = headers['content-transfer-encoding']?.toLowerCase() === 'base64';
  return { headers, bytes: base64 ? Buffer.from(content.toString('latin1'), 'base64') : Buffer.from(content) };
}
