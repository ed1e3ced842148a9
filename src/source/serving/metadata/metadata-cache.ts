/** Text kept in memory, in characters: some tens of large series. */
const charactersMax = 128 * 1024 * 1024;
const manifestsMax = 2_000;
/** The PACS may correct or delete an object under the same manifest: what was read before is not told for longer than this. */
const ageMsMax = 10 * 60_000;

/**
 * Metadata of the instances of current manifests, by manifest: a replaced or withdrawn manifest is never asked for again, so
 * what is kept under it is never shown. The least recently used manifest goes first, and each one after ten minutes.
 */
export class MetadataCache {
  private readonly byManifest = new Map<string, Map<string, string>>();
  private characters = 0;
  private readonly sizes = new Map<string, number>();
  private readonly begunMs = new Map<string, number>();

  constructor(private readonly now: () => number = () => performance.now()) {}

  /** Texts known under a manifest; what the caller adds is kept after `keep`. */
  of(kosSopInstanceUid: string): Map<string, string> {
    const known = this.byManifest.get(kosSopInstanceUid);
    const isOld = this.now() - (this.begunMs.get(kosSopInstanceUid) ?? 0) > ageMsMax;
    if (known && isOld) this.forget(kosSopInstanceUid);
    if (!known || isOld) return this.begin(kosSopInstanceUid);
    this.byManifest.delete(kosSopInstanceUid);
    this.byManifest.set(kosSopInstanceUid, known);
    return known;
  }

  /** Counts what was added and forgets the oldest manifests beyond the limit. */
  keep(kosSopInstanceUid: string): void {
    const known = this.byManifest.get(kosSopInstanceUid);
    if (!known) return;
    let size = 0;
    for (const text of known.values()) size += text.length;
    this.characters += size - (this.sizes.get(kosSopInstanceUid) ?? 0);
    this.sizes.set(kosSopInstanceUid, size);
    for (const oldest of this.byManifest.keys()) {
      const isWithinLimits = this.characters <= charactersMax && this.byManifest.size <= manifestsMax;
      if (isWithinLimits || oldest === kosSopInstanceUid) break;
      this.forget(oldest);
    }
  }

  /** How long ago the first text under a manifest was asked for; 0 when there is none. */
  ageMs(kosSopInstanceUid: string): number {
    const begunMs = this.begunMs.get(kosSopInstanceUid);
    return begunMs === undefined ? 0 : this.now() - begunMs;
  }

  /** Forgets a manifest: what is added to its texts later is not kept. */
  drop(kosSopInstanceUid: string): void {
    this.forget(kosSopInstanceUid);
  }

  private forget(kosSopInstanceUid: string): void {
    this.characters -= this.sizes.get(kosSopInstanceUid) ?? 0;
    this.sizes.delete(kosSopInstanceUid);
    this.begunMs.delete(kosSopInstanceUid);
    this.byManifest.delete(kosSopInstanceUid);
  }

  private begin(kosSopInstanceUid: string): Map<string, string> {
    const fresh = new Map<string, string>();
    this.byManifest.set(kosSopInstanceUid, fresh);
    this.begunMs.set(kosSopInstanceUid, this.now());
    return fresh;
  }
}
