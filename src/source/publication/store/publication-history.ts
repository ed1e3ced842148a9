import { EntityManager } from 'typeorm';
import type { PublicationState } from '../state/publication-state';
import type { Reason } from './publication';

export interface HistoryLine {
  /** The publication. */
  readonly id: string;
  readonly from?: PublicationState;
  readonly to: PublicationState;
  readonly reason?: Reason;
  /** SOAP message behind it. */
  readonly messageId?: string;
  readonly attempt?: number;
  /** Who asked for it, when somebody did. */
  readonly actor?: string;
}

/** Adds one line to a publication's history. */
export async function tell(manager: EntityManager, line: HistoryLine): Promise<void> {
  await manager.query(
    `INSERT INTO publication_history (publication_id, from_state, to_state, reason_code, reason_detail, message_id, attempt, actor)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
    [
      line.id,
      line.from ?? null,
      line.to,
      line.reason?.code ?? null,
      line.reason?.detail ?? null,
      line.messageId ?? null,
      line.attempt ?? 0,
      line.actor ?? null,
    ],
  );
}
