/** Why a multipart body or a media type was refused. */
export type MultipartReason =
  | 'boundary-invalid'
  | 'media-type-malformed'
  | 'part-header-malformed'
  | 'part-header-too-long'
  | 'preamble-too-long'
  | 'too-many-parts'
  | 'truncated';

/** Header fields of one part; names in lower case, a repeated field joined by ", ". */
export type PartHeaders = ReadonlyMap<string, string>;

/** Called in this order for each part: start, data (any number of times), end. `onEnd` once, at the closing delimiter. */
export interface MultipartHandlers {
  onPartStart(headers: PartHeaders): void;
  /** A view of the chunk that was pushed: copy it if it must outlive the call's chunk. */
  onData(bytes: Buffer): void;
  onPartEnd(): void;
  onEnd(): void;
}

/** A media type with its parameters (RFC 9110 8.3.1): `type` and parameter names in lower case, values unquoted. */
export interface MediaType {
  readonly type: string;
  readonly parameters: ReadonlyMap<string, string>;
}
