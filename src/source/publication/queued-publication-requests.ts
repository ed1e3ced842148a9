import { Inject, Injectable } from '@nestjs/common';
import { EntityManager } from 'typeorm';
import { ConfigOf } from '../../platform/config';
import { ManifestArchive } from '../archive';
import { PublicationRequest, PublicationRequests, ReportRequest, StudyChangeRequest } from '../intake';
import { cdaIdOf } from './cda-id';
import { publicationConfig } from './publication.config';
import type { KeptReport, Publication } from './store/publication';
import { PublicationRepository } from './store/publication.repository';
import { searchTextOf } from './search-text';

/** Takes what intake admitted: one publication for each study, in the transaction that stores the message. */
@Injectable()
export class QueuedPublicationRequests extends PublicationRequests {
  constructor(
    private readonly publications: PublicationRepository,
    private readonly archive: ManifestArchive,
    @Inject(publicationConfig.token) private readonly config: ConfigOf<typeof publicationConfig>,
  ) {
    super();
  }

  override async submit(request: PublicationRequest, manager: EntityManager): Promise<void> {
    if (request.kind === 'study-change') return this.studyChange(request, manager);
    const exams = [...request.exams].sort((a, b) => a.studyInstanceUid.localeCompare(b.studyInstanceUid));
    for (const exam of exams) await this.report({ ...request, exams: [exam] }, exam.studyInstanceUid, manager);
  }

  private async report(report: ReportRequest, studyInstanceUid: string, manager: EntityManager): Promise<void> {
    await this.publications.lockStudy(studyInstanceUid, manager);
    // A change of visibility says nothing about images: what waits because they changed is still to be done.
    const triggers =
      report.kind === 'visibility' ? (['report'] as const) : (['report', 'order-message', 'rejection-note'] as const);
    const unsent = await this.publications.unsent(studyInstanceUid, triggers, manager);
    // A deletion asked for is never undone by a change of visibility: it goes first, and nothing is left to change.
    const earlier = report.kind === 'visibility' ? unsent.filter(({ kind }) => kind !== 'deletion') : unsent;
    const id = await this.publications.insert(
      {
        studyInstanceUid,
        kind: report.kind,
        trigger: 'report',
        request: { type: 'report', report, alsoReports: report.kind === 'deletion' ? [] : reportsOf(earlier) },
        ...originOf(report),
        accessionNumbers: accessionsOf(report),
        searchText: searchTextOf(report),
        delayMs: this.delayMs(report),
      },
      manager,
    );
    const to = report.kind === 'deletion' ? 'withdrawn' : 'replaced';
    for (const one of earlier) await this.publications.overtake(one, id, to, manager);
    // Whenever the registry is told, and whether it answers or not: the images are given to nobody from now on.
    if (report.kind === 'deletion') await this.archive.endServing(studyInstanceUid, manager);
  }

  private async studyChange(change: StudyChangeRequest, manager: EntityManager): Promise<void> {
    await this.publications.lockStudy(change.studyInstanceUid, manager);
    await this.publications.insert(
      {
        studyInstanceUid: change.studyInstanceUid,
        kind: 'study-change',
        trigger: 'order-message',
        request: { type: 'study-change', cancelled: change.cancelled },
        ...originOf(change),
        accessionNumbers: change.accessionNumber ? [change.accessionNumber] : [],
        searchText: [change.accessionNumber, change.origin.messageControlId, change.ins?.matricule]
          .filter(Boolean)
          .join(' '),
        delayMs: 0,
      },
      manager,
    );
  }

  /** The first count of the images belongs to the delay, so that the second one comes at its end. */
  private delayMs({ kind }: ReportRequest): number {
    if (kind === 'deletion' || kind === 'visibility') return 0;
    return Math.max(0, this.config.delayMs - this.config.stableMs);
  }
}

function originOf({ origin }: PublicationRequest) {
  const { messageId, messageControlId, correlationId } = origin;
  return { messageId, messageControlId, correlationId, receivedAt: new Date(origin.receivedAt) };
}

function accessionsOf({ report }: ReportRequest): string[] {
  return [...new Set(report.orders.flatMap(({ accession }) => accession?.extension ?? []))];
}

/** Reports that earlier events brought and that none of them published. */
function reportsOf(earlier: readonly Publication[]): string[] {
  const kept = earlier.flatMap(({ request, kind }): readonly KeptReport[] =>
    request.type === 'report' && kind !== 'deletion' ? [request] : [],
  );
  return kept.flatMap(({ alsoReports, report }) => [...alsoReports, cdaIdOf(report.report.documentId)]);
}
