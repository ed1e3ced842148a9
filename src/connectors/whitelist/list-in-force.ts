import { createHash } from 'node:crypto';
import { WhiteListIndex, type AcceptedWhiteList, type WhiteListEntry } from '../../standards/whitelist';

const certificatesRememberedMax = 2_000;

/** One list that was accepted, as it was received, and when the authority last confirmed it. */
export class ListInForce {
  readonly sha256: string;
  private readonly index: WhiteListIndex;
  private readonly remembered = new Map<string, WhiteListEntry | null>();

  constructor(
    readonly accepted: AcceptedWhiteList,
    readonly bytes: Buffer,
    public confirmedAt: Date,
  ) {
    this.sha256 = sha256Of(bytes);
    this.index = new WhiteListIndex(accepted.list);
  }

  /** Compared RDN by RDN, once for each certificate. */
  forCertificate(der: Buffer): WhiteListEntry | undefined {
    const fingerprint = createHash('sha256').update(der).digest('base64');
    const known = this.remembered.get(fingerprint);
    if (known !== undefined) return known ?? undefined;
    const entry = this.index.forCertificate(der);
    if (this.remembered.size >= certificatesRememberedMax) this.remembered.clear();
    this.remembered.set(fingerprint, entry ?? null);
    return entry;
  }

  forHost(hostname: string): WhiteListEntry | undefined {
    return this.index.forHost(hostname);
  }

  /** Rollback: an older generation, or the same generation signed earlier (the authority does not always move the date). */
  isNewerThan(candidate: AcceptedWhiteList): boolean {
    const { list, signedAt } = this.accepted;
    const byGeneration = candidate.list.generatedAt.getTime() - list.generatedAt.getTime();
    return byGeneration < 0 || (byGeneration === 0 && candidate.signedAt < signedAt);
  }
}

export function sha256Of(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
