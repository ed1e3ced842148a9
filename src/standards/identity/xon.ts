import { Checked, refused, valid } from './checked';
import { componentsOf, ReadComponent } from './components';
import { AssigningAuthority, checkAuthority } from './cx';
import { checkStructureId, StructureId, structureIdOid } from './structure-id';

/** Organisation (HL7 XON): name (1), authority (6), identifier type (7) and identifier (10, or 3 in older senders). */
export interface Xon {
  readonly name: string;
  readonly authority: AssigningAuthority;
  readonly typeCode: string;
  readonly structureId: StructureId;
}

/** Checks an organisation whose identifier is a national one; an authority, when given, must be the national one. */
export function checkXon(read: ReadComponent): Checked<Xon> {
  const authority = checkAuthority(read, 6, 'XON-6');
  if (!authority.ok) return authority;
  if (authority.value.universalId !== '' && authority.value.universalId !== structureIdOid) {
    return refused('the organisation is not named by the national register of structures (XON-6)');
  }
  const typeCode = read(7).trim();
  const structureId = checkStructureId(read(10).trim() || read(3).trim(), typeCode || undefined);
  if (!structureId.ok) return structureId;
  return valid({ name: read(1).trim(), authority: authority.value, typeCode, structureId: structureId.value });
}

export function parseXon(text: string): Checked<Xon> {
  return checkXon(componentsOf(text));
}
