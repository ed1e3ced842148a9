import type { ImagingReport } from '../../../standards/cda';
import type { PairingRule } from '../publication.config';
import type { StudyFacts } from './study-in-pacs';

/**
 * Why report and images do not belong together, or undefined when they do: accession number, local patient number, and the
 * issuers of both when the PACS tells them. Words without values: they may be logged.
 */
export function pairingFault(
  study: Pick<StudyFacts, 'accessionNumber' | 'accessionIssuer' | 'patientId' | 'patientIdIssuer'>,
  report: Pick<ImagingReport, 'orders' | 'patient'>,
  rules: readonly PairingRule[],
): string | undefined {
  return (
    (rules.includes('accession') ? accessionFault(study, report, rules.includes('issuer')) : undefined) ??
    (rules.includes('patient-id') ? patientFault(study, report, rules.includes('issuer')) : undefined)
  );
}

function accessionFault(
  { accessionNumber, accessionIssuer }: Pick<StudyFacts, 'accessionNumber' | 'accessionIssuer'>,
  { orders }: Pick<ImagingReport, 'orders'>,
  issuerToo: boolean,
): string | undefined {
  const told = orders.flatMap(({ accession }) => accession ?? []);
  if (told.length === 0) return 'the report has no accession number';
  if (accessionNumber === '') return 'the images have no accession number';
  const same = told.filter(({ extension }) => extension?.trim() === accessionNumber);
  if (same.length === 0) return 'the accession number of the images is not that of the report';
  const agrees = !issuerToo || accessionIssuer === '' || same.some(({ root }) => root === accessionIssuer);
  return agrees ? undefined : 'the issuer of the accession number differs between images and report';
}

function patientFault(
  { patientId, patientIdIssuer }: Pick<StudyFacts, 'patientId' | 'patientIdIssuer'>,
  { patient }: Pick<ImagingReport, 'patient'>,
  issuerToo: boolean,
): string | undefined {
  const told = patient.localId;
  if (!told?.extension) return 'the report has no local patient number';
  if (patientId === '') return 'the images have no patient number';
  if (told.extension.trim() !== patientId) return 'the patient number of the images is not that of the report';
  const agrees = !issuerToo || patientIdIssuer === '' || told.root === patientIdIssuer;
  return agrees ? undefined : 'the issuer of the patient number differs between images and report';
}
