import { Injectable } from '@nestjs/common';
import { DataSource, EntityManager } from 'typeorm';
import { rowsOf } from './publication.mapper';

/** A rejection note (IOCM): what it takes away, study by study. */
export interface RejectionNote {
  readonly sopInstanceUid: string;
  readonly titleCode: string;
  readonly rejected: readonly { readonly studyInstanceUid: string; readonly sopInstanceUids: readonly string[] }[];
  readonly callingAeTitle: string;
}

/** Table `publication_rejection_note`. */
@Injectable()
export class RejectionNotes {
  constructor(private readonly dataSource: DataSource) {}

  /** False when the note was kept before. */
  async keep(note: RejectionNote, manager: EntityManager): Promise<boolean> {
    const kept: unknown = await manager.query(
      `INSERT INTO publication_rejection_note (sop_instance_uid, study_instance_uids, title_code, rejected, calling_ae_title)
       VALUES ($1, $2, $3, $4, $5) ON CONFLICT (sop_instance_uid) DO NOTHING RETURNING sop_instance_uid`,
      [
        note.sopInstanceUid,
        note.rejected.map(({ studyInstanceUid }) => studyInstanceUid),
        note.titleCode,
        JSON.stringify(note.rejected),
        note.callingAeTitle,
      ],
    );
    return rowsOf(kept).length === 1;
  }

  /** Notes about a study, oldest first. */
  async about(studyInstanceUid: string): Promise<Pick<RejectionNote, 'sopInstanceUid' | 'titleCode' | 'rejected'>[]> {
    const found: unknown = await this.dataSource.query(
      `SELECT sop_instance_uid, title_code, rejected FROM publication_rejection_note WHERE study_instance_uids @> ARRAY[$1]::text[]
       ORDER BY received_at LIMIT 1000`,
      [studyInstanceUid],
    );
    return rowsOf<{ sop_instance_uid: string; title_code: string; rejected: RejectionNote['rejected'] }>(found).map(
      (row) => ({
        sopInstanceUid: row.sop_instance_uid,
        titleCode: row.title_code,
        rejected: row.rejected,
      }),
    );
  }
}
