import { randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isUid } from '../../../standards/dicom';
import { DamagedFile, KeptSeries, packSeries, Texts } from './kept-series';
import { TextSpool } from './text-spool';

/** Largest file: it is read whole. Some 8 000 instances to the mebibyte. */
const fileBytesMax = 8 * 1024 * 1024;
const seriesMax = 100_000;
/** Drafts left by a process that ended; younger ones may be another process's. */
const draftMsMax = 60 * 60_000;
const draftName = /^\.draft-/;

export interface KeptMetadataLimits {
  readonly bytesMax: number;
  readonly ageMsMax: number;
}

interface Entry {
  readonly bytes: number;
  /** When the PACS was read for it. */
  readonly readAtMs: number;
  /** When it was last found equal to what the PACS holds. */
  checkedAtMs: number;
  usedAtMs: number;
}

export interface FoundSeries {
  readonly series: KeptSeries;
  readonly checkedAtMs: number;
}

/** One series to be kept. */
export interface SeriesToKeep {
  readonly kosSopInstanceUid: string;
  readonly seriesInstanceUid: string;
  readonly fingerprint: string;
  /** DICOM JSON of each instance, in the order of the manifest. */
  readonly texts: Texts;
  readonly readAtMs: number;
}

/**
 * Metadata on disk: one folder a manifest, one file a series, readable by the gateway's user alone. A file appears whole (by
 * renaming) or not at all, and its date is when the PACS was read. Room and age are bounded.
 */
export class KeptMetadata {
  private readonly manifests = new Map<string, Map<string, Entry>>();
  private bytesKept = 0;
  private filesKept = 0;
  private scanned: Promise<void> | undefined;

  constructor(
    private readonly folder: string,
    private readonly limits: KeptMetadataLimits,
    private readonly now: () => number = Date.now,
  ) {}

  get bytes(): number {
    return this.bytesKept;
  }

  get seriesCount(): number {
    return this.filesKept;
  }

  /** Manifests of which something is kept. */
  get kosSopInstanceUids(): string[] {
    return [...this.manifests.keys()];
  }

  /** Whether most of the room is taken: what is not asked for should then not be added. */
  get isNearlyFull(): boolean {
    return this.bytesKept >= this.limits.bytesMax * 0.9 || this.filesKept > seriesMax * 0.9;
  }

  /** Learns what is on disk, once; what is asked for before is found all the same. */
  scan(): Promise<void> {
    this.scanned ??= this.readFolder();
    return this.scanned;
  }

  has(kosSopInstanceUid: string, seriesInstanceUid: string): boolean {
    const entry = this.manifests.get(kosSopInstanceUid)?.get(seriesInstanceUid);
    return entry !== undefined && !this.isOld(entry.readAtMs);
  }

  /**
   * What is kept of a series, if it was made for the same fingerprint and is not too old; what is not goes.
   * A file that is damaged is removed, with all of its manifest, and nothing is found.
   */
  async find(
    kosSopInstanceUid: string,
    seriesInstanceUid: string,
    fingerprint: string,
  ): Promise<FoundSeries | undefined> {
    const file = this.fileOf(kosSopInstanceUid, seriesInstanceUid);
    if (!file) return undefined;
    try {
      const { bytes, readAtMs } = await readBounded(file);
      const series = KeptSeries.read(bytes);
      if (series.fingerprint !== fingerprint || this.isOld(readAtMs)) {
        await this.forget(kosSopInstanceUid);
        return undefined;
      }
      const entry = this.note(kosSopInstanceUid, seriesInstanceUid, { bytes: bytes.length, readAtMs });
      entry.usedAtMs = this.now();
      return { series, checkedAtMs: entry.checkedAtMs };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') this.drop(kosSopInstanceUid, seriesInstanceUid);
      else await this.forget(kosSopInstanceUid).catch(() => undefined);
      return undefined;
    }
  }

  /**
   * Keeps a series; false when it is too large to be kept.
   * @throws Error of the file system (disk full, not writable), nothing being left behind
   */
  async keep({ kosSopInstanceUid, seriesInstanceUid, fingerprint, texts, readAtMs }: SeriesToKeep): Promise<boolean> {
    const file = this.fileOf(kosSopInstanceUid, seriesInstanceUid);
    const bytesMax = Math.min(fileBytesMax, this.limits.bytesMax);
    const bytes = file && (await packSeries(texts, fingerprint, bytesMax));
    if (!file || !bytes) return false;
    await this.makeRoom(kosSopInstanceUid, bytes.length);
    await mkdir(join(this.folder, kosSopInstanceUid), { recursive: true, mode: 0o700 });
    const draft = join(this.folder, `.draft-${randomUUID()}`);
    try {
      await writeFile(draft, bytes, { mode: 0o600, flag: 'wx' });
      await utimes(draft, readAtMs / 1000, readAtMs / 1000);
      await rename(draft, file);
    } catch (error) {
      await rm(draft, { force: true }).catch(() => undefined);
      throw error;
    }
    this.drop(kosSopInstanceUid, seriesInstanceUid);
    this.note(kosSopInstanceUid, seriesInstanceUid, { bytes: bytes.length, readAtMs });
    return true;
  }

