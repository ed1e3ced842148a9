import type { ArchivedManifest } from '../archive';
import type { ReportRequest } from '../intake';
import type { PublicationContext } from './store/publication';

/** The report behind a published manifest; undefined when this gateway did not publish it. */
export function reportOf({ publicationContext }: ArchivedManifest): ReportRequest | undefined {
  const known = publicationContext as PublicationContext | undefined;
  return known?.version === 1 ? known.report : undefined;
}

/** Whether the manifest stands in the record of another patient than the report is about: an identity was corrected. */
export function isOfAnotherPatient({ manifest }: ArchivedManifest, { report }: ReportRequest): boolean {
  const { ins } = manifest.patient;
  return ins?.matricule !== report.patient.ins.matricule || ins.oid !== report.patient.ins.oid;
}
