import type { Author, Code, DocumentEntry } from '../xds';

/** A document of an archive, with its entry as a registry gave it. */
export interface XdmDocument {
  readonly kind: 'manifest' | 'report';
  readonly entry: DocumentEntry;
  readonly bytes: Buffer;
}

/** One folder below IHE_XDM: the documents of one exam. */
export interface XdmSet {
  /** OID of the submission set. */
  readonly uniqueId: string;
  /** CX with the INS. */
  readonly patientId: string;
  readonly author: Author;
  readonly contentTypeCode: Code;
  readonly title: string;
  readonly documents: readonly XdmDocument[];
  /** CR.TXT of the published sample: the report, and by which numbers its patient is known. */
  readonly report?: {
    readonly root: string;
    readonly extension?: string;
    readonly ins: { readonly matricule: string; readonly oid: string };
    readonly localId?: { readonly value: string; readonly issuerOid: string };
  };
}

/** Who made the archive, for INDEX.HTM and README.TXT (ITI TF-2 3.32.4.1.2.1). */
export interface XdmSender {
  readonly professional: string;
  readonly structure: string;
  readonly structureId: string;
  readonly software: { readonly name: string; readonly version: string; readonly publisher: string };
}

export interface XdmArchive {
  readonly sender: XdmSender;
  /** OID of the source of the submission sets. */
  readonly sourceId: string;
  readonly madeAt: Date;
  readonly sets: readonly XdmSet[];
}

/** A file of the archive; the name is its path from the root, with slashes. */
export interface XdmFile {
  readonly name: string;
  readonly bytes: Buffer;
}
