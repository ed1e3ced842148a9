import type { DicomJsonDataSet, InsToInsert } from '../../../standards/dicom';

const text = (vr: string, value: string) => ({ vr, Value: [value] });

function itemOf({ matricule, oid, issuer }: InsToInsert): DicomJsonDataSet {
  return {
    '00100020': text('LO', matricule),
    ...(issuer === undefined ? {} : { '00100021': text('LO', issuer) }),
    '00100022': text('CS', 'TEXT'),
    '00100024': { vr: 'SQ', Value: [{ '00400032': text('UT', oid), '00400033': text('CS', 'ISO') }] },
  };
}

/** Metadata say what the object will say once served: (0010,1002) with the INS, as in the instances themselves. */
export function addIns(json: DicomJsonDataSet, ins: InsToInsert): DicomJsonDataSet {
  const before = (json['00101002']?.Value ?? []) as DicomJsonDataSet[];
  const isThere = before.some(
    (item) => item['00100020']?.Value?.[0] === ins.matricule && item['00100021']?.Value?.[0] === ins.issuer,
  );
  if (isThere) return json;
  return { ...json, '00101002': { vr: 'SQ', Value: [...before, itemOf(ins)] } };
}
