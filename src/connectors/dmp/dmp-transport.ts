import { request as httpRequest } from 'undici';
import { describeCause } from '../../platform/errors';
import { readEnvelope, type PackedMessage, type SoapFault } from '../../standards/soap';
import { parseXml, XmlRefusedError, type XmlElement } from '../../standards/xmlsec';
import type { DmpStructure } from './structure-directory';
import type { DmpOutcome, Malformed, TryAgain } from './dmp-outcome';
import { AnswerRefusal, readAnswer, type AnswerParts } from './soap-answer';

/** One HTTP exchange: a packed message out, the body of the SOAP answer back. Knows no transaction. */

export interface TransportRequest {
  url: string;
  message: PackedMessage;
  messageId: string;
  structure: Pick<DmpStructure, 'dispatcher'>;
  timeoutMs: number;
  answerBytesMax: number;
  signal?: AbortSignal;
}

export interface TransportAnswer {
  body: XmlElement;
  attachments: Map<string, Buffer>;
}

const RETRYABLE_STATUS = new Set([408, 421, 425, 429, 500, 502, 503, 504]);
/** Failures before the first byte of the request left: nothing can have been done. */
const BEFORE_SENDING = /ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|UND_ERR_CONNECT_TIMEOUT|ETIMEDOUT/;
const TLS_FAILURE = /ERR_TLS|ERR_SSL|CERT|SELF_SIGNED|UNABLE_TO_|EPROTO|handshake/i;

const malformed = (detail: string): Malformed => ({ kind: 'malformed', detail });

function failureOf(error: unknown, begun: boolean): TryAgain {
  const codes = codesOf(error).trim();
  const detail = `${describeCause(error)} [${codes}]`.slice(0, 300);
  if (/HEADERS_TIMEOUT|BODY_TIMEOUT|AbortError|TimeoutError/.test(codes))
    return { kind: 'try-again', reason: 'timeout', mayHaveBeenDone: true, detail };
  if (begun) return { kind: 'try-again', reason: 'cut', mayHaveBeenDone: true, detail };
  if (BEFORE_SENDING.test(codes)) return { kind: 'try-again', reason: 'unreachable', mayHaveBeenDone: false, detail };
  if (TLS_FAILURE.test(`${codes} ${detail}`))
    return { kind: 'try-again', reason: 'tls', mayHaveBeenDone: false, detail };
  return { kind: 'try-again', reason: 'cut', mayHaveBeenDone: true, detail };
}

/** One word for a failed exchange: `unreachable`, `tls`, `timeout`, `cut`. */
export const failureReason = (error: unknown): string => failureOf(error, false).reason;

/** Names and codes of an error, its causes and the errors it gathers; by shape, since some come from another realm. */
function codesOf(error: unknown, depth = 0): string {
  if (typeof error !== 'object' || error === null || depth > 5) return '';
  const {
    name = '',
    code = '',
    cause,
    errors,
  } = error as { name?: string; code?: string; cause?: unknown; errors?: unknown };
  const inner = Array.isArray(errors) ? errors.map((one) => codesOf(one, depth + 1)).join(' ') : '';
  return `${name} ${code} ${inner} ${codesOf(cause, depth + 1)}`;
}

function faultOutcome(fault: SoapFault): DmpOutcome<never> {
  const code = ['soap:' + fault.code, ...fault.subcodes].join('/').slice(0, 200);
  if (fault.code === 'Receiver')
    return { kind: 'try-again', reason: 'server-error', mayHaveBeenDone: true, detail: code };
  return { kind: 'refused', code, text: fault.reason.slice(0, 2000), errors: [] };
}

/** Sends and reads; a transport failure is an outcome, never an exception. */
export async function exchange(request: TransportRequest): Promise<DmpOutcome<TransportAnswer>> {
  let begun = false;
  try {
    const response = await httpRequest(request.url, {
      method: 'POST',
      dispatcher: request.structure.dispatcher,
      headers: { 'content-type': request.message.contentType, accept: 'application/soap+xml, multipart/related' },
      body: request.message.body,
      headersTimeout: request.timeoutMs,
      bodyTimeout: request.timeoutMs,
      signal: request.signal,
    });
    begun = true;
    const type = response.headers['content-type'];
    const contentType = Array.isArray(type) ? type[0] : (type ?? '');
    let parts: AnswerParts;
    try {
      parts = await readAnswer(contentType, response.body as AsyncIterable<Buffer>, request.answerBytesMax);
    } catch (error) {
      // an answer left unread is dropped; the stream says so in an error nobody needs
      response.body.on('error', () => undefined).destroy();
      if (!(error instanceof AnswerRefusal)) throw error;
      return withoutSoap(response.statusCode, error.message);
    }
    return readParts(parts, response.statusCode, request.messageId);
  } catch (error) {
    return failureOf(error, begun);
  }
}

/** An answer that is not SOAP: a proxy or a server in trouble speaks, by its status. */
function withoutSoap(status: number, detail: string): DmpOutcome<never> {
  if (RETRYABLE_STATUS.has(status)) {
    // a gateway time-out or an error page may hide a request that went through
    const mayHaveBeenDone = status === 500 || status === 504 || status === 502;
    return {
      kind: 'try-again',
      reason: status === 429 || status === 503 ? 'busy' : 'server-error',
      mayHaveBeenDone,
      detail: `HTTP ${String(status)}`,
    };
  }
  if (status >= 400) return { kind: 'refused', code: `http-${String(status)}`, text: '', errors: [] };
  return malformed(detail);
}

function readParts(parts: AnswerParts, status: number, messageId: string): DmpOutcome<TransportAnswer> {
  let reading: ReturnType<typeof readEnvelope>;
  try {
    reading = readEnvelope(parseXml(parts.envelope));
  } catch (error) {
    if (error instanceof XmlRefusedError) return withoutSoap(status, error.message);
    throw error;
  }
  if (!reading.ok) return withoutSoap(status, reading.reason);
  if (reading.fault) return faultOutcome(reading.fault);
  if (status >= 400) return withoutSoap(status, 'error status without a SOAP fault');
  if (reading.relatesTo !== undefined && reading.relatesTo !== messageId)
    return malformed('the answer relates to another message');
  if (reading.body === undefined) return malformed('the body of the answer is empty');
  return { kind: 'accepted', value: { body: reading.body, attachments: parts.attachments }, warnings: [] };
}
