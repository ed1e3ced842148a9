import { Ins } from '../../standards/identity';

const patientPlace = '{patient}';
/** A query of any length is told by its identifier; its text up to this, so that an audit message stays below 32 KiB. */
const lengthMax = 12_000;

/** The patient as the text of a stored query writes it: a CX (ITI TF-3 4.2.3.1.7), escaped for XML. */
const written = ({ matricule, oid }: Ins): string => `${matricule}^^^&amp;${oid}&amp;ISO^NH`;

/**
 * A stored query as the trail keeps it: word for word, but for the patient, whom the record holds in its own columns.
 * @returns undefined when it is too long, or would still name the patient
 */
export function withoutPatient(xml: string, patient: Ins): string | undefined {
  if (xml.length > lengthMax || xml.includes(patientPlace)) return undefined;
  const text = xml.replaceAll(written(patient), patientPlace);
  return text.includes(patient.matricule) ? undefined : text;
}

/** The query as it was sent. */
export function withPatient(text: string, patient: Ins | undefined): string {
  return patient ? text.replaceAll(patientPlace, () => written(patient)) : text;
}
