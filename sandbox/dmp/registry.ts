import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createHash, randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { AssociationMetadata, DocumentMetadata, ReceivedSubmission, SetMetadata } from './registry-objects';

/** Registry and repository: a journal of events replayed at start, and one file per document. */

export type Availability = 'Approved' | 'Deprecated' | 'Deleted';

export interface RegisteredDocument extends DocumentMetadata {
  entryUuid: string;
  status: Availability;
  /** ISO 8601, when it was registered. */
  registeredAt: string;
  setUuid: string;
}
export interface RegisteredSet extends SetMetadata {
  entryUuid: string;
}
export interface RegisteredAssociation extends AssociationMetadata {
  entryUuid: string;
}

export type Submitted = {
  documents: RegisteredDocument[];
  sets: RegisteredSet[];
  associations: RegisteredAssociation[];
};
type JournalLine = ({ event: 'submitted' } & Submitted) | { event: 'status'; entryUuid: string; status: Availability };

export const RPLC = 'urn:ihe:iti:2007:AssociationType:RPLC';
export const REPOSITORY_UNIQUE_ID = '1.2.250.1.213.4.1.2.99.1';

export class Registry {
  private readonly documents = new Map<string, RegisteredDocument>();
  private readonly byUniqueId = new Map<string, RegisteredDocument>();
  private readonly sets = new Map<string, RegisteredSet>();
  private readonly setUniqueIds = new Set<string>();
  private readonly associations: RegisteredAssociation[] = [];
  private readonly journal: string;
  private readonly contents: string;

  constructor(dataDir: string) {
    this.contents = join(dataDir, 'content');
    this.journal = join(dataDir, 'registry.jsonl');
    mkdirSync(this.contents, { recursive: true });
    if (existsSync(this.journal)) this.replay();
  }

  private replay(): void {
    for (const line of readFileSync(this.journal, 'utf8').split('\n')) {
      if (line === '') continue;
      let event: JournalLine;
      try {
        event = JSON.parse(line) as JournalLine;
      } catch {
        continue; // a line cut by a kill was never acknowledged
      }
      this.apply(event);
    }
  }

  private write(event: JournalLine): void {
    appendFileSync(this.journal, `${JSON.stringify(event)}\n`);
    this.apply(event);
  }

  private apply(event: JournalLine): void {
    if (event.event === 'status') {
      const document = this.documents.get(event.entryUuid);
      if (document) document.status = event.status;
      return;
    }
    for (const document of event.documents) {
      this.documents.set(document.entryUuid, document);
      this.byUniqueId.set(document.uniqueId, document);
    }
    for (const set of event.sets) {
      this.sets.set(set.entryUuid, set);
      this.setUniqueIds.add(set.uniqueId);
    }
    this.associations.push(...event.associations);
    for (const association of event.associations) {
      const replaced = association.type === RPLC ? this.documents.get(association.target) : undefined;
      if (replaced?.status === 'Approved') replaced.status = 'Deprecated';
    }
  }

  /** Registers a checked submission; contents are written before the journal says they exist. */
  submit(received: ReceivedSubmission, contents: Map<string, Buffer>, at: Date): Submitted {
    const uuids = new Map<string, string>();
    const register = (symbol: string): string => {
      const uuid = symbol.startsWith('urn:uuid:') ? symbol : `urn:uuid:${randomUUID()}`;
      uuids.set(symbol, uuid);
      return uuid;
    };
    const sets = received.sets.map((set) => ({ ...set, entryUuid: register(set.symbol) }));
    const documents = received.documents.map((document): RegisteredDocument => ({
      ...document,
      entryUuid: register(document.symbol),
      status: 'Approved',
      registeredAt: at.toISOString(),
      setUuid: sets[0].entryUuid,
    }));
    const associations = received.associations.map((association) => ({
      ...association,
      entryUuid: `urn:uuid:${randomUUID()}`,
      source: uuids.get(association.source) ?? association.source,
      target: uuids.get(association.target) ?? association.target,
    }));
    for (const document of documents) {
      const content = contents.get(document.symbol);
      if (content) writeFileSync(this.contentFile(document.uniqueId), content);
    }
    const submitted = { documents, sets, associations };
    this.write({ event: 'submitted', ...submitted });
    return submitted;
  }

  changeStatus(entryUuid: string, status: Availability): void {
    this.write({ event: 'status', entryUuid, status });
  }

  private contentFile(uniqueId: string): string {
    return join(this.contents, createHash('sha256').update(uniqueId).digest('hex'));
  }

  content(document: RegisteredDocument): Buffer | undefined {
    const file = this.contentFile(document.uniqueId);
    return existsSync(file) ? readFileSync(file) : undefined;
  }

  document = (entryUuid: string): RegisteredDocument | undefined => this.documents.get(entryUuid);
  documentByUniqueId = (uniqueId: string): RegisteredDocument | undefined => this.byUniqueId.get(uniqueId);
  hasSet = (uniqueId: string): boolean => this.setUniqueIds.has(uniqueId);
  allDocuments = (): RegisteredDocument[] => [...this.documents.values()];
  allSets = (): RegisteredSet[] => [...this.sets.values()];
  allAssociations = (): readonly RegisteredAssociation[] => this.associations;
}
