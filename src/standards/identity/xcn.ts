import { Checked, refused, valid } from './checked';
import { componentsOf, ReadComponent } from './components';
import { AssigningAuthority, checkAuthority } from './cx';
import { checkProfessionalId, ProfessionalId, professionalIdOid } from './professional-id';

/** Identified person (HL7 XCN): national identifier (1), family (2) and given (3) names, authority (9), type (13). */
export interface Xcn {
  readonly professionalId: ProfessionalId;
  readonly family: string;
  readonly given: string;
  readonly authority: AssigningAuthority;
  readonly typeCode: string;
}

/** Checks a professional named by the national register; the family name may be in subcomponent FN-1. */
export function checkXcn(read: ReadComponent): Checked<Xcn> {
  const professionalId = checkProfessionalId(read(1).trim());
  if (!professionalId.ok) return professionalId;
  const authority = checkAuthority(read, 9, 'XCN-9');
  if (!authority.ok) return authority;
  if (authority.value.universalId !== '' && authority.value.universalId !== professionalIdOid) {
    return refused('the professional is not named by the national register (XCN-9)');
  }
  return valid({
    professionalId: professionalId.value,
    family: read(2).trim(),
    given: read(3).trim(),
    authority: authority.value,
    typeCode: read(13).trim(),
  });
}

export function parseXcn(text: string): Checked<Xcn> {
  return checkXcn(componentsOf(text));
}