  /** A draft for the texts of one series, which its owner closes; one left by a process that ended is removed later. */
  async spool(): Promise<TextSpool> {
    await mkdir(this.folder, { recursive: true, mode: 0o700 });
    return TextSpool.open(join(this.folder, `.draft-${randomUUID()}`));
  }

  /** What is kept of these series was found equal to what the PACS holds now. */
  confirm(kosSopInstanceUid: string, seriesInstanceUids: Iterable<string>): void {
    for (const uid of seriesInstanceUids) {
      const entry = this.manifests.get(kosSopInstanceUid)?.get(uid);
      if (entry) entry.checkedAtMs = this.now();
    }
  }

  /** Removes all that is kept under a manifest. */
  async forget(kosSopInstanceUid: string): Promise<void> {
    for (const uid of this.manifests.get(kosSopInstanceUid)?.keys() ?? []) this.drop(kosSopInstanceUid, uid);
    if (isUid(kosSopInstanceUid)) await rm(join(this.folder, kosSopInstanceUid), { recursive: true, force: true });
  }

  /** Removes what is too old. */
  async sweep(): Promise<void> {
    for (const [kosSopInstanceUid, series] of this.manifests) {
      if ([...series.values()].some(({ readAtMs }) => this.isOld(readAtMs))) await this.forget(kosSopInstanceUid);
    }
  }

  private async readFolder(): Promise<void> {
    for (const name of await namesIn(this.folder)) {
      if (isUid(name)) await this.readManifestFolder(name);
      else if (draftName.test(name)) await this.removeOldDraft(join(this.folder, name));
    }
    await this.makeRoom(undefined, 0);
  }

  private async readManifestFolder(kosSopInstanceUid: string): Promise<void> {
    for (const uid of await namesIn(join(this.folder, kosSopInstanceUid))) {
      const file = this.fileOf(kosSopInstanceUid, uid);
      const found = file && (await stat(file).catch(() => undefined));
      if (found) this.note(kosSopInstanceUid, uid, { bytes: found.size, readAtMs: Math.round(found.mtimeMs) });
    }
  }

  private async removeOldDraft(file: string): Promise<void> {
    const found = await stat(file).catch(() => undefined);
    if (found && this.now() - found.mtimeMs > draftMsMax) await rm(file, { force: true });
  }

  /** The manifests used longest ago leave first, never the one that needs the room. */
  private async makeRoom(forKos: string | undefined, bytes: number): Promise<void> {
    while (this.bytesKept + bytes > this.limits.bytesMax || this.filesKept >= seriesMax) {
      const [oldest] = [...this.manifests]
        .filter(([kos]) => kos !== forKos)
        .map(([kos, series]) => ({ kos, usedAtMs: Math.max(...[...series.values()].map((entry) => entry.usedAtMs)) }))
        .sort((one, other) => one.usedAtMs - other.usedAtMs);
      if (!oldest) return;
      await this.forget(oldest.kos);
    }
  }

  private note(kos: string, series: string, { bytes, readAtMs }: Pick<Entry, 'bytes' | 'readAtMs'>): Entry {
    const known = this.manifests.get(kos)?.get(series);
    if (known?.readAtMs === readAtMs && known.bytes === bytes) return known;
    this.drop(kos, series);
    const entry: Entry = { bytes, readAtMs, checkedAtMs: readAtMs, usedAtMs: readAtMs };
    const ofManifest = this.manifests.get(kos) ?? new Map<string, Entry>();
    this.manifests.set(kos, ofManifest.set(series, entry));
    this.bytesKept += bytes;
    this.filesKept += 1;
    return entry;
  }

  private drop(kos: string, series: string): void {
    const ofManifest = this.manifests.get(kos);
    const entry = ofManifest?.get(series);
    if (!ofManifest || !entry) return;
    this.bytesKept -= entry.bytes;
    this.filesKept -= 1;
    ofManifest.delete(series);
    if (ofManifest.size === 0) this.manifests.delete(kos);
  }

  /** A date in the future is of a clock that was wrong: as good as none. */
  private isOld(readAtMs: number): boolean {
    const age = this.now() - readAtMs;
    return age > this.limits.ageMsMax || age < -60_000;
  }

  private fileOf(kosSopInstanceUid: string, seriesInstanceUid: string): string | undefined {
    return isUid(kosSopInstanceUid) && isUid(seriesInstanceUid)
      ? join(this.folder, kosSopInstanceUid, seriesInstanceUid)
      : undefined;
  }
}

async function readBounded(file: string): Promise<{ bytes: Buffer; readAtMs: number }> {
  const { size, mtimeMs } = await stat(file);
  if (size > fileBytesMax) throw new DamagedFile('too large');
  return { bytes: await readFile(file), readAtMs: Math.round(mtimeMs) };
}

async function namesIn(folder: string): Promise<string[]> {
  return readdir(folder).catch(() => []);
}
