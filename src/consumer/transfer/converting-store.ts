import type { InstanceHeader, Pacs, StoreOutcome } from '../../connectors/pacs';
import { describeCause, GatewayError } from '../../platform/errors';
import { Logger } from '../../platform/logging';
import { TRANSFER_SYNTAX } from '../../standards/dicom';

/** An object as it is to be stored, in pieces. */
export interface ObjectToStore extends InstanceHeader {
  readonly pieces: readonly Buffer[];
}

export interface StoredObject extends StoreOutcome {
  readonly bytes: number;
  /** Transfer syntax UID in which it was stored, when the one that came was refused. */
  readonly convertedTo?: string;
}

/** Converts in worker threads (`Transcoder` fits). */
export interface LosslessConverter {
  convert(
    request: { readonly dataset: readonly Buffer[]; readonly from: string; readonly to: string },
    signal?: AbortSignal,
  ): Promise<Buffer[]>;
}

/** 0xFFFF: no presentation context was accepted, or the association was lost. */
const notSent = 0xffff;
/** Refusals that another transfer syntax may mend: PS3.4 table B.2-1, PS3.18 table I.2-2 (0xC122), and what servers answer instead. */
const maybeSyntax = new Set([notSent, 0x0110, 0x0122, 0xc122]);
const isMaybeSyntax = (status: number): boolean => maybeSyntax.has(status) || (status & 0xff00) === 0xa900;

/** What every PACS takes, the richer one first. To write them loses nothing, whatever the pixels came in. */
const targets: readonly string[] = [TRANSFER_SYNTAX.explicitVrLittleEndian, TRANSFER_SYNTAX.implicitVrLittleEndian];

/** Instead of a transfer syntax: no conversion helps. */
const none = 'none';

/**
 * Stores objects as they came. Those whose transfer syntax the PACS refuses are sent again uncompressed, and the following ones of
 * that class and syntax at once so. One for each import: what a PACS accepts may change with its configuration.
 */
export class ConvertingStore {
  private readonly logger = new Logger('transfer');
  /** Target by class and syntax. */
  private readonly learned = new Map<string, string>();

  constructor(
    private readonly pacs: Pick<Pacs, 'store'>,
    private readonly converter: LosslessConverter,
  ) {}

  /** One outcome for each object. Rejects when the PACS cannot be reached, or with the signal's reason. */
  async store(objects: readonly ObjectToStore[], signal: AbortSignal): Promise<StoredObject[]> {
    const stored = new Map<string, StoredObject>();
    const known = objects.map((object) => ({ object, target: this.learned.get(keyOf(object)) }));
    const asTheyCame = known.filter(({ target }) => !target || target === none).map(({ object }) => object);
    await this.send(asTheyCame, stored, signal);
    // An association that was lost looks like a refused syntax: once more before anything is converted.
    const isNew = (object: ObjectToStore) => !this.learned.has(keyOf(object));
    const lost = asTheyCame.filter((object) => isNew(object) && statusOf(object, stored) === notSent);
    await this.send(lost, stored, signal);
    const refused = asTheyCame.filter((object) => isNew(object) && isRefusal(object, stored));
    await this.convertAll([...known.filter(hasTarget).map(({ object }) => object), ...refused], stored, signal);
    return objects.flatMap(({ sopInstanceUid }) => stored.get(sopInstanceUid) ?? []);
  }

  private async convertAll(
    objects: readonly ObjectToStore[],
    stored: Map<string, StoredObject>,
    signal: AbortSignal,
  ): Promise<void> {
    for (const object of objects) {
      const learned = this.learned.get(keyOf(object));
      if (learned === none) continue;
      const wanted = learned === undefined ? targets.filter((to) => to !== object.transferSyntaxUid) : [learned];
      for (const to of wanted) if (await this.storeAs(object, to, stored, signal)) break;
      const { stored: isStored, convertedTo } = stored.get(object.sopInstanceUid) ?? {};
      if (learned === undefined) this.learned.set(keyOf(object), isStored && convertedTo ? convertedTo : none);
    }
  }

  /** @returns true when this object needs no further attempt */
  private async storeAs(
    object: ObjectToStore,
    to: string,
    stored: Map<string, StoredObject>,
    signal: AbortSignal,
  ): Promise<boolean> {
    const { sopInstanceUid, transferSyntaxUid: from } = object;
    try {
      const pieces = await this.converter.convert({ dataset: object.pieces, from, to }, signal);
      await this.send([{ ...object, transferSyntaxUid: to, pieces }], stored, signal, to);
    } catch (error) {
      signal.throwIfAborted();
      if (!GatewayError.of(error)?.code.startsWith('transcoding.')) throw error;
      this.logger.warn({ sopInstanceUid, from, cause: describeCause(error) }, 'an object could not be converted');
      const before = stored.get(sopInstanceUid);
      stored.set(sopInstanceUid, before ?? { sopInstanceUid, status: notSent, stored: false, bytes: 0 });
      return true;
    }
    return !isRefusal(object, stored);
  }

  private async send(
    objects: readonly ObjectToStore[],
    stored: Map<string, StoredObject>,
    signal: AbortSignal,
    convertedTo?: string,
  ): Promise<void> {
    if (objects.length === 0) return;
    const sizes = new Map(objects.map(({ sopInstanceUid, pieces }) => [sopInstanceUid, sizeOf(pieces)]));
    const outcomes = await this.pacs.store(
      objects.map(({ pieces, ...header }) => ({ ...header, open: () => streamOf(pieces) })),
      signal,
    );
    for (const outcome of outcomes) {
      const bytes = outcome.stored ? (sizes.get(outcome.sopInstanceUid) ?? 0) : 0;
      stored.set(outcome.sopInstanceUid, { ...outcome, bytes, convertedTo: outcome.stored ? convertedTo : undefined });
    }
  }
}

const keyOf = ({ sopClassUid, transferSyntaxUid }: InstanceHeader): string => `${sopClassUid} ${transferSyntaxUid}`;

const hasTarget = ({ target }: { target: string | undefined }): boolean => target !== undefined && target !== none;

const statusOf = ({ sopInstanceUid }: InstanceHeader, stored: ReadonlyMap<string, StoredObject>) =>
  stored.get(sopInstanceUid)?.status;

function isRefusal({ sopInstanceUid }: InstanceHeader, stored: ReadonlyMap<string, StoredObject>): boolean {
  const outcome = stored.get(sopInstanceUid);
  return outcome !== undefined && !outcome.stored && isMaybeSyntax(outcome.status);
}

const sizeOf = (pieces: readonly Buffer[]): number => pieces.reduce((sum, piece) => sum + piece.length, 0);

async function* streamOf(pieces: readonly Buffer[]): AsyncGenerator<Buffer> {
  yield* pieces;
}
