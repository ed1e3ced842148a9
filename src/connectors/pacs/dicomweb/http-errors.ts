import { ErrorEntry, GatewayError } from '../../../platform/errors';
import { DicomRefusal } from '../../../standards/dicom';
import { MultipartRefusal } from '../../../standards/multipart';
import { pacsErrors } from '../pacs.errors';
import { WireFault } from './wire';

const lostCodes: ReadonlySet<string> = new Set([
  'ECONNRESET',
  'EPIPE',
  'UND_ERR_SOCKET',
  'UND_ERR_RES_CONTENT_LENGTH_MISMATCH',
  'UND_ERR_DESTROYED',
  'UND_ERR_CLOSED',
]);
const slowCodes: ReadonlySet<string> = new Set(['UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT', 'ETIMEDOUT']);
const malformedCodes: ReadonlySet<string> = new Set([
  'UND_ERR_HEADERS_OVERFLOW',
  'UND_ERR_RES_EXCEEDED_MAX_SIZE',
  'UND_ERR_RESPONSE',
]);

/** What a failure of the connection or of the reading means; the cause stays chained. */
export function connectionError(error: unknown): GatewayError {
  const known = GatewayError.of(error);
  if (known) return known;
  if (error instanceof MultipartRefusal || error instanceof DicomRefusal) {
    return new GatewayError(pacsErrors.malformed, { cause: error, detail: error.reason });
  }
  if (error instanceof WireFault) {
    const entry = error.reason === 'cut' ? pacsErrors.lost : pacsErrors.malformed;
    return new GatewayError(entry, { cause: error, detail: error.reason });
  }
  const code = codeOf(error);
  return new GatewayError(entryOf(code), { cause: error, detail: code });
}

function entryOf(code: string): ErrorEntry {
  if (lostCodes.has(code)) return pacsErrors.lost;
  if (slowCodes.has(code)) return pacsErrors.tooSlow;
  if (malformedCodes.has(code) || code.startsWith('HPE_')) return pacsErrors.malformed;
  return pacsErrors.unreachable;
}

/** The system's code nearest to the surface; several addresses tried give an `AggregateError`. */
function codeOf(error: unknown): string {
  for (let e = error, depth = 0; e instanceof Error && depth < 5; depth++) {
    const { code } = e as NodeJS.ErrnoException;
    if (typeof code === 'string') return code;
    e = e instanceof AggregateError ? (e.errors[0] as unknown) : e.cause;
  }
  return error instanceof Error ? error.name : 'unknown';
}

/** What an HTTP status other than 2xx means. Never follows a redirect: images and credentials go to the configured PACS only. */
export function statusError(status: number, retryAfter?: string): GatewayError {
  const detail = `HTTP ${status}`;
  if (status === 429 || status === 503) {
    return new GatewayError(pacsErrors.tooMany, { detail, retryAfterSeconds: retryAfterSeconds(retryAfter) });
  }
  if (status === 408 || status === 504) return new GatewayError(pacsErrors.tooSlow, { detail });
  if (status === 401 || status === 403 || status === 407 || (status >= 300 && status < 400)) {
    return new GatewayError(pacsErrors.refused, { detail });
  }
  return new GatewayError(pacsErrors.failed, { detail });
}

/** Retry-After in seconds (RFC 9110 10.2.3), at most ten minutes; the date form is left to the catalogue's delay. */
function retryAfterSeconds(value: string | undefined): number | undefined {
  return value && /^\d{1,9}$/.test(value) ? Math.min(Number(value), 600) : undefined;
}
