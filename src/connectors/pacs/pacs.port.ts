/**
 * What the gateway asks of a PACS, whichever way it is reached (DIMSE or DICOMweb).
 * Patient data pass through as bytes: a data set is never parsed nor written again on this side of the port.
 */

/** One instance named by a manifest or found in the PACS. */
export interface ExpectedInstance {
  readonly seriesInstanceUid: string;
  readonly sopInstanceUid: string;
  readonly sopClassUid: string;
}

/** What is known of an instance when its first byte arrives. `transferSyntaxUid` is the one of the bytes that follow. */
export interface InstanceHeader {
  readonly sopClassUid: string;
  readonly sopInstanceUid: string;
  readonly transferSyntaxUid: string;
}

/**
 * Where a retrieval delivers. Calls never overlap: `begin write* end`, then the next instance, or `begin write* cut`, after
 * which nothing follows. Chunks are parts of the data set (no preamble, no file meta group), in order, possibly zero of them,
 * and stay valid for as long as the sink keeps them.
 */
export interface InstanceSink {
  begin(header: InstanceHeader): void;
  /** Takes the chunk in any case; `false` asks for silence until `drained()`. */
  write(chunk: Buffer): boolean;
  /** Resolves when the sink is ready for more (also when its reader has left). Called only after `write` said `false`. */
  drained(): Promise<void>;
  end(): void;
  /** The instance begun will never be complete: the answer must be cut, not ended. `retrieve` rejects just after. */
  cut(reason: Error): void;
}

export interface RetrievalRequest {
  readonly studyInstanceUid: string;
  /** Given when every expected instance is of this series. */
  readonly seriesInstanceUid?: string;
  /** The expected set: nothing else is delivered, each at most once, in the order of arrival. */
  readonly instances: readonly ExpectedInstance[];
  /** Joins the log lines of an exchange; never shown to the PACS. */
  readonly correlationId?: string;
  /** Opaque key of who asks: the few connections that a PACS serves are shared out among callers. */
  readonly caller?: string;
  /** `never` keeps this retrieval apart from others of the same series (measuring). Default `allowed`. */
  readonly sharing?: 'allowed' | 'never';
  /** Overrides the configured way for this retrieval (measuring). DICOMweb ignores it. */
  readonly method?: 'move' | 'get';
}

/** An instance not delivered although the PACS was asked a second time for it alone. */
export interface UndeliveredInstance extends ExpectedInstance {
  /**
   * `not-in-pacs`: the PACS answers and does not hold it. `failed`: it holds it or cannot tell, and did not send it.
   * `foreign`: it sent an object under this name that says it is another one, or of another study; nothing of it left.
   * `unreadable`: it sent something in its place that is no DICOM file.
   */
  readonly reason: 'not-in-pacs' | 'failed' | 'foreign' | 'unreadable';
  /** DIMSE or HTTP status behind the reason, when there was one. */
  readonly status?: number;
}

/** A retrieval that ran to its end; the answer is complete only if `undelivered` is empty. Failures of the whole reject instead. */
export interface RetrievalOutcome {
  readonly delivered: number;
  /** Data set bytes handed to the sink. */
  readonly bytes: number;
  readonly undelivered: readonly UndeliveredInstance[];
  /** Transfer syntaxes seen, with the number of instances of each. */
  readonly transferSyntaxes: ReadonlyMap<string, number>;
  /** From the call to the last byte of the first instance; undefined when none came. */
  readonly firstInstanceMs: number | undefined;
  readonly totalMs: number;
  readonly method: 'move' | 'get' | 'dicomweb';
  /** Most associations (or HTTP requests) used at once. */
  readonly parallel: number;
  /** True when the instances came, at least in part, from a retrieval started for somebody else. */
  readonly shared: boolean;
}

/**
 * Attributes by keyword (`StudyInstanceUID`; eight hexadecimal digits for a tag without a known keyword). Text is decoded
 * from its character set, padding removed; several values are several entries; a sequence holds attribute objects.
 */
export interface DicomAttributes {
  readonly [keyword: string]: readonly (string | DicomAttributes)[];
}

/**
 * Keys of a query by keyword: a value to match (wildcards and ranges as in PS3.4 C.2.2.2, several UIDs as an array), or
 * an empty string for an attribute that is only asked back.
 */
export type QueryKeys = Readonly<Record<string, string | readonly string[]>>;

export interface QueryOptions {
  readonly signal?: AbortSignal;
  /** More matches than this make the query fail with `pacs.too-many-matches`. Default 10 000. */
  readonly limit?: number;
}

/** An instance to be stored: its header and its data set as a byte stream, sent untouched. */
export interface InstanceToStore extends InstanceHeader {
  readonly open: () => AsyncIterable<Buffer>;
}

export interface StoreOutcome {
  readonly sopInstanceUid: string;
  /** DIMSE status: 0 success, 0xBxxx warning (stored). 0xFFFF: not sent (context refused or association lost). */
  readonly status: number;
  readonly stored: boolean;
}

export interface Pacs {
  /** Name in the configuration. */
  readonly id: string;
  readonly kind: 'dimse' | 'dicomweb';
  /** Round trip in milliseconds. */
  echo(signal?: AbortSignal): Promise<number>;
  findStudies(keys: QueryKeys, options?: QueryOptions): Promise<DicomAttributes[]>;
  findSeries(studyInstanceUid: string, keys: QueryKeys, options?: QueryOptions): Promise<DicomAttributes[]>;
  findInstances(
    studyInstanceUid: string,
    seriesInstanceUid: string,
    keys: QueryKeys,
    options?: QueryOptions,
  ): Promise<DicomAttributes[]>;
  /**
   * Delivers the expected instances. Rejects with a `GatewayError` of `pacsErrors` when the PACS as a whole fails or an
   * instance was cut, and with the signal's reason when aborted; the PACS then stops working for it (C-CANCEL).
   */
  retrieve(request: RetrievalRequest, sink: InstanceSink, signal?: AbortSignal): Promise<RetrievalOutcome>;
  /** Stores in the given order; one outcome per instance. Rejects only when the PACS cannot be reached at all. */
  store(
    instances: Iterable<InstanceToStore> | AsyncIterable<InstanceToStore>,
    signal?: AbortSignal,
  ): Promise<StoreOutcome[]>;
  close(): Promise<void>;
}

/** The PACS of the configuration, in its order. */
export interface PacsDirectory {
  readonly all: readonly Pacs[];
  /** Throws `pacs.unknown` for a name that is not configured. */
  byId(id: string): Pacs;
  /** The first PACS in which the study is found, asking in order; undefined when all answered that they do not hold it. */
  locateStudy(studyInstanceUid: string, signal?: AbortSignal): Promise<Pacs | undefined>;
}

/** Injection token of the `PacsDirectory`. */
export const PACS_DIRECTORY = Symbol('PacsDirectory');

/** First text of an attribute, or an empty string. */
export function textOf(attributes: DicomAttributes, keyword: string): string {
  const first = attributes[keyword]?.[0];
  return typeof first === 'string' ? first : '';
}
