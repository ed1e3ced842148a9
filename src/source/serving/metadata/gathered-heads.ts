import type { ServableManifest } from '../../archive';
import type { ReadHead } from './metadata-reader';

/** Heads that wait for the rest of their series, all together: some five thousand images. */
const bytesMax = 8 * 1024 * 1024;
/** A series that is not complete after this long is given up: its heads would be of different times. */
const ageMsMax = 10 * 60_000;

export interface WholeSeries {
  readonly manifest: ServableManifest;
  readonly seriesInstanceUid: string;
  readonly heads: ReadonlyMap<string, ReadHead>;
  /** When the first of them was read. */
  readonly readAtMs: number;
}

interface Gathering extends WholeSeries {
  readonly heads: Map<string, ReadHead>;
  readonly expected: number;
  bytes: number;
}

/** Gathers the heads of images on their way to callers, whole series or one by one, until a series is complete. */
export class GatheredHeads {
  private readonly series = new Map<string, Gathering>();
  private bytes = 0;

  constructor(private readonly now: () => number = Date.now) {}

  /** Takes one head; gives the series back, and forgets it, when that was the last one. */
  take(manifest: ServableManifest, seriesInstanceUid: string, read: ReadHead): WholeSeries | undefined {
    const key = `${manifest.kosSopInstanceUid} ${seriesInstanceUid}`;
    const gathering = this.recent(key) ?? this.begin(key, manifest, seriesInstanceUid);
    const { sopInstanceUid } = read.header;
    const before = gathering.heads.get(sopInstanceUid)?.head.length ?? 0;
    gathering.heads.set(sopInstanceUid, read);
    gathering.bytes += read.head.length - before;
    this.bytes += read.head.length - before;
    if (gathering.heads.size === gathering.expected) {
      this.drop(key);
      return gathering;
    }
    this.makeRoom();
    return undefined;
  }

  /** Bytes held now. */
  get held(): number {
    return this.bytes;
  }

  private begin(key: string, manifest: ServableManifest, seriesInstanceUid: string): Gathering {
    const { studyInstanceUid } = manifest;
    const expected = manifest.expected({ studyInstanceUid, seriesInstanceUid }).length;
    const heads = new Map<string, ReadHead>();
    const gathering = { manifest, seriesInstanceUid, heads, expected, readAtMs: this.now(), bytes: 0 };
    this.series.set(key, gathering);
    return gathering;
  }

  private recent(key: string): Gathering | undefined {
    const known = this.series.get(key);
    if (known && this.now() - known.readAtMs > ageMsMax) this.drop(key);
    return this.series.get(key);
  }

  /** The series begun longest ago is given up first. */
  private makeRoom(): void {
    for (const [key, { readAtMs }] of this.series) {
      if (this.bytes <= bytesMax && this.now() - readAtMs <= ageMsMax) return;
      this.drop(key);
    }
  }

  private drop(key: string): void {
    this.bytes -= this.series.get(key)?.bytes ?? 0;
    this.series.delete(key);
  }
}
