/** Text kept in memory, in characters: some tens of large series. */
const charactersMax = 128 * 1024 * 1024;

/**
 * Metadata of the instances of current manifests, by manifest: a replaced or withdrawn manifest is never asked for again, so
 * what is kept under it is never shown. The least recently used manifest goes first.
 */
export class MetadataCache {
  private readonly byManifest = new Map<string, Map<string, string>>();
  private characters = 0;
  private readonly sizes = new Map<string, number>();

  /** Texts known under a manifest; what the caller adds is kept after `keep`. */
  of(kosSopInstanceUid: string): Map<string, string> {
    const known = this.byManifest.get(kosSopInstanceUid);
    if (!known) return this.begin(kosSopInstanceUid);
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
      if (this.characters <= charactersMax || oldest === kosSopInstanceUid) break;
      this.characters -= this.sizes.get(oldest) ?? 0;
      this.sizes.delete(oldest);
      this.byManifest.delete(oldest);
    }
  }

  private begin(kosSopInstanceUid: string): Map<string, string> {
    const fresh = new Map<string, string>();
    this.byManifest.set(kosSopInstanceUid, fresh);
    return fresh;
  }
}
