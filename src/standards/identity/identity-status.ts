import { Checked, refused, valid } from './checked';

/**
 * Reliability of an identity: PID-32, table HL7 0445 as used in France (IHE PAM national extension).
 * Only a validated identity may reach the DMP; a doubtful or invented one may not, whatever else is said of it.
 */
export const publishableIdentityStatus = 'VALI';
const forbidding: ReadonlySet<string> = new Set(['DOUTE', 'FICTI', 'DPOT', 'DOUB', 'DOUA', 'ANOM', 'USURP']);

/** Checks the repetitions of PID-32: `VALI` must be there and nothing that contradicts it. */
export function checkIdentityStatus(codes: readonly string[]): Checked<typeof publishableIdentityStatus> {
  const given = codes.map((code) => code.trim()).filter((code) => code !== '');
  if (given.length === 0) return refused('the identity status is absent');
  const contrary = given.find((code) => forbidding.has(code));
  if (contrary) return refused(`the identity is marked ${contrary}`);
  if (!given.includes(publishableIdentityStatus)) return refused('the identity status is not VALI');
  return valid(publishableIdentityStatus);
}
