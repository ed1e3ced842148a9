import { Injectable } from '@nestjs/common';
import { GatewayError } from '../../../platform/errors';
import { STATUS } from '../../../standards/xds';
import { ManifestArchive } from '../../archive';
import { isOfAnotherPatient, reportOf } from '../archived-report';
import { DmpFailure, failureOf } from '../dmp/dmp-failure';
import { DmpSteps } from '../dmp/dmp-steps';
import { publicationErrors } from '../publication.errors';
import type { Draft, Publication } from '../store/publication';
import { PublicationRepository } from '../store/publication.repository';
import { Settlement } from './settlement';

/** What a step towards the DMP says to the worker beside its result. */
export interface DmpOutage {
  readonly outage: boolean;
}

export interface StepResult extends DmpOutage {
  readonly next?: Publication;
}

const answered: StepResult = { outage: false };
const duplicate = 'XDSDuplicateUniqueIdInRegistry';

/** From `to-publish` by `publishing` to an end: asks the registry what it holds, submits, records. */
@Injectable()
export class PublishStep {
  constructor(
    private readonly publications: PublicationRepository,
    private readonly archive: ManifestArchive,
    private readonly dmp: DmpSteps,
    private readonly settlement: Settlement,
  ) {}

  async run(held: Publication, signal: AbortSignal): Promise<StepResult> {
    if (!held.draft) throw new Error('a publication without its draft');
    if (held.state === 'to-publish') return this.announce(held, held.draft, signal);
    return held.action === 'withdraw'
      ? this.withdraw(held, held.draft, signal)
      : this.publish(held, held.draft, signal);
  }

  /** Finds the entry to replace or to delete, writes the metadata, keeps them, and only then is `publishing`. */
  private async announce(held: Publication, draft: Draft, signal: AbortSignal): Promise<StepResult> {
    const obstacle = await this.leaveOtherPatient(held, draft, signal);
    if (obstacle) return obstacle;
    const target = await this.dmp.findTarget(draft.report, await this.candidates(held), signal);
    const failure = failureOf(target);
    if (failure) return this.failed(held, failure, false);
    const entry = target.kind === 'accepted' ? target.value : undefined;
    if (held.action === 'withdraw') {
      if (!entry) {
        await this.settlement.withdrawn(held, { reason: { code: 'not-in-registry' } });
        return answered;
      }
      const submission = this.dmp.withdrawal(draft.report, entry);
      const change = { submission, kosSopInstanceUid: entry.uniqueId };
      return { next: await this.publications.move(held, { to: 'publishing', change }), outage: false };
    }
    if (!held.kos) throw new Error('a publication without its manifest');
    const submission = this.dmp.submission(draft.report, held.kos, entry?.entryUuid);
    const change = { submission, action: entry ? ('replace' as const) : ('publish' as const) };
    return { next: await this.publications.move(held, { to: 'publishing', change }), outage: false };
  }

  /**
   * An identity was corrected: before the manifest goes into the record of the right patient, the one in the record of the
   * other is deleted there (a registry replaces nothing across patients). Asked anew each time, so that it may be cut anywhere.
   */
  private async leaveOtherPatient(
    held: Publication,
    draft: Draft,
    signal: AbortSignal,
  ): Promise<StepResult | undefined> {
    const current = await this.archive.current(held.studyInstanceUid);
    if (!current || !isOfAnotherPatient(current, draft.report)) return undefined;
    const before = reportOf(current);
    if (!before) throw new GatewayError(publicationErrors.noContext);
    const { kosSopInstanceUid: documentUniqueId, studyInstanceUid } = current;
    const target = await this.dmp.findTarget(before, [documentUniqueId], signal);
    const failure = failureOf(target);
    if (failure) return this.failed(held, failure, false);
    const entry = target.kind === 'accepted' ? target.value : undefined;
    if (entry) {
      const submission = this.dmp.withdrawal(before, entry);
      const deleted = await this.dmp.withdraw(before, { submission, documentUniqueId, studyInstanceUid }, signal);
      const refusal = failureOf(deleted);
      if (refusal) return this.failed(held, refusal, false);
    }
    await this.settlement.leftOtherPatient(held, { documentUniqueId, report: before });
    return undefined;
  }

