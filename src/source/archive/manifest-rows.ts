import { GatewayError } from '../../platform/errors';
import { Manifest, readManifest } from '../../standards/manifest';
import { archiveErrors } from './archive.errors';
import type { ArchivedManifest, PutOptions } from './archive.types';
import type { ManifestRecord } from './manifest-record.entity';

/** A manifest about to be stored. */
export interface GivenManifest {
  readonly raw: Buffer;
  readonly manifest: Manifest;
  readonly studyInstanceUid: string;
  readonly options: PutOptions;
}

/** @throws GatewayError `notAManifest` */
export function readable(raw: Buffer): Manifest {
  const read = readManifest(raw);
  if (read.ok) return read.manifest;
  throw new GatewayError(archiveErrors.notAManifest, { detail: `${read.reason}: ${read.detail}` });
}

/** The archive serves by study and by INS: it takes manifests of exactly one study, with an INS. */
export function onlyStudyOf(manifest: Manifest): string {
  const [study, another] = manifest.studies;
  if (!study || another) throw new GatewayError(archiveErrors.notAManifest, { detail: 'it lists several studies' });
  if (!manifest.patient.ins) throw new GatewayError(archiveErrors.notAManifest, { detail: 'it has no INS' });
  return study.studyInstanceUid;
}

/** The row of a manifest that becomes the current one. */
export function recordOf(given: GivenManifest, sha256: string): Partial<ManifestRecord> {
  const { patient, ...content } = given.manifest;
  const accessions = content.studies.flatMap((study) => study.requests.map((request) => request.accession?.value));
  return {
    kosSopInstanceUid: given.manifest.sopInstanceUid,
    studyInstanceUid: given.studyInstanceUid,
    status: 'current',
    replacedAt: null,
    withdrawnAt: null,
    servingEndedAt: null,
    patientMatricule: patient.ins?.matricule,
    patientOid: patient.ins?.oid,
    patient,
    content,
    raw: given.raw,
    sha256,
    accessionNumbers: [...new Set(accessions.filter((value) => value !== undefined))],
    cdaIds: [...(given.options.cdaIds ?? [])],
    pacsId: given.options.pacsId ?? null,
    publicationContext: given.options.publicationContext ?? null,
  };
}

/** The manifest of a row. */
export function archived(record: ManifestRecord | null): ArchivedManifest | undefined {
  if (!record) return undefined;
  return {
    kosSopInstanceUid: record.kosSopInstanceUid,
    studyInstanceUid: record.studyInstanceUid,
    status: record.status,
    createdAt: record.createdAt,
    replacedAt: record.replacedAt ?? undefined,
    withdrawnAt: record.withdrawnAt ?? undefined,
    servingEndedAt: record.servingEndedAt ?? undefined,
    manifest: { ...record.content, patient: record.patient },
    sha256: record.sha256,
    accessionNumbers: record.accessionNumbers,
    cdaIds: record.cdaIds,
    pacsId: record.pacsId ?? undefined,
    publicationContext: record.publicationContext ?? undefined,
  };
}
