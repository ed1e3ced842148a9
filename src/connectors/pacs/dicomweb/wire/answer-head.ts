import { WireFault } from './wire-fault';

/** The head of an answer, and how its body ends (RFC 9112 6.3). */
export interface AnswerHead {
  readonly status: number;
  /** Names in lower case; a repeated field joined by ", ". */
  header(name: string): string;
  readonly framing: 'length' | 'chunked' | 'until-close';
  /** Of a body with a length. */
  readonly length: number;
  /** For how long the server keeps the connection after this answer, ms; 0 when it closes it. */
  readonly keptMs: number;
}

const fieldsMax = 256;
const statusLine = /^HTTP\/1\.([01]) ([1-5]\d\d)(?: [\t\x20-\x7e\x80-\xff]*)?$/;
const field = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*([\t\x20-\x7e\x80-\xff]*)$/;
/** A server that does not say for how long it keeps a connection. */
const keptMsUnsaid = 5_000;
const bodiless = new Set([204, 304]);

/** Reads the lines before the empty one. Throws `WireFault`. */
export function parseAnswerHead(text: string): AnswerHead {
  const [first = '', ...lines] = text.split('\r\n');
  const [, minor, status] = statusLine.exec(first) ?? [];
  if (status === undefined || lines.length > fieldsMax) throw new WireFault('head-malformed');
  const fields = new Map<string, string>();
  for (const line of lines) {
    const [, name, value] = field.exec(line) ?? [];
    if (name === undefined || value === undefined) throw new WireFault('head-malformed');
    const before = fields.get(name.toLowerCase());
    fields.set(name.toLowerCase(), before === undefined ? value.trimEnd() : `${before}, ${value.trimEnd()}`);
  }
  const header = (name: string): string => fields.get(name) ?? '';
  const isOld = minor === '0';
  const body = bodyOf(Number(status), isOld, header);
  return {
    status: Number(status),
    header,
    ...body,
    keptMs: body.framing === 'until-close' ? 0 : keptMs(isOld, header),
  };
}

type Header = AnswerHead['header'];

/** Two lengths, or a length beside chunks, are how one answer is made to look like two: refused. */
function bodyOf(status: number, isOld: boolean, header: Header): Pick<AnswerHead, 'framing' | 'length'> {
  const [coding, length] = [header('transfer-encoding'), header('content-length')];
  if (coding !== '') {
    if (isOld || length !== '' || coding.toLowerCase() !== 'chunked') throw new WireFault('length-ambiguous');
    return { framing: 'chunked', length: 0 };
  }
  if (length !== '' && !/^\d{1,15}$/.test(length)) throw new WireFault('length-ambiguous');
  if (status < 200 || bodiless.has(status)) return { framing: 'length', length: 0 };
  return length === '' ? { framing: 'until-close', length: 0 } : { framing: 'length', length: Number(length) };
}

function keptMs(isOld: boolean, header: Header): number {
  const tokens = header('connection')
    .toLowerCase()
    .split(/[ \t]*,[ \t]*/);
  if (tokens.includes('close') || (isOld && !tokens.includes('keep-alive'))) return 0;
  const [, seconds] = /(?:^|[,; \t])timeout=(\d{1,6})(?:$|[,; \t])/i.exec(header('keep-alive')) ?? [];
  return seconds === undefined ? keptMsUnsaid : Number(seconds) * 1_000;
}
