import type { Hl7Message, Hl7Segment } from '../../standards/hl7v2';
import type { SenderOverrides } from '../../connectors/ris';
import { intakeErrors } from './intake.errors';
import { IntakeRefusal } from './intake-refusal';

/** Wishes of the sender about the publication (code system MetaDMPMSS). */
export interface PublicationFlags {
  /** Hidden from professionals. */
  readonly masquePs: boolean;
  /** Hidden from the patient until a consultation. */
  readonly invisiblePatient: boolean;
  /** Hidden from the legal representatives of a minor. */
  readonly invisibleRepLegaux: boolean;
  /** The connection to the DMP is secret. */
  readonly connexionSecrete: boolean;
  /** Only the visibility changes. */
  readonly modifConfCode: boolean;
  /** For the DMP at all. */
  readonly destDmp: boolean;
}

/** Names of OBX-3.1, the present one first; the others are those of older profiles, a misspelling included. */
const names: Readonly<Record<keyof PublicationFlags, readonly string[]>> = {
  masquePs: ['MASQUE_PS'],
  invisiblePatient: ['INVISIBLE_PATIENT'],
  invisibleRepLegaux: ['INVISIBLE_REP_LEGAUX', 'INVISIBLE_REPRESENTANTS_LEGAUX', 'INVISIBLE_REPRENSANTS_LEGAUX'],
  connexionSecrete: ['CONNEXION_SECRETE'],
  modifConfCode: ['MODIF_CONF_CODE', 'MODIF_CONFIDENTIALITYCODE'],
  destDmp: ['DESTDMP'],
};

/**
 * Reads the flags. Who may see the document and whether it is for the DMP must be said: nothing is assumed about them (but
 * DESTDMP for a sender known to leave it out). The other two count as N when absent.
 */
export function readFlags(message: Hl7Message, overrides: SenderOverrides): PublicationFlags {
  const segments = message.all('OBX');
  const read = (flag: keyof PublicationFlags, absent?: boolean) => readFlag(segments, names[flag], absent);
  return {
    masquePs: read('masquePs'),
    invisiblePatient: read('invisiblePatient'),
    invisibleRepLegaux: read('invisibleRepLegaux'),
    connexionSecrete: read('connexionSecrete', false),
    modifConfCode: read('modifConfCode', false),
    destDmp: read('destDmp', overrides.assumeDestDmp ? true : undefined),
  };
}

function readFlag(segments: readonly Hl7Segment[], accepted: readonly string[], absent: boolean | undefined): boolean {
  const found = segments.filter((segment) => accepted.includes(segment.text(3)));
  if (found.length === 0) {
    if (absent !== undefined) return absent;
    throw new IntakeRefusal(intakeErrors.segment, `OBX ${accepted[0]} is missing`, { segment: 'OBX' });
  }
  const values = found.map((segment) => segment.text(5).toUpperCase());
  const location = { segment: 'OBX', sequence: segments.indexOf(found[0]) + 1, field: 5 };
  if (values.some((value) => value !== 'Y' && value !== 'N')) {
    throw new IntakeRefusal(intakeErrors.code, `OBX-5 of ${accepted[0]} is neither Y nor N`, location);
  }
  if (new Set(values).size > 1) {
    throw new IntakeRefusal(intakeErrors.cardinality, `OBX ${accepted[0]} says Y and N`, location);
  }
  return values[0] === 'Y';
}
