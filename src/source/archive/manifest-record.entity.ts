import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { ManifestContent, ManifestIdentity, ManifestCode, ManifestPatient } from '../../standards/manifest';

export type ManifestStatus = 'current' | 'replaced' | 'withdrawn';

/** What a manifest says, without its patient. */
export type StoredContent = Omit<ManifestContent, 'patient'> & ManifestIdentity & { title: ManifestCode };

/** One manifest of the local archive. A partial unique index keeps one current manifest per study at most. */
@Entity('source_manifest')
export class ManifestRecord {
  /** SOP Instance UID of the KOS: the `KOS-SOPInstanceUID` of WADO-RS, the uniqueId of the DMP document. */
  @PrimaryColumn({ name: 'kos_sop_instance_uid', type: 'varchar', length: 64 })
  kosSopInstanceUid!: string;

  @Column({ name: 'study_instance_uid', type: 'varchar', length: 64 })
  studyInstanceUid!: string;

  @Column({ type: 'text' })
  status!: ManifestStatus;

  @Column({ name: 'created_at', type: 'timestamptz', default: () => 'now()' })
  createdAt!: Date;

  @Column({ name: 'replaced_at', type: 'timestamptz', nullable: true })
  replacedAt!: Date | null;

  @Column({ name: 'withdrawn_at', type: 'timestamptz', nullable: true })
  withdrawnAt!: Date | null;

  /** Since when the current manifest is no longer served, although the registry may still hold it. */
  @Column({ name: 'serving_ended_at', type: 'timestamptz', nullable: true })
  servingEndedAt!: Date | null;

  @Column({ name: 'patient_matricule', type: 'text' })
  patientMatricule!: string;

  @Column({ name: 'patient_oid', type: 'text' })
  patientOid!: string;

  @Column({ type: 'jsonb' })
  patient!: ManifestPatient;

  @Column({ type: 'jsonb' })
  content!: StoredContent;

  /** The DICOM file as published; loaded only when asked for. */
  @Column({ type: 'bytea', select: false })
  raw!: Buffer;

  @Column({ type: 'varchar', length: 64 })
  sha256!: string;

  @Column({ name: 'accession_numbers', type: 'text', array: true })
  accessionNumbers!: string[];

  /** Identifiers of the reports, as the source viewer's `idCDA` writes them: `<root>` or `<root>_<extension>`. */
  @Column({ name: 'cda_ids', type: 'text', array: true })
  cdaIds!: string[];

  /** The PACS that held the study when its manifest was made. */
  @Column({ name: 'pacs_id', type: 'text', nullable: true })
  pacsId!: string | null;

  /** What an update that comes from the PACS needs of the previous submission (author, VIHF); owned by publication. */
  @Column({ name: 'publication_context', type: 'jsonb', nullable: true })
  publicationContext!: Record<string, unknown> | null;
}
