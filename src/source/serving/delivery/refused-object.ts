import { GatewayError } from '../../../platform/errors';
import type { DicomRefusal } from '../../../standards/dicom';
import { servingErrors } from '../serving.errors';

/** The catalogue's error for an object that cannot be sent; the detail names the object and the reason, never a value. */
export function refusedObject(sopInstanceUid: string | undefined, refusal: DicomRefusal): GatewayError {
  const entry =
    refusal.reason === 'patient-contradicted' ? servingErrors.patientContradicted : servingErrors.objectUnreadable;
  return new GatewayError(entry, { cause: refusal, detail: `${sopInstanceUid}: ${refusal.reason}` });
}
