import type { DataSource, EntityManager } from 'typeorm';
import { activeStates } from '../state/publication-state';
import type { Publication } from './publication';
import { rowsOf } from './publication.mapper';

/** States of which a worker still has something to do, as SQL. */
export const activeList = `('${activeStates.join("', '")}')`;

/** What the events of one study say together; nothing is changed here. */
export class StudyEvents {
  constructor(private readonly dataSource: DataSource) {}

  /** Whether the last report about a study before this event asked for its deletion; refused changes of visibility do not count. */
  async followsDeletion({ id, studyInstanceUid }: Pick<Publication, 'id' | 'studyInstanceUid'>): Promise<boolean> {
    const found: unknown = await this.dataSource.query(
      `SELECT kind FROM publication WHERE study_instance_uid = $1 AND trigger = 'report' AND id < $2
         AND NOT (kind = 'visibility' AND state = 'refused') ORDER BY id DESC LIMIT 1`,
      [studyInstanceUid, id],
    );
    return rowsOf(found)[0]?.kind === 'deletion';
  }

  /** Manifests of this study that the registry may hold, newest first. */
  async mayBeRegistered(studyInstanceUid: string, manager: EntityManager = this.dataSource.manager): Promise<string[]> {
    const found: unknown = await manager.query(
      `SELECT kos_sop_instance_uid AS uid FROM publication WHERE study_instance_uid = $1 AND kos_sop_instance_uid IS NOT NULL
         AND kind <> 'deletion' AND (state = 'published' OR may_be_registered) ORDER BY id DESC LIMIT 20`,
      [studyInstanceUid],
    );
    return rowsOf<{ uid: string }>(found).map(({ uid }) => uid);
  }

  /** Whether the study has an event whose publication is still to come. */
  async hasActive(studyInstanceUid: string, manager: EntityManager): Promise<boolean> {
    const found: unknown = await manager.query(
      `SELECT 1 FROM publication WHERE study_instance_uid = $1 AND state IN ${activeList} LIMIT 1`,
      [studyInstanceUid],
    );
    return rowsOf(found).length > 0;
  }

  /** Whether a later report of the same study is to come or under way. */
  async hasLaterReport(
    { id, studyInstanceUid }: Pick<Publication, 'id' | 'studyInstanceUid'>,
    manager: EntityManager,
  ): Promise<boolean> {
    const found: unknown = await manager.query(
      `SELECT 1 FROM publication WHERE study_instance_uid = $1 AND id > $2 AND trigger = 'report' AND state IN ${activeList} LIMIT 1`,
      [studyInstanceUid, id],
    );
    return rowsOf(found).length > 0;
  }

  /** Whether a deletion of the study was asked for and is not done: to come, under way, or parked. */
  async awaitsDeletion(studyInstanceUid: string, manager: EntityManager): Promise<boolean> {
    const found: unknown = await manager.query(
      `SELECT 1 FROM publication WHERE study_instance_uid = $1 AND kind = 'deletion'
         AND (state IN ${activeList} OR state IN ('refused', 'dead')) LIMIT 1`,
      [studyInstanceUid],
    );
    return rowsOf(found).length > 0;
  }
}
