import { isUtf8 } from 'node:buffer';
import { parseXmlRoot, XmlElement, XmlRefusedError } from '../xmlsec';
import { readActs, readOrders } from './acts';
import {
  allAt,
  at,
  attribute,
  CdaRefusal,
  CdaRefusalKind,
  cdaNamespace,
  code,
  foldedText,
  identifier,
  required,
  time,
} from './cda-reader';
import { repairEncodedTwice } from './encoded-twice';
import type { CdaIdentifier, ImagingReport, ReportBody, ReportFacility } from './imaging-report';
import { readOrganisation, readPatient, readProfessional } from './people';

export type ImagingReportResult =
  | { readonly ok: true; readonly value: ImagingReport }
  /** `element` names what is missing or wrong; `reason` is a sentence; neither holds an identity. */
  | { readonly ok: false; readonly kind: CdaRefusalKind; readonly element: string; readonly reason: string };

/**
 * Reads the header of an imaging report (CDA R2, French header, "Compte rendu d'examens d'imagerie", level 1 or 3).
 * Namespace-aware; refuses DTDs and entities. What the header must have to name a patient, a document and a study is required
 * here; the rest is optional, and the caller's policy decides.
 */
export function parseImagingReport(bytes: Buffer): ImagingReportResult {
  try {
    const { root, encodedTwice } = openCda(bytes);
    return { ok: true, value: readReport(root, encodedTwice) };
  } catch (error) {
    if (error instanceof CdaRefusal) {
      return { ok: false, kind: error.kind, element: error.element, reason: error.message };
    }
    if (error instanceof XmlRefusedError) {
      return {
        ok: false,
        kind: 'xml',
        element: 'ClinicalDocument',
        reason: `the report is not acceptable XML (${error.reason})`,
      };
    }
    throw error;
  }
}

/** The PDF inside a report, or undefined when it holds none. Call it on bytes that `parseImagingReport` accepted. */
export function extractPdf(bytes: Buffer): Buffer | undefined {
  const holder = pdfHolder(openCda(bytes).root)?.element;
  return holder && Buffer.from((holder.textContent ?? '').replace(/\s+/g, ''), 'base64');
}

function openCda(bytes: Buffer): { root: XmlElement; encodedTwice: boolean } {
  if (!isUtf8(bytes)) return { root: parseXmlRoot(bytes), encodedTwice: false };
  const text = bytes.toString('utf8');
  const repaired = repairEncodedTwice(text);
  return { root: parseXmlRoot(repaired ?? text), encodedTwice: repaired !== undefined };
}

function readReport(root: XmlElement, encodedTwice: boolean): ImagingReport {
  if (root.localName !== 'ClinicalDocument' || root.namespaceURI !== cdaNamespace) {
    throw new CdaRefusal(
      'not-a-report',
      'ClinicalDocument',
      'the document is not a CDA (ClinicalDocument, urn:hl7-org:v3)',
    );
  }
  const authenticator = at(root, 'legalAuthenticator');
  const version = attribute(at(root, 'versionNumber'), 'value');
  if (version !== '' && !/^\d{1,9}$/.test(version)) {
    throw new CdaRefusal('invalid', 'versionNumber', 'versionNumber: not a number');
  }
  return {
    documentId: required(identifier(at(root, 'id'), 'id'), 'id'),
    setId: identifier(at(root, 'setId'), 'setId'),
    versionNumber: version === '' ? undefined : Number(version),
    replaces: readReplaced(root),
    code: required(code(at(root, 'code')), 'code'),
    title: foldedText(at(root, 'title')),
    effectiveTime: time(at(root, 'effectiveTime'), 'effectiveTime'),
    confidentiality: required(code(at(root, 'confidentialityCode')), 'confidentialityCode'),
    languageCode: attribute(at(root, 'languageCode'), 'code'),
    patient: readPatient(root),
    authors: allAt(root, 'author')
      .filter((author) => at(author, 'assignedAuthor', 'assignedPerson'))
      .map((author) => readProfessional(author, 'assignedAuthor', 'author')),
    legalAuthenticator: authenticator && readProfessional(authenticator, 'assignedEntity', 'legalAuthenticator'),
    orders: readOrders(root),
    acts: readActs(root),
    facility: readFacility(root),
    body: readBody(root),
    encodedTwice,
  };
}

function readReplaced(root: XmlElement): CdaIdentifier | undefined {
  const replaced = allAt(root, 'relatedDocument').find((related) => attribute(related, 'typeCode') === 'RPLC');
  const path = 'relatedDocument/parentDocument/id';
  return replaced && required(identifier(at(replaced, 'parentDocument', 'id'), path), path);
}

function readFacility(root: XmlElement): ReportFacility {
  const facility = at(root, 'componentOf', 'encompassingEncounter', 'location', 'healthCareFacility');
  if (!facility) return {};
  return { id: readOrganisation(facility, 'componentOf/…/healthCareFacility').id, code: code(at(facility, 'code')) };
}

function readBody(root: XmlElement): ReportBody {
  const holder = pdfHolder(root);
  const text = at(root, 'component', 'nonXMLBody', 'text');
  if (text) {
    const mediaType = attribute(text, 'mediaType') || 'text/plain';
    return { level: 1, mediaType, pdf: holder ? holder.place : 'none' };
  }
  required(at(root, 'component', 'structuredBody'), 'component');
  return { level: 3, mediaType: 'text/xml', pdf: holder ? holder.place : 'none' };
}

interface PdfHolder {
  readonly element: XmlElement;
  readonly place: 'nonXMLBody' | 'observationMedia';
}

function pdfHolder(root: XmlElement): PdfHolder | undefined {
  const text = at(root, 'component', 'nonXMLBody', 'text');
  if (text) return isPdf(text) ? { element: text, place: 'nonXMLBody' } : undefined;
  const media = root.getElementsByTagNameNS(cdaNamespace, 'observationMedia');
  for (let index = 0; index < media.length; index += 1) {
    const value = at(media.item(index) ?? undefined, 'value');
    if (value && isPdf(value)) return { element: value, place: 'observationMedia' };
  }
  return undefined;
}

function isPdf(element: XmlElement): boolean {
  return attribute(element, 'mediaType') === 'application/pdf' && attribute(element, 'representation') === 'B64';
}
