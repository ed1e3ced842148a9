import type { CalledFilters } from '../../context';
import type { Exam } from '../exam';

type Named = Pick<CalledFilters, 'studyInstanceUid' | 'accessionNumber' | 'accessionNumberIssuer'>;

/** Whether a contextual call names an exam, and not only the patient. */
export const namesExam = ({ studyInstanceUid, accessionNumber }: Named): boolean =>
  studyInstanceUid !== undefined || accessionNumber !== undefined;

/**
 * The exams of the patient that the call names: by the study; when none has it, by the accession number (several studies may
 * share one). Only what is already this patient's is looked at.
 */
export function wantedAmong(exams: readonly Exam[], named: Named): Exam[] {
  const { studyInstanceUid, accessionNumber } = named;
  const byStudy =
    studyInstanceUid === undefined
      ? []
      : exams.filter(({ references }) => references.studies.includes(studyInstanceUid));
  if (byStudy.length > 0 || accessionNumber === undefined) return byStudy;
  const issuer = issuerOid(named.accessionNumberIssuer);
  return exams.filter(({ references }) =>
    references.accessions.some((one) => one.number === accessionNumber && isSameIssuer(one.issuer, issuer)),
  );
}

/** The one that may be opened at once: there is no doubt which is meant, and nothing speaks against it. */
export function openableAmong(wanted: readonly Exam[]): Exam | undefined {
  const openable = wanted.filter(({ manifest, differences }) => manifest !== undefined && differences.length === 0);
  return openable.length === 1 && wanted.every(({ differences }) => differences.length === 0) ? openable[0] : undefined;
}

/** Two hospitals may give the same number; an issuer that one of the two does not tell as an OID says nothing. */
const isSameIssuer = (one: string | undefined, other: string | undefined): boolean =>
  !one || other === undefined || one === other;

/** The OID of an issuer, bare or in `namespace&OID&ISO`. */
const issuerOid = (text: string | undefined): string | undefined =>
  text?.split('&').find((part) => /^[0-2](\.(0|[1-9]\d*))+$/.test(part.trim()));
