import { DOMParser, XMLSerializer } from '@xmldom/xmldom';
import {
  REPOSITORY_UNIQUE_ID,
  type RegisteredAssociation,
  type RegisteredDocument,
  type RegisteredSet,
} from './registry';
import { xmlEscape } from './xml';

/** What the registry writes back. */

export interface RegistryFault {
  code: string;
  context: string;
  severity?: 'Error' | 'Warning';
  location?: string;
}

const NAMESPACES =
  'xmlns:ns2="urn:oasis:names:tc:ebxml-regrep:xsd:rs:3.0" xmlns:ns4="urn:ihe:iti:xds-b:2007" ' +
  'xmlns:ns5="urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0" xmlns:ns6="urn:oasis:names:tc:ebxml-regrep:xsd:query:3.0"';
const RIM = 'urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0';

const errorList = (faults: readonly RegistryFault[]): string =>
  faults.length === 0
    ? ''
    : `<ns2:RegistryErrorList>${faults
        .map(
          (fault) =>
            `<ns2:RegistryError codeContext="${xmlEscape(fault.context)}" errorCode="${xmlEscape(fault.code)}" location="${xmlEscape(fault.location ?? '')}" ` +
            `severity="urn:oasis:names:tc:ebxml-regrep:ErrorSeverityType:${fault.severity ?? 'Error'}"/>`,
        )
        .join('')}</ns2:RegistryErrorList>`;

export type AnswerStatus = 'Success' | 'Failure' | 'PartialSuccess';

const statusUrn = (status: AnswerStatus): string =>
  status === 'PartialSuccess'
    ? 'urn:ihe:iti:2007:ResponseStatusType:PartialSuccess'
    : `urn:oasis:names:tc:ebxml-regrep:ResponseStatusType:${status}`;

/** Success unless an error is among the faults. */
export const statusFor = (faults: readonly RegistryFault[]): AnswerStatus =>
  faults.some((fault) => (fault.severity ?? 'Error') === 'Error') ? 'Failure' : 'Success';

export const registryResponse = (faults: readonly RegistryFault[], status = statusFor(faults)): string =>
  `<ns2:RegistryResponse ${NAMESPACES} status="${statusUrn(status)}">${errorList(faults)}</ns2:RegistryResponse>`;

export const adhocQueryResponse = (
  objects: string,
  faults: readonly RegistryFault[] = [],
  status = statusFor(faults),
): string =>
  `<ns6:AdhocQueryResponse ${NAMESPACES} status="${statusUrn(status)}">${errorList(faults)}<ns5:RegistryObjectList>${objects}</ns5:RegistryObjectList></ns6:AdhocQueryResponse>`;

export function retrieveResponse(
  documents: readonly { document: RegisteredDocument; contentId: string }[],
  faults: readonly RegistryFault[],
  status: AnswerStatus,
): string {
  const responses = documents
    .map(
      ({ document, contentId }) =>
        `<ns4:DocumentResponse><ns4:RepositoryUniqueId>${REPOSITORY_UNIQUE_ID}</ns4:RepositoryUniqueId>` +
        `<ns4:DocumentUniqueId>${xmlEscape(document.uniqueId)}</ns4:DocumentUniqueId><ns4:mimeType>${xmlEscape(document.mimeType)}</ns4:mimeType>` +
        `<ns4:Document><xop:Include xmlns:xop="http://www.w3.org/2004/08/xop/include" href="cid:${contentId}"/></ns4:Document></ns4:DocumentResponse>`,
    )
    .join('');
  return `<ns4:RetrieveDocumentSetResponse ${NAMESPACES}>${registryResponse(faults, status)}${responses}</ns4:RetrieveDocumentSetResponse>`;
}

const STATUS_URN: Record<RegisteredDocument['status'], string> = {
  Approved: 'urn:oasis:names:tc:ebxml-regrep:StatusType:Approved',
  Deprecated: 'urn:oasis:names:tc:ebxml-regrep:StatusType:Deprecated',
  Deleted: 'urn:asip:ci-sis:2010:StatusType:Deleted',
};

/** A registered object as its submitter wrote it, with the identifiers and the status that the registry gave. */
function registered(xml: string, entryUuid: string, status: string, extraSlots: Record<string, string>): string {
  const document = new DOMParser().parseFromString(xml, 'application/xml');
  const object = document.documentElement;
  if (object === null) throw new Error('empty registry object');
  object.setAttribute('id', entryUuid);
  object.setAttribute('lid', entryUuid);
  object.setAttribute('status', status);
  for (let child = object.firstChild; child !== null; child = child.nextSibling) {
    const element = child.nodeType === 1 ? (child as unknown as typeof object) : undefined;
    if (element?.localName === 'Classification') element.setAttribute('classifiedObject', entryUuid);
    if (element?.localName === 'ExternalIdentifier') element.setAttribute('registryObject', entryUuid);
  }
  for (const [name, value] of Object.entries(extraSlots)) {
    const slot = document.createElementNS(RIM, 'Slot');
    slot.setAttribute('name', name);
    const list = slot.appendChild(document.createElementNS(RIM, 'ValueList'));
    list.appendChild(document.createElementNS(RIM, 'Value')).appendChild(document.createTextNode(value));
    object.insertBefore(slot, object.firstChild);
  }
  return new XMLSerializer().serializeToString(object);
}

export const documentXml = (document: RegisteredDocument): string =>
  registered(document.xml, document.entryUuid, STATUS_URN[document.status], {
    repositoryUniqueId: REPOSITORY_UNIQUE_ID,
  });

export const setXml = (set: RegisteredSet): string => registered(set.xml, set.entryUuid, STATUS_URN.Approved, {});

export const associationXml = (association: RegisteredAssociation): string =>
  `<ns5:Association associationType="${xmlEscape(association.type)}" id="${association.entryUuid}" sourceObject="${xmlEscape(association.source)}" targetObject="${xmlEscape(association.target)}">` +
  Object.entries(association.slots)
    .map(
      ([name, values]) =>
        `<ns5:Slot name="${xmlEscape(name)}"><ns5:ValueList>${values.map((value) => `<ns5:Value>${xmlEscape(value)}</ns5:Value>`).join('')}</ns5:ValueList></ns5:Slot>`,
    )
    .join('') +
  '</ns5:Association>';

export const objectRefXml = (entryUuid: string): string => `<ns5:ObjectRef id="${entryUuid}"/>`;
