import { element, xopInclude, type MtomAttachment, type XmlFragment } from '../soap';
import { NS } from './codes';
import { submitObjectsRequest } from './encode';
import type { Submission } from './model';

/** ITI-41 Provide and Register Document Set-b, and ITI-57 Update Document Set: the bodies. */

export interface SubmittedDocument {
  /** entryUuid of its document entry in the submission. */
  entryUuid: string;
  bytes: Uint8Array;
}

export interface ProvideAndRegister {
  body: XmlFragment;
  attachments: MtomAttachment[];
}

/** The body with one `Document` per entry, each pointing to its binary part. Throws when entry and document do not pair. */
export function provideAndRegister(
  submission: Submission,
  documents: readonly SubmittedDocument[],
): ProvideAndRegister {
  const entries = submission.documentEntries.map((entry) => entry.entryUuid);
  const given = documents.map((document) => document.entryUuid);
  if (
    given.length !== entries.length ||
    new Set(given).size !== given.length ||
    !entries.every((id) => given.includes(id))
  ) {
    throw new TypeError('each document entry needs exactly one document');
  }
  const attachments = documents.map((document, index) => ({
    contentId: `0.${String(index + 2)}`,
    contentType: 'application/octet-stream',
    bytes: document.bytes,
  }));
  const body = element(
    'xds:ProvideAndRegisterDocumentSetRequest',
    { 'xmlns:xds': NS.xdsb },
    submitObjectsRequest(submission),
    documents.map((document, index) =>
      element('xds:Document', { id: document.entryUuid }, xopInclude(attachments[index].contentId)),
    ),
  );
  return { body, attachments };
}

/** ITI-57: the body is the SubmitObjectsRequest itself. */
export const updateDocumentSet = (submission: Submission): XmlFragment => submitObjectsRequest(submission);
