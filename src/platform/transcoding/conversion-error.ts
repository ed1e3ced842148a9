/** Why a data set cannot be converted; stable words, mapped to the catalogue by the `Transcoder`. */
export type ConversionReason =
  | 'unsupported-transfer-syntax'
  | 'unsupported-pixel-format'
  | 'no-pixel-data'
  | 'malformed-data-set'
  | 'truncated-data-set'
  | 'pixel-data-length-mismatch'
  | 'corrupt-code-stream'
  | 'object-too-large'
  | 'cancelled';

/** A refusal with its reason. `detail` is technical (tags, lengths, syntaxes), never a value of the data set. */
export class ConversionError extends Error {
  constructor(
    readonly reason: ConversionReason,
    readonly detail: string,
    options?: { cause?: unknown },
  ) {
    super(`${reason}: ${detail}`, options);
    this.name = 'ConversionError';
  }
}

/** Text of what a codec threw: WebAssembly modules throw numbers as well as errors. */
export function codecMessage(thrown: unknown): string {
  if (thrown instanceof Error) return thrown.message.slice(0, 200);
  return typeof thrown === 'number' ? `codec exception ${thrown}` : 'codec exception';
}
