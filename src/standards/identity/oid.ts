import { Checked, refused, valid } from './checked';

/** ISO/IEC 9834-1 dotted form, 64 characters at most as in DICOM PS3.5 chapter 9. */
const arcs = /^[0-2](\.(0|[1-9]\d*))+$/;
const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
export const oidLengthMax = 64;

/** Checks an object identifier in dotted form (`1.2.250.1.213.1.4.8`). */
export function checkOid(text: string): Checked<string> {
  if (text === '') return refused('the OID is empty');
  if (text.length > oidLengthMax) return refused(`the OID is longer than ${oidLengthMax} characters`);
  if (!arcs.test(text)) return refused('the OID is not a dotted list of numbers without leading zeros');
  const [first, second] = text.split('.');
  if (first !== '2' && (second.length > 2 || Number(second) > 39)) {
    return refused('the second arc of the OID is above 39');
  }
  return valid(text);
}

/** CDA R2 datatype `uid`: an OID or a UUID (document sets of real senders are named by UUID). */
export function checkCdaUid(text: string): Checked<string> {
  return uuid.test(text) ? valid(text) : checkOid(text);
}
