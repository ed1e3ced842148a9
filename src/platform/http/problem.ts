import { type ServerResponse, STATUS_CODES } from 'node:http';
import { describeCause, ErrorEntry, GatewayError, platformErrors } from '../errors';
import { Logger } from '../logging';

/** Body of an error answer (RFC 9457). Never holds an identity: the texts come from the catalogue. */
export interface Problem {
  readonly type: 'about:blank';
  readonly title: string;
  readonly status: number;
  readonly code: string;
  readonly correlationId: string;
}

export function problemOf(entry: ErrorEntry, correlationId: string): Problem {
  return { type: 'about:blank', title: entry.caller, status: entry.status, code: entry.code, correlationId };
}

/** The catalogue's error of any thrown value; what is not of the catalogue is a fault of the gateway. */
export function toGatewayError(error: unknown): GatewayError {
  return GatewayError.of(error) ?? new GatewayError(platformErrors.internal, { cause: error });
}

/** Logs a failure once, at the outermost place: as a warning when the caller is at fault, as an error when we are. */
export function logFailure(
  logger: Logger,
  error: GatewayError,
  facts: Record<string, string | number | undefined> = {},
): void {
  const all = {
    ...facts,
    code: error.code,
    detail: error.detail,
    cause: error.cause ? describeCause(error.cause) : undefined,
  };
  if (error.entry.status >= 500) logger.error(all, error.entry.operator);
  else logger.info(all, error.entry.operator);
}

/** Sends the error; when bytes have already left, closes the connection so that the answer cannot look complete. */
export function sendProblem(
  response: ServerResponse,
  error: GatewayError,
  correlationId: string,
  headers: Record<string, string> = {},
): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const body = Buffer.from(JSON.stringify(problemOf(error.entry, correlationId)));
  if (error.retryAfterSeconds !== undefined)
    headers = { 'Retry-After': String(Math.ceil(error.retryAfterSeconds)), ...headers };
  response.writeHead(error.entry.status, {
    'Content-Type': 'application/problem+json',
    'Content-Length': body.length,
    'Cache-Control': 'no-store',
    'X-Correlation-Id': correlationId,
    ...headers,
  });
  response.end(body);
}

/** The error as bytes of a whole answer, for a connection on which no request could be read. */
export function rawProblem(error: GatewayError, correlationId: string): string {
  const body = JSON.stringify(problemOf(error.entry, correlationId));
  const { status } = error.entry;
  return [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Error'}`,
    'Content-Type: application/problem+json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Cache-Control: no-store',
    `X-Correlation-Id: ${correlationId}`,
    'Connection: close',
    '',
    body,
  ].join('\r\n');
}
