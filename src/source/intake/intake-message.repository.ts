import { Injectable } from '@nestjs/common';
import { EntityManager } from 'typeorm';

export type IntakeOutcome = 'accepted' | 'not-for-dmp' | 'refused';

/** One message as it is kept: what came, what was decided, what was answered. */
export interface IntakeRecord {
  readonly receivedAt: Date;
  readonly sendingApplication: string;
  readonly sendingFacility: string;
  readonly messageControlId: string;
  readonly contentSha256: Buffer;
  readonly messageType: string;
  readonly kind?: string;
  readonly outcome: IntakeOutcome;
  readonly errorCode?: string;
  readonly errorDetail?: string;
  readonly warnings: readonly string[];
  readonly studyInstanceUids: readonly string[];
  readonly address: string;
  readonly peer?: string;
  readonly correlationId: string;
  readonly raw: Buffer;
  readonly acknowledgement: Buffer;
}

export type StoreResult =
  | { readonly stored: true; readonly id: string; readonly controlIdReused: boolean }
  /** The same message was taken before: its first acknowledgement is answered again. */
  | { readonly stored: false; readonly id: string; readonly acknowledgement: Buffer };

/** Table `intake_message`. Every call is given the manager of its transaction. */
@Injectable()
export class IntakeMessageRepository {
  /**
   * Stores a message unless the same (sender, control id, content) was taken before. Two that come at once wait for each
   * other here: one is stored, the other is its duplicate.
   */
  async store(record: IntakeRecord, manager: EntityManager): Promise<StoreResult> {
    const inserted: Array<{ id: string; reused: boolean }> = await manager.query(
      `INSERT INTO intake_message (received_at, sending_application, sending_facility, message_control_id, content_sha256,
         message_type, kind, outcome, error_code, error_detail, warnings, study_instance_uids, address, peer, correlation_id,
         raw, acknowledgement)
       VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16,$17)
       ON CONFLICT (sending_application, sending_facility, message_control_id, content_sha256)
         WHERE outcome <> 'refused' DO NOTHING
       RETURNING id::text, EXISTS (SELECT 1 FROM intake_message other WHERE other.sending_application = $2
         AND other.sending_facility = $3 AND other.message_control_id = $4 AND other.content_sha256 <> $5
         AND other.outcome <> 'refused') AS reused`,
      [
        record.receivedAt,
        record.sendingApplication,
        record.sendingFacility,
        record.messageControlId,
        record.contentSha256,
        record.messageType,
        record.kind ?? null,
        record.outcome,
        record.errorCode ?? null,
        record.errorDetail ?? null,
        JSON.stringify(record.warnings),
        record.studyInstanceUids,
        record.address,
        record.peer ?? null,
        record.correlationId,
        record.raw,
        record.acknowledgement,
      ],
    );
    if (inserted[0]) return { stored: true, id: inserted[0].id, controlIdReused: inserted[0].reused };
    return { stored: false, ...(await this.first(record, manager)) };
  }

  private async first(record: IntakeRecord, manager: EntityManager): Promise<{ id: string; acknowledgement: Buffer }> {
    const rows: Array<{ id: string; acknowledgement: Buffer }> = await manager
      .query(
        `UPDATE intake_message SET repeats = repeats + 1, repeated_at = $5
       WHERE sending_application = $1 AND sending_facility = $2 AND message_control_id = $3 AND content_sha256 = $4
         AND outcome <> 'refused' RETURNING id::text, acknowledgement`,
        [
          record.sendingApplication,
          record.sendingFacility,
          record.messageControlId,
          record.contentSha256,
          record.receivedAt,
        ],
      )
      .then((result: unknown) => (Array.isArray(result) && Array.isArray(result[0]) ? result[0] : result) as never);
    return rows[0];
  }
}
