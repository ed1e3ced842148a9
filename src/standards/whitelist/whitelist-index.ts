import { DerFault, distinguishedNameKey, subjectRdns } from '../identity';
import { hostName } from './read-whitelist';
import type { WhiteList, WhiteListEntry } from './whitelist.types';

/** A list made fast to ask: one key per name, computed once. */
export class WhiteListIndex {
  private readonly byName = new Map<string, WhiteListEntry>();
  private readonly byHost = new Map<string, WhiteListEntry>();

  constructor(readonly list: WhiteList) {
    for (const entry of list.entries) {
      const key = distinguishedNameKey(entry.rdns);
      if (!this.byName.has(key)) this.byName.set(key, entry);
      if (!this.byHost.has(entry.db)) this.byHost.set(entry.db, entry);
    }
  }

  /** Entry whose `DNCertificatOperateur` is the subject of this certificate; bytes that are no certificate are nobody. */
  forCertificate(der: Buffer): WhiteListEntry | undefined {
    try {
      return this.byName.get(distinguishedNameKey(subjectRdns(der)));
    } catch (error) {
      if (error instanceof DerFault) return undefined;
      throw error;
    }
  }

  /** Entry whose `db` is this host name. */
  forHost(host: string): WhiteListEntry | undefined {
    const name = hostName(host);
    return name === undefined ? undefined : this.byHost.get(name);
  }
}
