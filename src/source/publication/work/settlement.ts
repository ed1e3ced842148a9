import { Inject, Injectable } from '@nestjs/common';
import { DataSource, EntityManager } from 'typeorm';
import { AuditKind, AuditOutcome, AuditTrail } from '../../../audit';
import { ConfigOf } from '../../../platform/config';
import { Logger } from '../../../platform/logging';
import { ManifestArchive } from '../../archive';
import { OID, type Submission } from '../../../standards/xds';
import type { ReportRequest } from '../../intake';
import { publicationConfig } from '../publication.config';
import { publicationDuration, publicationOutcomes } from '../publication.metrics';
import { retryDelayMs } from '../state/retry-delay';
import type { Publication, PublicationChange, PublicationContext, Reason } from '../store/publication';
import { tell } from '../store/publication-history';
import { PublicationRepository } from '../store/publication.repository';

/** How a publication ends, or is put off: state, archive, history and audit in one transaction. */
@Injectable()
export class Settlement {
  private readonly logger = new Logger('publication');

  constructor(
    private readonly dataSource: DataSource,
    private readonly publications: PublicationRepository,
    private readonly archive: ManifestArchive,
    private readonly trail: AuditTrail,
    @Inject(publicationConfig.token) private readonly config: ConfigOf<typeof publicationConfig>,
  ) {}

  /**
   * What is registered must leave the registry, or the record of a patient whose study it is not: the event goes on to the DMP,
   * and the manifest in the archive is served no more, even while the DMP is away.
   */
  async leaving(held: Publication, change: PublicationChange, reason?: Reason): Promise<Publication> {
    return this.dataSource.transaction(async (manager) => {
      const next = await this.publications.move(held, { to: 'to-publish', change, reason }, manager);
      await this.archive.endServing(held.studyInstanceUid, manager);
      return next;
    });
  }

  /** The registry holds the manifest: from the commit on it is the one that is served. */
  async published(held: Publication, messageId: string | undefined, reason?: Reason): Promise<void> {
    const { kos, draft } = held;
    if (!kos || !draft) throw new Error('a publication without its manifest');
    const context: PublicationContext = { version: 1, report: draft.report };
    await this.dataSource.transaction(async (manager) => {
      await this.publications.move(
        held,
        { to: 'published', messageId, reason, change: { mayBeRegistered: false } },
        manager,
      );
      await this.publications.settleEarlier(held, 'replaced', manager);
      const kept = { replaces: 'any', cdaIds: draft.cdaIds, pacsId: held.pacsId, publicationContext: { ...context } };
      await this.archive.put(kos, kept, manager);
      // Asked for while this one was on its way, or parked: what it is about must not be served meanwhile.
      if (await this.publications.ofStudy.awaitsDeletion(held.studyInstanceUid, manager)) {
        await this.archive.endServing(held.studyInstanceUid, manager);
      }
      await this.audit('publication.published', 'success', held, manager);
    });
    this.done(held, 'published');
  }

  /** The registry holds no manifest of the study any more, or never did. */
  async withdrawn(held: Publication, given: { messageId?: string; reason?: Reason }): Promise<void> {
    await this.dataSource.transaction(async (manager) => {
      await this.publications.move(held, { to: 'withdrawn', ...given, change: { mayBeRegistered: false } }, manager);
      await this.publications.settleEarlier(held, 'withdrawn', manager);
      await this.archive.withdraw(held.studyInstanceUid, manager);
      await this.audit('publication.withdrawn', 'success', held, manager);
    });
    this.done(held, 'withdrawn');
  }

  /** The manifest is no longer in the record of the patient for whom it was published by mistake. */
  async leftOtherPatient(
    held: Publication,
    before: { documentUniqueId: string; report: ReportRequest },
  ): Promise<void> {
    const { documentUniqueId: kosSopInstanceUid, report } = before;
    await this.dataSource.transaction(async (manager) => {
      const reason = { code: 'other-patient', detail: kosSopInstanceUid };
      await this.publications.settleEarlier(held, 'withdrawn', manager);
      await this.archive.withdraw(held.studyInstanceUid, manager);
      await tell(manager, { id: held.id, from: held.state, to: held.state, reason });
      const about = { ...held, kosSopInstanceUid, instances: undefined, draft: { report, cdaIds: [] } };
      await this.audit('publication.withdrawn', 'success', about, manager);
    });
    this.logger.warn({ publication: held.id }, 'a manifest was deleted from the record of another patient');
  }

