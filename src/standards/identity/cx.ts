import { Checked, refused, valid } from './checked';
import { componentsOf, ReadComponent } from './components';
import { checkOid } from './oid';

/** Assigning authority (HD): local namespace, and universal identifier with its type. */
export interface AssigningAuthority {
  readonly namespaceId: string;
  readonly universalId: string;
  readonly universalIdType: string;
}

/** Extended composite identifier (HL7 2.5 chapter 2.A.14): the number, who gave it, and its type (INS, PI, VN…). */
export interface Cx {
  readonly id: string;
  readonly authority: AssigningAuthority;
  readonly typeCode: string;
}

const idLengthMax = 64;

/** Checks one repetition of a CX field; components after the fifth (dates, trailing `^^`) are accepted and not kept. */
export function checkCx(read: ReadComponent): Checked<Cx> {
  const id = read(1).trim();
  if (id === '') return refused('the identifier (CX-1) is empty');
  if (id.length > idLengthMax) return refused(`the identifier (CX-1) is longer than ${idLengthMax} characters`);
  const authority = checkAuthority(read, 4, 'CX-4');
  if (!authority.ok) return authority;
  return valid({ id, authority: authority.value, typeCode: read(5).trim() });
}

export function parseCx(text: string): Checked<Cx> {
  return checkCx(componentsOf(text));
}

/** The three subcomponents of an HD inside component `component`; an ISO identifier must be an OID. */
export function checkAuthority(read: ReadComponent, component: number, place: string): Checked<AssigningAuthority> {
  const universalId = read(component, 2).trim();
  const universalIdType = read(component, 3).trim();
  if (universalIdType === 'ISO' && universalId === '') return refused(`${place} is of type ISO and has no identifier`);
  if (universalIdType === 'ISO') {
    const oid = checkOid(universalId);
    if (!oid.ok) return refused(`${place}: ${oid.reason}`);
  }
  return valid({ namespaceId: read(component, 1).trim(), universalId, universalIdType });
}
