import { GatewayError } from '../../../platform/errors';
import { insNatureOf } from '../../../standards/identity';
import { readManifest, type Manifest } from '../../../standards/manifest';
import { referencesOf, type DocumentEntry } from '../../../standards/xds';
import type { CalledPatient } from '../../context';
import { examErrors } from '../exams.errors';
import { traitsOfEntry, traitsOfManifest } from '../identity/claimed-traits';
import { compareTraits, type TraitDifference, type TraitName } from '../identity/compare-traits';

/** A document whose patient is not the one of the call. The differences are for the screen only: they name people. */
export class IdentityDiffers extends GatewayError {
  constructor(readonly differences: readonly TraitDifference[]) {
    super(examErrors.identityDiffers, { detail: differences.map(({ trait }) => trait).join(', ') });
  }
}

export interface VerifiedManifest {
  readonly manifest: Manifest;
  /** Strict traits that the manifest does not tell: shown, not blocking. */
  readonly absentTraits: readonly TraitName[];
}

const unreadable = (detail: string): GatewayError => new GatewayError(examErrors.manifestUnreadable, { detail });

/**
 * Without the hash of its entry nothing proves that a document is the one that was published: XDS requires it of each approved
 * one (ITI TF-3, table 4.2.3.2-1), manifest or report.
 */
export const cannotBeProven = ({ hash }: Pick<DocumentEntry, 'hash'>): GatewayError | undefined =>
  hash ? undefined : new GatewayError(examErrors.unproven);

/** Throws when the traits differ from those of the call, or when the document does not even name its INS. */
export function sameIdentity(
  patient: CalledPatient,
  claimed: Parameters<typeof compareTraits>[1],
): readonly TraitName[] {
  const { differences, absent } = compareTraits(patient, claimed);
  if (differences.length > 0) throw new IdentityDiffers(differences);
  if (absent.includes('ins')) throw new IdentityDiffers([{ trait: 'ins', called: patient.ins.matricule, found: '' }]);
  return absent;
}

/**
 * Metadata of an archive must not name another patient than its documents. They may know the patient by a number of some hospital:
 * then the other traits are compared.
 * @throws IdentityDiffers
 */
export function sameEntry(patient: CalledPatient, entry: DocumentEntry): void {
  const claimed = traitsOfEntry(entry);
  const ins = claimed.ins && insNatureOf(claimed.ins.oid) ? claimed.ins : undefined;
  const { differences } = compareTraits(patient, { ...claimed, ins });
  if (differences.length > 0) throw new IdentityDiffers(differences);
}

/**
 * Reads a manifest whose bytes were already proven against the hash of their entry, and proves that it is the one of the entry,
 * of the study that the entry names, and of the patient of the call.
 * @throws IdentityDiffers, or GatewayError `exams.manifest-unreadable`
 */
export function verifyManifest(bytes: Buffer, patient: CalledPatient, entry?: DocumentEntry): VerifiedManifest {
  const read = readManifest(bytes);
  if (!read.ok) throw unreadable(`${read.reason}: ${read.detail}`);
  const { manifest } = read;
  if (entry && manifest.sopInstanceUid !== entry.uniqueId) throw unreadable('not the SOP instance of its entry');
  const studies = entry ? referencesOf(entry.referenceIdList, 'studyInstanceUid').map(({ value }) => value) : [];
  if (studies.length > 0 && !manifest.studies.every(({ studyInstanceUid }) => studies.includes(studyInstanceUid)))
    throw unreadable('a study that its entry does not name');
  return { manifest, absentTraits: sameIdentity(patient, traitsOfManifest(manifest)) };
}

export const instanceCountOf = (manifest: Manifest): number =>
  manifest.studies.reduce(
    (sum, { series }) => sum + series.reduce((count, { instances }) => count + instances.length, 0),
    0,
  );
