/** Authority of the INS test identities (national identity frame of reference). */
export const testInsOid = '1.2.250.1.213.1.4.10';

/** The 15 characters of an INS from its first 13: key = 97 - (number modulo 97), Corsica 2A counted as 19 and 2B as 18. */
export function withInsKey(first13: string): string {
  if (!/^[12]\d{4}(\d{2}|2[AB])\d{6}$/.test(first13)) throw new Error('not the first 13 characters of an INS');
  const number = BigInt(first13.replace('2A', '19').replace('2B', '18'));
  const key = 97n - (number % 97n);
  return first13 + key.toString().padStart(2, '0');
}
