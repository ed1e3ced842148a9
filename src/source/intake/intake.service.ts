import { randomUUID } from 'node:crypto';
import { Inject, Injectable, OnModuleInit } from '@nestjs/common';
import { DataSource, EntityManager } from 'typeorm';
import { AuditTrail } from '../../audit';
import { MessageHandler, ReceivedMessage, risConfig, RisListener } from '../../connectors/ris';
import { ConfigOf } from '../../platform/config';
import { describeCause, platformErrors } from '../../platform/errors';
import { Logger } from '../../platform/logging';
import { counter } from '../../platform/metrics';
import { insNatures } from '../../standards/identity';
import { AckCode, AckFault, ackSubjectOf, encodeMessage, writeAck } from '../../standards/hl7v2';
import { admitHeader, OpenedMessage, openMessage } from './admission/header';
import { admitFlags, admitReport } from './admission/report';
import { admitStudyChanges } from './admission/study-change';
import { intakeConfig } from './intake.config';
import { IntakeMessageRepository, IntakeRecord } from './intake-message.repository';
import { IntakeRefusal } from './intake-refusal';
import { PublicationRequests, RequestOrigin } from './publication-requests';
import { actorOf, originOf, recordOf, Verdict } from './verdict';

const messages = counter('intake_messages_total', 'HL7 messages by outcome', ['outcome'] as const);

/** Takes messages: judge, store with its request and its audit in one transaction, then acknowledge. */
@Injectable()
export class IntakeService implements MessageHandler, OnModuleInit {
  private readonly logger = new Logger('intake');
  private readonly insOids: readonly string[];

  constructor(
    @Inject(risConfig.token) private readonly ris: ConfigOf<typeof risConfig>,
    @Inject(intakeConfig.token) private readonly config: ConfigOf<typeof intakeConfig>,
    private readonly dataSource: DataSource,
    private readonly repository: IntakeMessageRepository,
    private readonly requests: PublicationRequests,
    private readonly trail: AuditTrail,
    private readonly listener: RisListener,
  ) {
    this.insOids = config.insNatures.map((nature) => insNatures[nature]);
  }

  onModuleInit(): void {
    this.listener.register(this);
  }

  async receive(received: ReceivedMessage): Promise<Buffer> {
    const { opened, verdict } = this.judge(received);
    try {
      const storing = this.dataSource.transaction((manager) => this.keep(received, opened, verdict, manager));
      return await within(this.config.storeMsMax, storing);
    } catch (error) {
      messages.inc({ outcome: 'failed' });
      this.logger.error(
        { cause: describeCause(error), controlId: opened?.messageControlId },
        'a message could not be stored',
      );
      const text = platformErrors.databaseUnavailable.caller;
      return this.acknowledge(opened, 'AR', [{ condition: 207, text }]);
    }
  }

  /** Pure judgement: the same message and settings give the same verdict. */
  private judge(received: ReceivedMessage): { opened?: OpenedMessage; verdict: Verdict } {
    let opened: OpenedMessage | undefined;
    try {
      opened = openMessage(received);
      const overrides = admitHeader(opened, { senders: this.ris.senders, processingIds: this.config.processingIds });
      if (opened.type === 'OMI') {
        return { opened, verdict: { outcome: 'study-change', changes: admitStudyChanges(opened) } };
      }
      const flags = admitFlags(opened, overrides);
      if (!flags.destDmp) return { opened, verdict: { outcome: 'not-for-dmp' } };
      const admitted = admitReport(opened, flags, { overrides, insOids: this.insOids });
      return { opened, verdict: { outcome: 'report', admitted } };
    } catch (error) {
      if (error instanceof IntakeRefusal) return { opened, verdict: { outcome: 'refused', refusal: error } };
      throw error;
    }
  }

