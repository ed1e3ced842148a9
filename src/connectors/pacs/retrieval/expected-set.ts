import { ExpectedInstance, UndeliveredInstance } from '../pacs.port';
import { RetrieveChannel } from './retrieve-channel';

/** The instances of one retrieval: which are still wanted, which are on their way, what has come. */
export class ExpectedSet {
  private readonly expected = new Map<string, ExpectedInstance>();
  private readonly state = new Map<string, 'wanted' | 'arriving' | 'received'>();
  private readonly statuses = new Map<string, number>();
  /** Under whose name another object came. */
  private readonly foreigners = new Set<string>();
  private readonly startedMs = performance.now();
  firstMs: number | undefined;
  /** Bytes of the instances received whole. */
  bytes = 0;
  /** Instances handed to the sink. */
  delivered = 0;
  readonly syntaxes = new Map<string, number>();

  constructor(instances: readonly ExpectedInstance[]) {
    for (const instance of instances) {
      this.expected.set(instance.sopInstanceUid, instance);
      this.state.set(instance.sopInstanceUid, 'wanted');
    }
  }

  get size(): number {
    return this.expected.size;
  }

  get elapsedMs(): number {
    return performance.now() - this.startedMs;
  }

  /** Neither received nor on the way. */
  get isUntouched(): boolean {
    return this.delivered === 0 && [...this.state.values()].every((state) => state === 'wanted');
  }

  has(sopInstanceUid: string): boolean {
    return this.expected.has(sopInstanceUid);
  }

  isWanted(sopInstanceUid: string): boolean {
    return this.state.get(sopInstanceUid) === 'wanted';
  }

  isArriving(sopInstanceUid: string): boolean {
    return this.state.get(sopInstanceUid) === 'arriving';
  }

  /** In the order of the request. */
  wanted(seriesInstanceUid?: string): ExpectedInstance[] {
    return [...this.expected.values()].filter(
      (instance) =>
        this.isWanted(instance.sopInstanceUid) &&
        (!seriesInstanceUid || instance.seriesInstanceUid === seriesInstanceUid),
    );
  }

  begin(sopInstanceUid: string): void {
    this.state.set(sopInstanceUid, 'arriving');
  }

  received(sopInstanceUid: string, transferSyntaxUid: string, bytes: number): void {
    this.firstMs ??= this.elapsedMs;
    this.state.set(sopInstanceUid, 'received');
    this.bytes += bytes;
    this.syntaxes.set(transferSyntaxUid, (this.syntaxes.get(transferSyntaxUid) ?? 0) + 1);
  }

  lost(sopInstanceUid: string): void {
    this.state.set(sopInstanceUid, 'wanted');
  }

  /** Another object came under this name: wanted still. */
  foreign(sopInstanceUid: string): void {
    this.foreigners.add(sopInstanceUid);
    this.lost(sopInstanceUid);
  }

  /** What the PACS said when it did not send these. */
  noteStatus(status: number, sopInstanceUids: Iterable<string>): void {
    for (const uid of sopInstanceUids) if (this.isWanted(uid)) this.statuses.set(uid, status);
  }

  /** Names what is missing; the PACS is asked whether it holds it at all. */
  async undelivered(studyInstanceUid: string, held: RetrieveChannel['held']): Promise<UndeliveredInstance[]> {
    const missing = this.wanted();
    const named: UndeliveredInstance[] = [];
    for (const series of new Set(missing.map(({ seriesInstanceUid }) => seriesInstanceUid))) {
      const ofSeries = missing.filter(({ seriesInstanceUid }) => seriesInstanceUid === series);
      const uids = ofSeries.map(({ sopInstanceUid }) => sopInstanceUid);
      const known = await held(studyInstanceUid, series, uids).catch(() => undefined);
      for (const instance of ofSeries) {
        const isAbsent = known !== undefined && !known.has(instance.sopInstanceUid);
        const status = this.statuses.get(instance.sopInstanceUid);
        const reason = this.foreigners.has(instance.sopInstanceUid) ? 'foreign' : isAbsent ? 'not-in-pacs' : 'failed';
        named.push({ ...instance, reason, status });
      }
    }
    return named;
  }
}
