import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { type AuditActor, type AuditEvent, AuditTrail } from '../../audit';
import type { ErrorEntry, GatewayError } from '../../platform/errors';
import type { Ins } from '../../standards/identity';
import { ConsumerSeal } from '../context';
import { subjectOf } from '../retrieval';
import type { ImportTally } from './import-run';
import { transferErrors } from './transfer.errors';
import type { ImportRequest, TransferState } from './transfer.types';

interface Subject {
  readonly actor: AuditActor;
  readonly patient?: Ins;
}

/** How a run ended, told by the process that ran it. */
export interface ImportEnd {
  readonly state: TransferState;
  readonly tally: Pick<ImportTally, 'stored' | 'failed' | 'converted' | 'bytes'>;
  readonly failure?: GatewayError;
  readonly durationMs: number;
}

/** A run whose process could not tell its end: what the tables know of it. */
export interface LeftImport {
  readonly id: string;
  readonly state: TransferState;
  readonly studyInstanceUid: string;
  readonly manifestUid: string;
  readonly pacsId: string;
  readonly subject?: Buffer;
  readonly stored: number;
  readonly failed: number;
  readonly converted: number;
  readonly bytes: number;
}

const ownerOf = (id: string) => `transfer ${id}`;

/**
 * What the trail tells of imports, each line in the transaction of what it tells. Whom an import concerns is kept sealed beside it
 * until its end is told: the process that runs it may die.
 */
@Injectable()
export class ImportTrail {
  constructor(
    private readonly audit: AuditTrail,
    private readonly seal: ConsumerSeal,
  ) {}

  subject(id: string, { exam }: Pick<ImportRequest, 'exam'>): Buffer {
    const { actor, patient } = subjectOf(exam);
    return this.seal.seal(Buffer.from(JSON.stringify({ actor, patient } satisfies Subject)), ownerOf(id));
  }

  async started(
    { exam }: Pick<ImportRequest, 'exam'>,
    { instances, facts }: Pick<AuditEvent, 'instances' | 'facts'>,
    manager: EntityManager,
  ): Promise<void> {
    const event = { kind: 'transfer.started', outcome: 'success', ...subjectOf(exam), instances, facts } as const;
    await this.audit.record(event, manager);
  }

  async ended(
    { exam, pacsId }: Pick<ImportRequest, 'exam'> & { readonly pacsId: string },
    { state, tally, failure, durationMs }: ImportEnd,
    manager: EntityManager,
  ): Promise<void> {
    const { stored: instances, bytes, failed, converted } = tally;
    await this.audit.record(
      {
        kind: 'transfer.imported',
        outcome: state === 'done' ? 'success' : 'failure',
        ...subjectOf(exam),
        instances,
        bytes,
        durationMs,
        errorCode: failure?.code,
        facts: { pacs: pacsId, failed, converted, state },
      },
      manager,
    );
  }

  /** How long the run took is not known. */
  async left(found: LeftImport, manager: EntityManager): Promise<void> {
    const { state, studyInstanceUid, manifestUid, pacsId, stored: instances, bytes, failed, converted } = found;
    const error: ErrorEntry = state === 'cancelled' ? transferErrors.cancelled : transferErrors.interrupted;
    await this.audit.record(
      {
        kind: 'transfer.imported',
        outcome: 'failure',
        ...this.openSubject(found),
        studyInstanceUid,
        documentUniqueId: manifestUid,
        instances,
        bytes,
        errorCode: error.code,
        facts: { pacs: pacsId, failed, converted, state, processEnded: true },
      },
      manager,
    );
  }

  private openSubject({ id, subject }: Pick<LeftImport, 'id' | 'subject'>): Subject {
    const opened = subject && this.seal.open(subject, ownerOf(id));
    return opened ? (JSON.parse(opened.toString()) as Subject) : { actor: {} };
  }
}
