import { GatewayError } from '../../../platform/errors';
import { pacsErrors } from '../pacs.errors';
import { ExpectedInstance, InstanceHeader, InstanceSink, RetrievalRequest } from '../pacs.port';
import { CheckedTarget } from '../retrieval/checked-target';
import { Funnel } from '../retrieval/funnel';
import { IdentityCheck } from '../retrieval/identity-check';
import { InstanceTarget } from './wado-body';

type State = 'wanted' | 'arriving' | 'delivered';

/** The expected set of one retrieval, and its way into the sink: each instance once, whole, one after the other. */
export class Delivery {
  private readonly expected = new Map<string, ExpectedInstance>();
  private readonly states = new Map<string, State>();
  /** Instances received whole that wait behind another one. */
  private readonly waiting = new Map<string, () => void>();
  private readonly funnel: Funnel;
  /** Under whose name another object came. */
  readonly foreigners = new Set<string>();
  private readonly startedMs = performance.now();
  private readonly spoilt = new AbortController();
  private failure: Error | undefined;
  readonly syntaxes = new Map<string, number>();
  firstMs: number | undefined;
  bytes = 0;
  delivered = 0;

  constructor(
    private readonly request: Pick<RetrievalRequest, 'studyInstanceUid' | 'instances'>,
    sink: InstanceSink,
  ) {
    for (const instance of request.instances) {
      this.expected.set(instance.sopInstanceUid, instance);
      this.states.set(instance.sopInstanceUid, 'wanted');
    }
    this.funnel = new Funnel(sink, ({ sopInstanceUid }) => {
      this.delivered += 1;
      this.release(sopInstanceUid);
    });
  }

  /** Aborted once nothing more can be delivered. */
  get stopped(): AbortSignal {
    return this.spoilt.signal;
  }

  get failed(): Error | undefined {
    return this.failure;
  }

  get elapsedMs(): number {
    return performance.now() - this.startedMs;
  }

  /** For how long the reader has taken nothing. */
  get blockedMs(): number {
    return this.funnel.blockedMs;
  }

  isWanted(sopInstanceUid: string): boolean {
    return this.states.get(sopInstanceUid) === 'wanted';
  }

  isExpected(sopInstanceUid: string): boolean {
    return this.expected.has(sopInstanceUid);
  }

  wanted(): ExpectedInstance[] {
    return [...this.expected.values()].filter(({ sopInstanceUid }) => this.isWanted(sopInstanceUid));
  }

  fail(reason: Error): void {
    if (this.failure) return;
    this.failure = reason;
    this.spoilt.abort(reason);
    this.funnel.spoil(reason);
    for (const uid of [...this.waiting.keys()]) this.release(uid);
  }

  flushed(): Promise<void> {
    return this.funnel.flushed();
  }

  /** Undefined for an instance that is not expected, or no longer. */
  open(seen: InstanceHeader): InstanceTarget | undefined {
    const uid = seen.sopInstanceUid;
    const instance = this.expected.get(uid);
    if (this.failure || !instance || !this.isWanted(uid)) return undefined;
    this.states.set(uid, 'arriving');
    const { studyInstanceUid } = this.request;
    const { transferSyntaxUid } = seen;
    return new CheckedTarget<boolean>({
      check: new IdentityCheck({ studyInstanceUid, sopInstanceUid: uid, transferSyntaxUid }),
      open: () => this.target({ ...seen, sopClassUid: seen.sopClassUid || instance.sopClassUid }),
      foreign: () => {
        this.foreigners.add(uid);
        this.states.set(uid, 'wanted');
        return true;
      },
      lost: () => void this.states.set(uid, 'wanted'),
    });
  }

  private target(header: InstanceHeader): InstanceTarget {
    const uid = header.sopInstanceUid;
    const parcel = this.funnel.open(header);
    let bytes = 0;
    let isWhole = false;
    return {
      write: (piece) => {
        bytes += piece.length;
        return parcel.write(piece);
      },
      drained: () => (isWhole ? this.left(uid) : parcel.drained()),
      end: () => {
        isWhole = true;
        this.firstMs ??= this.elapsedMs;
        this.bytes += bytes;
        this.states.set(uid, 'delivered');
        this.syntaxes.set(header.transferSyntaxUid, (this.syntaxes.get(header.transferSyntaxUid) ?? 0) + 1);
        const before = this.delivered;
        parcel.end();
        return this.failure !== undefined || this.delivered > before || !this.holdBack(uid);
      },
      cut: (reason) => {
        this.states.set(uid, 'wanted');
        // Begun in the sink: what was given cannot be taken back.
        if (parcel.cut(reason)) {
          this.fail(GatewayError.of(reason) ?? new GatewayError(pacsErrors.lost, { cause: reason }));
        }
      },
    };
  }

  private holdBack(uid: string): boolean {
    this.waiting.set(uid, () => undefined);
    return true;
  }

  /** Resolves when the instance has left for the sink. */
  private left(uid: string): Promise<void> {
    if (!this.waiting.has(uid)) return Promise.resolve();
    return new Promise((resolve) => this.waiting.set(uid, resolve));
  }

  private release(uid: string): void {
    const resolve = this.waiting.get(uid);
    this.waiting.delete(uid);
    resolve?.();
  }
}
