/** Which licences the product may ship (SPDX identifiers): permissive ones, whose notices stand in dist/licences.txt. */
export const allowedLicences = new Set([
  '0BSD',
  'Apache-2.0',
  'BlueOak-1.0.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'ISC',
  'MIT',
  'Zlib',
]);

/**
 * Whether an SPDX expression can be met by allowed licences: of `OR` one, of `AND` all; `WITH` is never met. AND binds
 * stronger than OR (SPDX 2.3, annex D).
 */
export function isAllowed(expression, allowed = allowedLicences) {
  const tokens = expression.match(/[()]|[^\s()]+/g) ?? [];
  let at = 0;
  const either = () => {
    let met = both();
    while (tokens[at] === 'OR') {
      at++;
      met = both() || met;
    }
    return met;
  };
  const both = () => {
    let met = one();
    while (tokens[at] === 'AND') {
      at++;
      met = one() && met;
    }
    return met;
  };
  const one = () => {
    const token = tokens[at++];
    if (token !== '(') return token !== undefined && allowed.has(token);
    const met = either();
    return tokens[at++] === ')' && met;
  };
  const met = either();
  return met && at === tokens.length;
}
