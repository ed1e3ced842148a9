import { DicomJsonDataSet, DicomRefusal, InsToInsert } from '../../../standards/dicom';

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
  if (before.some((item) => contradicts(item, ins))) throw new DicomRefusal('patient-contradicted');
  const isThere = before.some((item) => isSameIns(item, ins));
  if (isThere) return json;
  return { ...json, '00101002': { vr: 'SQ', Value: [...before, itemOf(ins)] } };
}

/** As in the objects: same matricule, and same issuer by its OID, or by its name when the item has no OID. */
function isSameIns(item: DicomJsonDataSet, ins: InsToInsert): boolean {
  if (item['00100020']?.Value?.[0] !== ins.matricule) return false;
  const oids = oidsOf(item);
  if (oids.length > 0) return oids.includes(ins.oid);
  return ins.issuer !== undefined && item['00100021']?.Value?.[0] === ins.issuer;
}

/** Another matricule of the same nature: the object is another patient's. */
function contradicts(item: DicomJsonDataSet, ins: InsToInsert): boolean {
  const matricule = item['00100020']?.Value?.[0];
  return typeof matricule === 'string' && matricule !== ins.matricule && oidsOf(item).includes(ins.oid);
}

function oidsOf(item: DicomJsonDataSet): unknown[] {
  const qualifiers = (item['00100024']?.Value ?? []) as DicomJsonDataSet[];
  return qualifiers.flatMap((qualifier) => qualifier['00400032']?.Value ?? []);
}