  /** The images are those of the manifest that is published already. */
  async unchanged(held: Publication, kosSopInstanceUid: string): Promise<void> {
    await this.dataSource.transaction(async (manager) => {
      const change = { kosSopInstanceUid };
      await this.publications.move(held, { to: 'published', reason: { code: 'unchanged' }, change }, manager);
      await this.audit('publication.unchanged', 'success', { ...held, kosSopInstanceUid }, manager);
    });
    this.done(held, 'unchanged');
  }

  /** Parked for somebody to look at; a later event of the study may pass. */
  async refused(
    held: Publication,
    reason: Reason,
    given: { messageId?: string; mayBeRegistered?: boolean } = {},
  ): Promise<void> {
    const change = { mayBeRegistered: given.mayBeRegistered };
    await this.dataSource.transaction(async (manager) => {
      await this.publications.move(held, { to: 'refused', reason, messageId: given.messageId, change }, manager);
      await this.audit('publication.refused', 'refused', held, manager, reason.code);
    });
    this.logger.warn({ publication: held.id, reason: reason.code }, 'a publication was refused');
    this.done(held, 'refused');
  }

  /** Tried again later, with growing pauses; given up after the last try. */
  async later(
    held: Publication,
    reason: Reason,
    given: { messageId?: string; mayBeRegistered?: boolean } = {},
  ): Promise<void> {
    const attempts = held.attempts + 1;
    const { messageId, mayBeRegistered } = given;
    if (attempts >= this.config.attemptsMax) return this.givenUp({ ...held, attempts }, reason, given);
    const policy = { firstMs: this.config.retryMs, ceilingMs: this.config.retryMsMax };
    const inMs = retryDelayMs(attempts, policy, Math.random());
    await this.publications.postpone(
      { ...held, attempts },
      { inMs, reason, messageId, change: { attempts, mayBeRegistered } },
    );
    publicationOutcomes.inc({ outcome: 'postponed' });
    this.logger.info(
      { publication: held.id, reason: reason.code, attempts, inMs },
      'a publication is tried again later',
    );
  }

  private async givenUp(
    held: Publication,
    reason: Reason,
    given: { messageId?: string; mayBeRegistered?: boolean },
  ): Promise<void> {
    const { messageId, mayBeRegistered } = given;
    await this.dataSource.transaction(async (manager) => {
      await this.publications.move(held, { to: 'dead', reason, messageId, change: { mayBeRegistered } }, manager);
      await this.audit('publication.given-up', 'failure', held, manager, reason.code);
    });
    this.logger.error(
      { publication: held.id, reason: reason.code, attempts: held.attempts },
      'a publication is given up',
    );
    this.done(held, 'dead');
  }

  private async audit(
    kind: AuditKind,
    outcome: AuditOutcome,
    held: Publication,
    manager: EntityManager,
    errorCode?: string,
  ): Promise<void> {
    const report = held.draft?.report ?? (held.request.type === 'report' ? held.request.report : undefined);
    await this.trail.record(
      {
        kind,
        outcome,
        actor: report
          ? { professionalId: report.sender.professionalId, structureId: report.sender.structureId }
          : { peer: held.trigger },
        patient: report?.report.patient.ins,
        studyInstanceUid: held.studyInstanceUid,
        documentUniqueId: held.kosSopInstanceUid,
        instances: held.instances,
        durationMs: Date.now() - held.receivedAt.getTime(),
        errorCode,
        facts: {
          publication: held.id,
          kind: held.kind,
          trigger: held.trigger,
          messageControlId: held.messageControlId,
          ...(held.action ? { action: held.action } : {}),
          ...modalitiesOf(held.submission),
        },
      },
      manager,
    );
  }

  private done(held: Publication, outcome: string): void {
    publicationOutcomes.inc({ outcome });
    publicationDuration.observe({ outcome }, (Date.now() - held.receivedAt.getTime()) / 1_000);
    if (outcome === 'published' || outcome === 'withdrawn' || outcome === 'unchanged') {
      this.logger.info({ publication: held.id, kind: held.kind, outcome }, 'a publication is done');
    }
  }
}

/** Modalities of the images, as the registry was told them: for the statistics. */
function modalitiesOf(submission: Submission | undefined): { modalities?: string } {
  const codes = submission?.documentEntries.flatMap((entry) => entry.eventCodeList) ?? [];
  const modalities = codes.filter(({ scheme }) => scheme === OID.modalities).map(({ code }) => code);
  return modalities.length > 0 ? { modalities: modalities.join(' ') } : {};
}
