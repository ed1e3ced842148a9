import { userOfClaims } from './hospital-oidc';

describe('roles by the hospital’s own provider', () => {
  const config = {
    rolesClaim: 'realm_access.roles',
    rolesByValue: { ops: ['operator' as const], chiefs: ['operator' as const, 'administrator' as const] },
    rolesByUser: { 'subject-1': ['auditor' as const], jdupont: ['administrator' as const] },
  };
  const rolesOf = (claims: Record<string, unknown>) => [...userOfClaims({ sub: 'x', ...claims }, config).roles].sort();

  it.each<[string, Record<string, unknown>, string[]]>([
    ['nothing', {}, []],
    ['a value of the claim', { realm_access: { roles: ['ops', 'other'] } }, ['operator']],
    ['a single value', { realm_access: { roles: 'ops' } }, ['operator']],
    ['a claim whose name has dots', { 'realm_access.roles': ['ops'] }, ['operator']],
    ['several values', { realm_access: { roles: ['ops', 'chiefs'] } }, ['administrator', 'operator']],
    ['the subject', { sub: 'subject-1' }, ['auditor']],
    ['the user name', { preferred_username: 'jdupont' }, ['administrator']],
    ['names of object members', { sub: 'constructor', realm_access: { roles: ['toString', '__proto__'] } }, []],
    ['a claim of another shape', { realm_access: { roles: { ops: true } } }, []],
    ['a claim elsewhere', { roles: ['ops'] }, []],
  ])('from %s', (_, claims, expected) => expect(rolesOf(claims)).toEqual(expected));

  it('shows the name, else the user name, else the subject', () => {
    expect(userOfClaims({ sub: 's', name: 'Jeanne Dupont', preferred_username: 'j' }, config).name).toBe(
      'Jeanne Dupont',
    );
    expect(userOfClaims({ sub: 's', preferred_username: 'j' }, config).name).toBe('j');
    expect(userOfClaims({ sub: 's' }, config).name).toBe('s');
  });
});
