import { data } from 'dcmjs';

const known = data.DicomMetaDictionary.dictionary;

/**
 * Value representation of a tag of an implicit data set (PS3.6, PS3.5 section 6.2.2): `xs` stands for US or SS, `ox` for OB or OW,
 * private creators are LO, everything unknown is UN.
 */
export function vrOf(tag: number): string {
  const group = tag >>> 16;
  const element = tag & 0xffff;
  if (group % 2 === 1) return element >= 0x10 && element <= 0xff ? 'LO' : 'UN';
  // Curves (50xx) and overlays (60xx) repeat one group (PS3.5 section 7.6).
  const repeating = group >= 0x5000 && group <= 0x501e ? 0x5000 : group >= 0x6000 && group <= 0x601e ? 0x6000 : group;
  const hex = (value: number) => value.toString(16).padStart(4, '0').toUpperCase();
  const vr = known[`(${hex(repeating)},${hex(element)})`]?.vr;
  if (!vr) return 'UN';
  if (vr === 'lt') return 'OW';
  return /^[A-Z]{2}$|^xs$|^ox$/.test(vr) ? vr : 'UN';
}