  private async publish(held: Publication, draft: Draft, signal: AbortSignal): Promise<StepResult> {
    const { kos, submission, studyInstanceUid } = held;
    if (!kos || !submission) throw new Error('a publication without its submission');
    if (held.mayBeRegistered) {
      const known = await this.askRegistry(held, draft, signal);
      if (known) return known;
    }
    await this.publications.markLeaving(held);
    const outcome = await this.dmp.provide(draft.report, { submission, kos, studyInstanceUid }, signal);
    const failure = failureOf(outcome);
    if (!failure) {
      await this.settlement.published(held, outcome.messageId);
      return answered;
    }
    const perhaps = outcome.kind === 'partial' || failure.reason.code === duplicate;
    return (
      (perhaps ? await this.askRegistry(held, draft, signal) : undefined) ??
      this.failed(held, failure, failure.mayBeDone)
    );
  }

  /** Whether the registry holds this very manifest: then it is settled. Undefined when it does not. */
  private async askRegistry(held: Publication, draft: Draft, signal: AbortSignal): Promise<StepResult | undefined> {
    const uniqueId = held.kosSopInstanceUid ?? '';
    const asked = await this.dmp.findEntry(draft.report, uniqueId, signal);
    const failure = failureOf(asked);
    if (failure) return this.failed(held, failure, true);
    const entry = asked.kind === 'accepted' ? asked.value : undefined;
    if (!entry) return undefined;
    const ours = held.submission?.documentEntries.find((one) => one.uniqueId === uniqueId);
    const same = entry.hash === undefined || entry.hash.toLowerCase() === ours?.hash;
    if (entry.availabilityStatus === STATUS.approved && same) {
      await this.settlement.published(held, asked.messageId, { code: 'found-in-registry' });
    } else {
      const reason = { code: publicationErrors.notApproved.code, detail: entry.availabilityStatus };
      await this.settlement.refused(held, reason, { messageId: asked.messageId, mayBeRegistered: false });
    }
    return answered;
  }

  private async withdraw(held: Publication, draft: Draft, signal: AbortSignal): Promise<StepResult> {
    const { submission, studyInstanceUid, kosSopInstanceUid: documentUniqueId } = held;
    if (!submission) throw new Error('a withdrawal without its submission');
    if (held.mayBeRegistered) {
      const known = await this.askDeleted(held, draft, signal);
      if (known) return known;
    }
    await this.publications.markLeaving(held);
    const outcome = await this.dmp.withdraw(draft.report, { submission, documentUniqueId, studyInstanceUid }, signal);
    const failure = failureOf(outcome);
    if (failure) {
      const known = failure.kind === 'refused' ? await this.askDeleted(held, draft, signal) : undefined;
      return known ?? this.failed(held, failure, failure.mayBeDone);
    }
    await this.settlement.withdrawn(held, { messageId: outcome.messageId });
    return answered;
  }

  /** Whether the document is gone already: then it is settled. Undefined when it is still there. */
  private async askDeleted(held: Publication, draft: Draft, signal: AbortSignal): Promise<StepResult | undefined> {
    const asked = await this.dmp.findEntry(draft.report, held.kosSopInstanceUid ?? '', signal);
    const failure = failureOf(asked);
    if (failure) return this.failed(held, failure, true);
    const entry = asked.kind === 'accepted' ? asked.value : undefined;
    if (entry?.availabilityStatus === STATUS.approved) return undefined;
    await this.settlement.withdrawn(held, { messageId: asked.messageId, reason: { code: 'not-in-registry' } });
    return answered;
  }

  /** Manifests of the study that the registry may hold: those we sent, and the one in the archive. */
  private async candidates(held: Publication): Promise<string[]> {
    const sent = await this.publications.ofStudy.mayBeRegistered(held.studyInstanceUid);
    const current = await this.archive.current(held.studyInstanceUid);
    const all = new Set([...sent, ...(current ? [current.kosSopInstanceUid] : [])]);
    if (held.kosSopInstanceUid) all.delete(held.kosSopInstanceUid);
    return [...all];
  }

  private async failed(held: Publication, failure: DmpFailure, mayBeRegistered: boolean): Promise<StepResult> {
    const { kind, reason, messageId, outage } = failure;
    if (kind === 'refused') await this.settlement.refused(held, reason, { messageId, mayBeRegistered });
    else await this.settlement.later(held, reason, { messageId, mayBeRegistered });
    return { outage };
  }
}
