/** Why a request was refused; the room chooses the status (400, or 406 for `not-acceptable`, 404 for `path-unknown`). */
export type DicomwebReason =
  | 'accept-absent'
  | 'accept-malformed'
  | 'accept-too-long'
  | 'path-unknown'
  | 'uid-invalid'
  | 'frame-list-invalid'
  | 'kos-header-absent'
  | 'kos-header-invalid'
  | 'bearer-absent'
  | 'bearer-malformed';

/** A value, or the reason why there is none. `where` never quotes a token. */
export type Outcome<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly reason: DicomwebReason; readonly where?: string };

/** What is asked for decides what `Accept` may name (PS3.18 table 8.7.4-1). */
export type AcceptedResource = 'instances' | 'frames' | 'metadata';

/** One media range of `Accept`. */
export interface Wish {
  /** In a multipart range: its `type` parameter. Lower case; may be `image/*` or `*` + `/*`. */
  readonly mediaType: string;
  readonly multipart: boolean;
  /** A transfer syntax UID, `*` for any, undefined when not named. */
  readonly transferSyntax?: string;
  /** 0 (refused) to 1. */
  readonly q: number;
}

/** All that the caller accepts, best first (by q, then as written). Ranges that cannot serve this resource are left out. */
export interface WishList {
  readonly resource: AcceptedResource;
  readonly wishes: readonly Wish[];
}

export type TransferSyntaxChoice = 'as-is' | 'not-acceptable' | { readonly convertTo: string };

/** What a WADO-RS path names (PS3.18 10.4.1). */
export type WadoResource =
  | { readonly level: 'study'; readonly metadata: boolean; readonly studyInstanceUid: string }
  | {
      readonly level: 'series';
      readonly metadata: boolean;
      readonly studyInstanceUid: string;
      readonly seriesInstanceUid: string;
    }
  | {
      readonly level: 'instance';
      readonly metadata: boolean;
      readonly studyInstanceUid: string;
      readonly seriesInstanceUid: string;
      readonly sopInstanceUid: string;
    }
  | {
      readonly level: 'frames';
      readonly metadata: false;
      readonly studyInstanceUid: string;
      readonly seriesInstanceUid: string;
      readonly sopInstanceUid: string;
      /** From 1, in the order asked for. */
      readonly frames: readonly number[];
    };
