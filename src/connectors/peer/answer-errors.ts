import { ErrorEntry, GatewayError } from '../../platform/errors';
import { PeerRefusedError } from '../../platform/pki';
import { MultipartRefusal } from '../../standards/multipart';
import { peerErrors } from './peer.errors';

const cutCodes: ReadonlySet<string> = new Set([
  'ECONNRESET',
  'EPIPE',
  'UND_ERR_SOCKET',
  'UND_ERR_RES_CONTENT_LENGTH_MISMATCH',
  'UND_ERR_DESTROYED',
  'UND_ERR_CLOSED',
  'UND_ERR_ABORTED',
]);
const slowCodes: ReadonlySet<string> = new Set(['UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT']);
const certificateCode = /CERT|SELF_SIGNED|UNABLE_TO_VERIFY|ALTNAME/;

/** What a failure between two gateways means; the cause stays chained. */
export function exchangeError(error: unknown): GatewayError {
  const known = GatewayError.of(error);
  if (known) return known;
  if (error instanceof MultipartRefusal) {
    const entry = error.reason === 'truncated' ? peerErrors.cut : peerErrors.malformed;
    return new GatewayError(entry, { cause: error, detail: error.reason });
  }
  const code = codeOf(error);
  return new GatewayError(entryOf(error, code), { cause: error, detail: code });
}

function entryOf(error: unknown, code: string): ErrorEntry {
  if (causes(error).some((cause) => cause instanceof PeerRefusedError)) return peerErrors.certificateRefused;
  if (error instanceof Error && error.name === 'TimeoutError') return peerErrors.tooSlow;
  if (slowCodes.has(code)) return peerErrors.tooSlow;
  if (cutCodes.has(code)) return peerErrors.cut;
  if (code.startsWith('HPE_') || code === 'UND_ERR_HEADERS_OVERFLOW') return peerErrors.malformed;
  if (code.startsWith('ERR_SSL') || certificateCode.test(code)) return peerErrors.certificateRefused;
  return peerErrors.unreachable;
}

function causes(error: unknown): unknown[] {
  const all: unknown[] = [];
  for (let e = error, depth = 0; e instanceof Error && depth < 6; depth++) {
    all.push(e);
    e = e instanceof AggregateError ? (e.errors[0] as unknown) : e.cause;
  }
  return all;
}

function codeOf(error: unknown): string {
  for (const cause of causes(error)) {
    const { code } = cause as NodeJS.ErrnoException;
    if (typeof code === 'string') return code;
  }
  return error instanceof Error ? error.name : 'unknown';
}

const byStatus: Readonly<Record<number, ErrorEntry>> = {
  401: peerErrors.tokenRefused,
  403: peerErrors.notAdmitted,
  404: peerErrors.notFound,
  410: peerErrors.gone,
  429: peerErrors.busy,
  503: peerErrors.busy,
  408: peerErrors.tooSlow,
  504: peerErrors.tooSlow,
};

/** What a status other than 200 and 206 means. */
export function statusError(status: number, retryAfter?: string): GatewayError {
  const range = status >= 500 ? peerErrors.failed : status >= 400 ? peerErrors.refused : peerErrors.malformed;
  const entry = status >= 300 && status < 400 ? peerErrors.redirected : (byStatus[status] ?? range);
  return new GatewayError(entry, { detail: `HTTP ${status}`, retryAfterSeconds: secondsOf(retryAfter) });
}

/** Retry-After in seconds (RFC 9110 10.2.3), at most two minutes; the date form is left to the catalogue's delay. */
function secondsOf(value: string | undefined): number | undefined {
  return value && /^\d{1,9}$/.test(value) ? Math.min(Number(value), 120) : undefined;
}

/** Failures that say that the other gateway, or the way to it, is ill: they count for its suspension. */
export function isIllness({ entry }: GatewayError): boolean {
  return [peerErrors.unreachable, peerErrors.tooSlow, peerErrors.failed, peerErrors.cut].includes(entry as never);
}

/** Failures after which asking the same thing again may help. */
export function mayPass({ entry }: GatewayError): boolean {
  const passing: readonly ErrorEntry[] = [
    peerErrors.unreachable,
    peerErrors.tooSlow,
    peerErrors.failed,
    peerErrors.cut,
    peerErrors.busy,
    peerErrors.suspended,
    peerErrors.malformed,
  ];
  return passing.includes(entry);
}
