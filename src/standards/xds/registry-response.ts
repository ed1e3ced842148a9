import { attributeOf } from '../soap';
import { childElements, textOf, type XmlElement } from '../xmlsec';
import { NS, RESPONSE_STATUS } from './codes';

/** `rs:RegistryResponse` and its error list (ITI TF-3 4.2.4). */

export interface RegistryError {
  /** `XDSDuplicateUniqueIdInRegistry`, `XDSRepositoryError`, `DMPInvalid…`. */
  code: string;
  /** Free text of the registry. May quote what was sent: never log it, show it to the operator only. */
  context: string;
  severity: 'error' | 'warning';
  location: string;
}

export type ResponseStatus = 'success' | 'partial' | 'failure';

export interface RegistryResponse {
  status: ResponseStatus;
  errors: RegistryError[];
  warnings: RegistryError[];
}

const STATUSES: Record<string, ResponseStatus> = {
  [RESPONSE_STATUS.success]: 'success',
  [RESPONSE_STATUS.partialSuccess]: 'partial',
  [RESPONSE_STATUS.failure]: 'failure',
};
const ERRORS_MAX = 1000;
const TEXT_MAX = 2000;
const cut = (text: string | undefined): string => (text ?? '').slice(0, TEXT_MAX);

function readError(element: XmlElement): RegistryError {
  return {
    code: cut(attributeOf(element, 'errorCode')),
    context: cut(attributeOf(element, 'codeContext') || textOf(element)),
    severity: /:Warning$/.test(attributeOf(element, 'severity') ?? '') ? 'warning' : 'error',
    location: cut(attributeOf(element, 'location')),
  };
}

/**
 * Reads status and errors of an element that is, or derives from, a RegistryResponse. Undefined when the status is none
 * of the known ones: an answer that does not say whether it worked is no answer.
 */
export function readRegistryResponse(response: XmlElement): RegistryResponse | undefined {
  const status = STATUSES[attributeOf(response, 'status') ?? ''];
  if (status === undefined) return undefined;
  const all = childElements(response, NS.rs, 'RegistryErrorList')
    .flatMap((list) => childElements(list, NS.rs, 'RegistryError'))
    .slice(0, ERRORS_MAX)
    .map(readError);
  return {
    status,
    errors: all.filter((error) => error.severity === 'error'),
    warnings: all.filter((error) => error.severity === 'warning'),
  };
}
