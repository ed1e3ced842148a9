import { XMLSerializer, type Element } from '@xmldom/xmldom';
import { all, one, text, texts } from './xml';

/** The objects of a submission, read by XPath from what was received. */

export interface Coded {
  code: string;
  scheme: string;
  display: string;
}

export interface DocumentMetadata {
  symbol: string;
  uniqueId: string;
  patientId: string;
  mimeType: string;
  slots: Record<string, string[]>;
  /** By classification scheme. */
  codes: Record<string, Coded[]>;
  authors: { person: string; institutions: string[] }[];
  title: string;
  /** The object as XML, to answer with later. */
  xml: string;
}

export interface SetMetadata {
  symbol: string;
  uniqueId: string;
  patientId: string;
  sourceId: string;
  submissionTime: string;
  contentType?: Coded;
  authors: { person: string; institutions: string[] }[];
  xml: string;
}

export interface AssociationMetadata {
  symbol: string;
  type: string;
  source: string;
  target: string;
  slots: Record<string, string[]>;
}

export interface ReceivedSubmission {
  sets: SetMetadata[];
  documents: DocumentMetadata[];
  associations: AssociationMetadata[];
}

export const AUTHOR_SCHEME = 'urn:uuid:93606bcf-9494-43ec-9b4e-a7748d1a838d';
export const SET_AUTHOR_SCHEME = 'urn:uuid:a7058bb9-b4e4-4307-ba5b-e3f0ab85e12d';
const SET_NODE = 'urn:uuid:a54d6aa5-d40d-43f9-88c5-b4633d873bdd';
const CONTENT_TYPE = 'urn:uuid:aa543740-bdda-424e-8c96-df4873be8500';

function slotsOf(object: Element): Record<string, string[]> {
  const slots: Record<string, string[]> = {};
  for (const slot of all('rim:Slot', object)) {
    const name = slot.getAttribute('name') ?? '';
    slots[name] = [...(slots[name] ?? []), ...texts('rim:ValueList/rim:Value', slot)];
  }
  return slots;
}

function codesOf(object: Element): Record<string, Coded[]> {
  const codes: Record<string, Coded[]> = {};
  for (const one of all('rim:Classification[@classificationScheme]', object)) {
    const scheme = one.getAttribute('classificationScheme') ?? '';
    if (scheme === AUTHOR_SCHEME || scheme === SET_AUTHOR_SCHEME) continue;
    const coded = {
      code: one.getAttribute('nodeRepresentation') ?? '',
      scheme: text("rim:Slot[@name='codingScheme']/rim:ValueList/rim:Value", one),
      display: text('rim:Name/rim:LocalizedString/@value', one),
    };
    codes[scheme] = [...(codes[scheme] ?? []), coded];
  }
  return codes;
}

const authorsOf = (object: Element, scheme: string) =>
  all(`rim:Classification[@classificationScheme='${scheme}']`, object).map((author) => ({
    person: text("rim:Slot[@name='authorPerson']/rim:ValueList/rim:Value", author),
    institutions: texts("rim:Slot[@name='authorInstitution']/rim:ValueList/rim:Value", author),
  }));

const identifier = (object: Element, scheme: string): string =>
  text(`rim:ExternalIdentifier[@identificationScheme='${scheme}']/@value`, object);

const serialize = (object: Element): string => new XMLSerializer().serializeToString(object);

const readDocument = (object: Element): DocumentMetadata => ({
  symbol: object.getAttribute('id') ?? '',
  uniqueId: identifier(object, 'urn:uuid:2e82c1f6-a085-4c72-9da3-8640a32e42ab'),
  patientId: identifier(object, 'urn:uuid:58a6f841-87b3-4a3e-92fd-a8ffeff98427'),
  mimeType: object.getAttribute('mimeType') ?? '',
  slots: slotsOf(object),
  codes: codesOf(object),
  authors: authorsOf(object, AUTHOR_SCHEME),
  title: text('rim:Name/rim:LocalizedString/@value', object),
  xml: serialize(object),
});

const readSet = (object: Element): SetMetadata => ({
  symbol: object.getAttribute('id') ?? '',
  uniqueId: identifier(object, 'urn:uuid:96fdda7c-d067-4183-912e-bf5ee74998a8'),
  patientId: identifier(object, 'urn:uuid:6b5aea1a-874d-4603-a4bc-96a0a7b38446'),
  sourceId: identifier(object, 'urn:uuid:554ac39e-e3fe-47fe-b233-965d2a147832'),
  submissionTime: slotsOf(object).submissionTime?.[0] ?? '',
  contentType: codesOf(object)[CONTENT_TYPE]?.[0],
  authors: authorsOf(object, SET_AUTHOR_SCHEME),
  xml: serialize(object),
});

/** Reads a `SubmitObjectsRequest`; undefined when there is none in the body. */
export function readSubmission(body: Element): ReceivedSubmission | undefined {
  const list = one('descendant-or-self::lcm:SubmitObjectsRequest/rim:RegistryObjectList', body);
  if (list === undefined) return undefined;
  return {
    sets: all(`rim:RegistryPackage[rim:Classification/@classificationNode='${SET_NODE}']`, list).map(readSet),
    documents: all('rim:ExtrinsicObject', list).map(readDocument),
    associations: all('rim:Association', list).map((object) => ({
      symbol: object.getAttribute('id') ?? '',
      type: object.getAttribute('associationType') ?? '',
      source: object.getAttribute('sourceObject') ?? '',
      target: object.getAttribute('targetObject') ?? '',
      slots: slotsOf(object),
    })),
  };
}

/** XON.10 of the first institution of an author list. */
export const institutionId = (authors: { institutions: string[] }[]): string =>
  (authors[0]?.institutions[0] ?? '').split('^')[9] ?? '';