  private async keep(
    received: ReceivedMessage,
    opened: OpenedMessage | undefined,
    verdict: Verdict,
    manager: EntityManager,
  ): Promise<Buffer> {
    const refusal = verdict.outcome === 'refused' ? verdict.refusal : undefined;
    const answer = this.acknowledge(opened, refusal ? 'AE' : 'AA', refusal ? [refusal.toFault()] : []);
    const record = recordOf(received, opened, verdict, answer);
    const stored = await this.repository.store(record, manager);
    const actor = actorOf(record);
    const facts = { messageControlId: record.messageControlId, messageType: record.messageType, messageId: stored.id };
    if (!stored.stored) {
      await this.trail.record({ kind: 'intake.duplicate', outcome: 'success', actor, facts }, manager);
      messages.inc({ outcome: 'duplicate' });
      this.logger.info(facts, 'a message was sent again; it is answered as before');
      return stored.acknowledgement;
    }
    if (stored.controlIdReused) {
      await this.trail.record({ kind: 'intake.control-id-reused', outcome: 'success', actor, facts }, manager);
      this.logger.warn(facts, 'the sender used a control id again for another message; both are taken');
    }
    await this.submit(verdict, { ...originOf(record), messageId: stored.id }, manager);
    await this.audit(verdict, record, facts, manager);
    messages.inc({ outcome: record.outcome });
    return answer;
  }

  private async submit(verdict: Verdict, origin: RequestOrigin, manager: EntityManager): Promise<void> {
    if (verdict.outcome === 'study-change') {
      for (const change of verdict.changes)
        await this.requests.submit({ kind: 'study-change', origin, ...change }, manager);
    }
    if (verdict.outcome === 'report') {
      const { decision, ...admitted } = verdict.admitted;
      await this.requests.submit({ kind: decision.kind, origin, ...admitted }, manager);
    }
  }

  private async audit(
    verdict: Verdict,
    record: IntakeRecord,
    facts: Record<string, string>,
    manager: EntityManager,
  ): Promise<void> {
    const actor = actorOf(record);
    if (verdict.outcome === 'refused') {
      const errorCode = verdict.refusal.code;
      await this.trail.record({ kind: 'intake.refused', outcome: 'refused', actor, errorCode, facts }, manager);
      this.logger.warn({ ...facts, errorCode, detail: verdict.refusal.detail }, 'a message was refused');
      return;
    }
    if (verdict.outcome === 'not-for-dmp') {
      await this.trail.record({ kind: 'intake.not-for-dmp', outcome: 'success', actor, facts }, manager);
      return;
    }
    const report = verdict.outcome === 'report' ? verdict.admitted : undefined;
    const patient = report?.report.patient.ins;
    for (const contradiction of record.warnings) {
      await this.trail.record(
        { kind: 'intake.contradictory', outcome: 'success', actor, patient, facts: { ...facts, contradiction } },
        manager,
      );
      this.logger.warn({ ...facts, contradiction }, 'a message contradicts itself');
    }
    for (const studyInstanceUid of record.studyInstanceUids) {
      const kind = record.kind ?? '';
      await this.trail.record(
        { kind: 'intake.accepted', outcome: 'success', actor, patient, studyInstanceUid, facts: { ...facts, kind } },
        manager,
      );
    }
    this.logger.info({ ...facts, kind: record.kind, exams: record.studyInstanceUids.length }, 'a message was accepted');
  }

  private acknowledge(opened: OpenedMessage | undefined, code: AckCode, faults: readonly AckFault[]): Buffer {
    const charset = opened?.decoded.charset ?? 'UNICODE UTF-8';
    const controlId = randomUUID().replaceAll('-', '').slice(0, 20);
    const subject = ackSubjectOf(opened?.message);
    return encodeMessage(writeAck({ subject, code, faults, at: new Date(), controlId, charset }), charset);
  }
}

/**
 * Gives up waiting after a time. What is given up may still be stored later: the sender, told to send again, is then answered
 * as for any repeated message.
 */
async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`the database did not answer within ${ms} ms`)), ms);
  });
  work.catch(() => undefined);
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
