import { GatewayError } from '../../../platform/errors';
import { parseImagingReport, type ImagingReport } from '../../../standards/cda';
import type { CalledPatient } from '../../context';
import { examErrors } from '../exams.errors';
import { traitsOfReport } from '../identity/claimed-traits';
import { sameIdentity } from '../manifests/verify-manifest';

/**
 * Reads a report and proves that it is of the patient of the call.
 * @throws IdentityDiffers, or GatewayError `exams.report-unreadable`
 */
export function verifyReport(bytes: Buffer | undefined, patient: CalledPatient): ImagingReport {
  if (!bytes) throw new GatewayError(examErrors.notFound, { detail: 'the repository did not give the document' });
  const parsed = parseImagingReport(bytes);
  if (!parsed.ok) throw new GatewayError(examErrors.reportUnreadable, { detail: parsed.reason });
  sameIdentity(patient, traitsOfReport(parsed.value));
  return parsed.value;
}
