/** How one named failure looks to each neighbour. Codes are stable: operators and peers may rely on them. */
export interface ErrorEntry {
  /** `room.kebab-case`, unique in the whole catalogue. */
  readonly code: string;
  /** HTTP status of the answer (RFC 9110). */
  readonly status: number;
  /** What the caller may read: one sentence, no identity, no inside detail. */
  readonly caller: string;
  /** What the operator needs in order to act: one sentence. */
  readonly operator: string;
  /** French sentence for a professional's screen, when the error can reach one. */
  readonly screen?: string;
  /** Seconds after which a retry makes sense (`Retry-After`). */
  readonly retryAfterSeconds?: number;
  /** DIMSE status (PS3.7 annex C). */
  readonly dimse?: number;
  /** HL7 acknowledgement: MSA-1, ERR-3 (table 0357), ERR-4. */
  readonly hl7?: { readonly ack: 'AE' | 'AR'; readonly condition: number; readonly severity?: 'E' | 'F' | 'W' };
  /** XDS error code (ITI TF-3 table 4.2.4.1-2). */
  readonly xds?: string;
}

const catalogue = new Map<string, ErrorEntry>();

/** Declares the errors of a room; refuses a code used twice or outside `room.`. */
export function defineErrors<T extends Record<string, ErrorEntry>>(room: string, entries: T): T {
  for (const entry of Object.values(entries)) {
    if (!new RegExp(`^${room}\\.[a-z0-9-]+$`).test(entry.code))
      throw new Error(`error code outside its room: ${entry.code}`);
    if (catalogue.has(entry.code)) throw new Error(`error code defined twice: ${entry.code}`);
    catalogue.set(entry.code, Object.freeze(entry));
  }
  return entries;
}

/** Every declared error, for the documentation page and its test. */
export function allErrors(): ErrorEntry[] {
  return [...catalogue.values()].sort((a, b) => a.code.localeCompare(b.code));
}

export interface GatewayErrorOptions {
  cause?: unknown;
  /** For operators only: technical facts, never an identity, a token or a secret. */
  detail?: string;
  /** Overrides the catalogue's delay, for example with what a peer announced. */
  retryAfterSeconds?: number;
}

/** A failure of the catalogue. Causes are chained; the outermost handler logs, once. */
export class GatewayError extends Error {
  readonly entry: ErrorEntry;
  readonly detail?: string;
  readonly retryAfterSeconds?: number;

  constructor(entry: ErrorEntry, options: GatewayErrorOptions = {}) {
    super(options.detail ? `${entry.code}: ${options.detail}` : entry.code, { cause: options.cause });
    this.name = 'GatewayError';
    this.entry = entry;
    this.detail = options.detail;
    this.retryAfterSeconds = options.retryAfterSeconds ?? entry.retryAfterSeconds;
  }

  get code(): string {
    return this.entry.code;
  }

  /** The `GatewayError` nearest to the surface in a chain of causes, if there is one. */
  static of(error: unknown): GatewayError | undefined {
    for (let e = error, depth = 0; e instanceof Error && depth < 10; e = e.cause, depth++) {
      if (e instanceof GatewayError) return e;
    }
    return undefined;
  }
}

/** Text of an unknown thrown value and its causes for the operator's log: class names, codes and messages, no stack. */
export function describeCause(error: unknown): string {
  const parts: string[] = [];
  for (let e = error, depth = 0; e !== undefined && e !== null && depth < 6; depth++) {
    if (!(e instanceof Error)) {
      parts.push(typeof e === 'string' ? e : typeof e);
      break;
    }
    const code = (e as NodeJS.ErrnoException).code;
    parts.push(code && !e.message.includes(code) ? `${e.message} (${code})` : e.message);
    e = e.cause;
  }
  return parts.join(' <- ');
}
