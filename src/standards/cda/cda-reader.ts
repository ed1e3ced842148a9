import { childElements, XmlElement } from '../xmlsec';
import { checkCdaUid, Checked, checkTimestamp, Timestamp } from '../identity';
import type { CdaCode, CdaIdentifier } from './imaging-report';

export const cdaNamespace = 'urn:hl7-org:v3';
/** DICOM PS3.20 adds `accessionNumber` to the order, in a namespace of its own. */
export const dicomCdaNamespace = 'urn:dicom-org:ps3-20';

export type CdaRefusalKind = 'xml' | 'not-a-report' | 'missing' | 'invalid';

/** Unwinds the reading of a header at the first element that cannot be used; never leaves this folder. */
export class CdaRefusal extends Error {
  constructor(
    readonly kind: CdaRefusalKind,
    /** Path of the element, from ClinicalDocument. */
    readonly element: string,
    reason: string,
  ) {
    super(reason);
  }
}

/** First element at the end of a path of child names (CDA namespace). */
export function at(from: XmlElement | undefined, ...path: string[]): XmlElement | undefined {
  let node = from;
  for (const name of path) node = node && childElements(node, cdaNamespace, name)[0];
  return node;
}

export function allAt(from: XmlElement | undefined, name: string): XmlElement[] {
  return from ? childElements(from, cdaNamespace, name) : [];
}

/** Trimmed attribute; '' when absent. */
export function attribute(element: XmlElement | undefined, name: string): string {
  return element?.getAttribute(name)?.trim() ?? '';
}

/** Text of an element with its blanks folded; '' when absent. */
export function foldedText(element: XmlElement | undefined): string {
  return (element?.textContent ?? '').replace(/\s+/g, ' ').trim();
}

export function required<T>(value: T | undefined, element: string): T {
  if (value === undefined || value === '') throw new CdaRefusal('missing', element, `${element} is missing`);
  return value;
}

/** The value of a validator; its refusal names the element. */
export function accepted<T>(checked: Checked<T>, element: string): T {
  if (!checked.ok) throw new CdaRefusal('invalid', element, `${element}: ${checked.reason}`);
  return checked.value;
}

/** An identifier, or undefined when the element is absent or only says why it has no value (nullFlavor). */
export function identifier(element: XmlElement | undefined, path: string): CdaIdentifier | undefined {
  const root = attribute(element, 'root');
  if (root === '') return undefined;
  const extension = attribute(element, 'extension');
  accepted(checkCdaUid(root), path);
  return extension === '' ? { root } : { root, extension };
}

export function code(element: XmlElement | undefined): CdaCode | undefined {
  const value = attribute(element, 'code');
  if (value === '') return undefined;
  return {
    code: value,
    codeSystem: attribute(element, 'codeSystem'),
    displayName: attribute(element, 'displayName').replace(/\s+/g, ' '),
  };
}

export function time(element: XmlElement | undefined, path: string): Timestamp | undefined {
  const value = attribute(element, 'value');
  return value === '' ? undefined : accepted(checkTimestamp(value), path);
}
