import { GatewayError } from '../../../platform/errors';
import { dimseStatus, statusKind, statusText } from '../../../standards/dimse';
import { discarding, StoreRequest, StoreTarget } from '../dimse/store-receiver';
import { pacsErrors } from '../pacs.errors';
import { ExpectedInstance } from '../pacs.port';
import { CheckedTarget, Target } from './checked-target';
import { ExpectedSet } from './expected-set';
import { Funnel, Parcel } from './funnel';
import { IdentityCheck } from './identity-check';
import { GapMeter } from './pace';
import { Holder } from './places';
import { Ask, RetrieveChannel } from './retrieve-channel';

export interface AskDetails {
  readonly seriesInstanceUid: string;
  readonly instances: readonly ExpectedInstance[];
  /** Asked for as a series: instances that are not expected come too. */
  readonly whole: boolean;
  readonly meter?: GapMeter;
  readonly watch?: () => void;
  readonly onStranger?: () => void;
}

/** What the requests of one retrieval share. */
export interface AskingParts {
  readonly studyInstanceUid: string;
  readonly set: ExpectedSet;
  readonly funnel: Funnel;
  /** Opaque key of who asks. */
  readonly caller: string;
  readonly channel: RetrieveChannel;
  /** Aborted when the retrieval has failed. */
  readonly stopped: AbortSignal;
  readonly fail: (reason: Error) => void;
}

/** How long a sub-operation that the final response counted may still be on its way. */
const stragglersMsMax = 1_000;
const stragglersPollMs = 20;

/** Statuses that no second request would change: destination unknown, class not supported, not authorised, no resources. */
const fatalStatuses: ReadonlySet<number> = new Set([
  dimseStatus.moveDestinationUnknown,
  dimseStatus.sopClassNotSupported,
  dimseStatus.notAuthorized,
  dimseStatus.outOfResources,
]);

/** Sends the requests of one retrieval and takes in what they bring. */
export class Asking {
  private active = 0;
  /** Most requests under way at once. */
  parallel = 0;

  private readonly holder: Holder;

  constructor(private readonly parts: AskingParts) {
    const { caller, funnel, fail } = parts;
    this.holder = { caller, blockedMs: () => funnel.blockedMs, giveUp: fail };
  }

  /** One list, of one series. */
  async list(instances: readonly ExpectedInstance[], meter?: GapMeter): Promise<void> {
    if (instances.length === 0) return;
    const { set, stopped } = this.parts;
    const details = { seriesInstanceUid: instances[0].seriesInstanceUid, instances, whole: false, meter };
    try {
      await this.ask(details);
    } catch (error) {
      // A warm association may have been closed by the PACS meanwhile; nothing was spoilt, so once more on a fresh one.
      if (stopped.aborted || GatewayError.of(error)?.entry !== pacsErrors.lost) throw error;
      const left = instances.filter(({ sopInstanceUid }) => set.isWanted(sopInstanceUid));
      if (left.length > 0) await this.ask({ ...details, instances: left });
    }
  }

  async ask(what: AskDetails, signal?: AbortSignal): Promise<void> {
    const { channel, stopped, set, funnel } = this.parts;
    const { seriesInstanceUid, instances, whole } = what;
    const uids = new Set(instances.map(({ sopInstanceUid }) => sopInstanceUid));
    let arrived = 0;
    let progress = 0;
    let seen = -1;
    const ask: Ask = {
      studyInstanceUid: this.parts.studyInstanceUid,
      seriesInstanceUid,
      sopInstanceUids: whole ? undefined : [...uids],
      sopClassUids: [...new Set(instances.map(({ sopClassUid }) => sopClassUid))],
      owner: this,
      holder: this.holder,
      expects: (uid) => uids.has(uid) && set.isWanted(uid),
      open: (store) => {
        arrived += 1;
        return this.open(store, what, () => (progress += 1));
      },
      isAlive: () => {
        const alive = funnel.isBlocked || progress !== seen;
        seen = progress;
        return alive;
      },
    };
    this.active += 1;
    this.parallel = Math.max(this.parallel, this.active);
    try {
      const result = await channel.ask(ask, signal ? AbortSignal.any([signal, stopped]) : stopped);
      await this.awaitStragglers(() => arrived, result.completed, uids);
      this.noteStatus(result.status, uids);
    } finally {
      this.active -= 1;
    }
  }

  private open(store: StoreRequest, what: AskDetails, onProgress: () => void): StoreTarget | number {
    const { set, funnel, stopped } = this.parts;
    const uid = store.sopInstanceUid;
    if (stopped.aborted || !set.has(uid)) {
      what.onStranger?.();
      return what.whole ? discarding(dimseStatus.success) : dimseStatus.notAuthorized;
    }
    if (!set.isWanted(uid)) return discarding(dimseStatus.success);
    set.begin(uid);
    const { sopClassUid, transferSyntaxUid } = store;
    const { studyInstanceUid } = this.parts;
    return new CheckedTarget<number>({
      check: new IdentityCheck({ studyInstanceUid, sopInstanceUid: uid, transferSyntaxUid }),
      open: () => this.target(funnel.open({ sopClassUid, sopInstanceUid: uid, transferSyntaxUid }), what, onProgress),
      foreign: () => {
        set.foreign(uid);
        return dimseStatus.cannotUnderstand;
      },
      lost: () => set.lost(uid),
    });
  }

  private target(parcel: Parcel, what: AskDetails, onProgress: () => void): Target<number> {
    const { set, fail } = this.parts;
    const { sopInstanceUid: uid, transferSyntaxUid } = parcel.header;
    let bytes = 0;
    return {
      write: (piece) => {
        bytes += piece.length;
        onProgress();
        return parcel.write(piece);
      },
      drained: () => parcel.drained(),
      end: () => {
        set.received(uid, transferSyntaxUid, bytes);
        parcel.end();
        what.meter?.note(performance.now(), bytes);
        what.watch?.();
        return dimseStatus.success;
      },
      cut: (reason) => {
        set.lost(uid);
        if (parcel.cut(reason)) fail(GatewayError.of(reason) ?? new GatewayError(pacsErrors.lost, { cause: reason }));
      },
    };
  }

  /** Some PACS answer a C-MOVE before its last sub-operations are over. */
  private async awaitStragglers(arrived: () => number, completed: number, uids: ReadonlySet<string>): Promise<void> {
    const { set, stopped } = this.parts;
    const isUnderWay = (): boolean => [...uids].some((uid) => set.isArriving(uid));
    const isShort = (): boolean => arrived() < completed && [...uids].some((uid) => set.isWanted(uid));
    let quietMs = 0;
    while ((isUnderWay() || (isShort() && quietMs < stragglersMsMax)) && !stopped.aborted) {
      await new Promise((resolve) => setTimeout(resolve, stragglersPollMs));
      quietMs += stragglersPollMs;
    }
  }

  private noteStatus(status: number, uids: ReadonlySet<string>): void {
    if (statusKind(status) === 'success') return;
    const { set, channel } = this.parts;
    set.noteStatus(status, uids);
    if (!set.isUntouched || !fatalStatuses.has(status)) return;
    const entry = status === dimseStatus.outOfResources ? pacsErrors.tooMany : pacsErrors.refused;
    throw new GatewayError(entry, { detail: `${channel.method} answered ${statusText(status)}` });
  }
}
