import { attributeOf, element, elementAt, XOP_NS, type XmlFragment } from '../soap';
import { childElements, textOf, type XmlElement } from '../xmlsec';
import { NS } from './codes';
import { readRegistryResponse, type RegistryResponse } from './registry-response';

/** ITI-43 Retrieve Document Set: request and answer. */

export interface DocumentRequest {
  repositoryUniqueId: string;
  documentUniqueId: string;
  homeCommunityId?: string;
}

/** The body of the request. */
export const retrieveDocumentSetRequest = (requests: readonly DocumentRequest[]): XmlFragment =>
  element(
    'xds:RetrieveDocumentSetRequest',
    { 'xmlns:xds': NS.xdsb },
    requests.map((request) =>
      element(
        'xds:DocumentRequest',
        {},
        request.homeCommunityId && element('xds:HomeCommunityId', {}, request.homeCommunityId),
        element('xds:RepositoryUniqueId', {}, request.repositoryUniqueId),
        element('xds:DocumentUniqueId', {}, request.documentUniqueId),
      ),
    ),
  );

export interface DocumentResponse {
  repositoryUniqueId: string;
  documentUniqueId: string;
  mimeType: string;
  /** In a MIME part (MTOM), or inline as base64. */
  content: { contentId: string } | { base64: string };
}

export type RetrieveReading =
  { ok: true; response: RegistryResponse; documents: DocumentResponse[] } | { ok: false; reason: string };

/** Reads `xds:RetrieveDocumentSetResponse`; the binary parts are the caller's to find by content id. */
export function readRetrieveDocumentSetResponse(body: XmlElement): RetrieveReading {
  if (body.localName !== 'RetrieveDocumentSetResponse' || body.namespaceURI !== NS.xdsb) {
    return { ok: false, reason: 'the body is not a RetrieveDocumentSetResponse' };
  }
  const registry = elementAt(body, NS.rs, 'RegistryResponse');
  const response = registry && readRegistryResponse(registry);
  if (response === undefined) return { ok: false, reason: 'the status of the response is unknown' };
  const documents: DocumentResponse[] = [];
  for (const one of childElements(body, NS.xdsb, 'DocumentResponse')) {
    const content = contentOf(one);
    if (content === undefined) return { ok: false, reason: 'a document of the response has no content' };
    const value = (name: string) => textOf(elementAt(one, NS.xdsb, name));
    documents.push({
      repositoryUniqueId: value('RepositoryUniqueId'),
      documentUniqueId: value('DocumentUniqueId'),
      mimeType: value('mimeType'),
      content,
    });
  }
  return { ok: true, response, documents };
}

function contentOf(response: XmlElement): DocumentResponse['content'] | undefined {
  const document = elementAt(response, NS.xdsb, 'Document');
  if (document === undefined) return undefined;
  const include = elementAt(document, XOP_NS, 'Include');
  if (include === undefined) {
    const base64 = textOf(document).replace(/\s+/g, '');
    return base64 === '' ? undefined : { base64 };
  }
  const href = attributeOf(include, 'href') ?? '';
  if (!href.startsWith('cid:')) return undefined;
  try {
    return { contentId: decodeURIComponent(href.slice(4)) };
  } catch {
    return undefined;
  }
}
