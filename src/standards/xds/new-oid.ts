/** `2.25.` followed by the UUID as a number (ITU-T X.667): an OID that nobody else has. */
export const newOid = (uuid: string): string => `2.25.${BigInt(`0x${uuid.replaceAll('-', '')}`).toString()}`;
