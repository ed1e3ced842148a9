import { Injectable } from '@nestjs/common';
import { RetrieveDocumentSetClient, StructureDirectory } from '../../../connectors/dmp';
import { GatewayError } from '../../../platform/errors';
import type { ImagingReport } from '../../../standards/cda';
import type { DocumentEntry } from '../../../standards/xds';
import { PatientContexts, type PatientContext, type Viewer } from '../../context';
import type { Exam } from '../exam';
import { examErrors } from '../exams.errors';
import { ExamLists } from '../list/exam-list.service';
import { cannotBeProven, IdentityDiffers, verifyManifest } from '../manifests/verify-manifest';
import { verifyReport } from '../reports/verify-report';
import { answered, dmpCallerOf, requesterOf } from '../requester';
import { ExamUploads } from '../upload/exam-uploads.service';

/** The bytes of a document, proven to be the one of its entry and of the patient of the call. */
export type ProvenDocument = { readonly entry: DocumentEntry; readonly bytes: Buffer } & (
  { readonly kind: 'manifest' } | { readonly kind: 'report'; readonly report: ImagingReport }
);

export interface ExamDocumentsOf {
  readonly exam: Exam;
  readonly documents: readonly ProvenDocument[];
}

/** The documents of an exam as they stand in the record: its manifest in force and its present reports. */
@Injectable()
export class ExamDocuments {
  constructor(
    private readonly contexts: PatientContexts,
    private readonly lists: ExamLists,
    private readonly uploads: ExamUploads,
    private readonly structures: StructureDirectory,
    private readonly documents: RetrieveDocumentSetClient,
  ) {}

  /**
   * Fetches them (ITI-43, hash checked) and proves whose they are; one that cannot be proven refuses the whole.
   * @throws IdentityDiffers, or GatewayError `exams.*`, `dmp.*`, `context.not-open`
   */
  async of(contextId: string, viewer: Viewer, examId: string): Promise<ExamDocumentsOf> {
    const context = await this.contexts.get(contextId, viewer);
    const exam = await this.lists.exam(context, viewer, examId);
    if (exam.differences.length > 0) throw new IdentityDiffers(exam.differences);
    const documents =
      exam.source === 'file' ? await this.fromFile(context, exam) : await this.fetch(context, viewer, exam);
    return { exam, documents };
  }

  private async fromFile(context: PatientContext, exam: Exam): Promise<ProvenDocument[]> {
    const bytes = await this.uploads.bytesOf(context, exam);
    verifyManifest(bytes, context.patient);
    const manifest: ProvenDocument[] = exam.manifest ? [{ kind: 'manifest', entry: exam.manifest.entry, bytes }] : [];
    const reports = exam.reports.map(async ({ id, entry }): Promise<ProvenDocument> => {
      const file = await this.uploads.reportBytesOf(context, exam, id);
      return { kind: 'report', entry, bytes: file, report: verifyReport(file, context.patient) };
    });
    return [...manifest, ...(await Promise.all(reports))];
  }

  private async fetch(context: PatientContext, viewer: Viewer, exam: Exam): Promise<ProvenDocument[]> {
    const manifests = exam.manifest ? [exam.manifest.entry] : [];
    const entries = [...manifests, ...exam.reports.map(({ entry }) => entry)];
    if (entries.length === 0) throw new GatewayError(examErrors.notFound);
    const fault = entries.map(cannotBeProven).find((one) => one !== undefined);
    if (fault) throw fault;
    const caller = dmpCallerOf(requesterOf(context, viewer), this.structures);
    const outcome = await this.documents.send({ caller, documents: entries });
    const given = new Map(answered(outcome).value.map(({ uniqueId, bytes }) => [uniqueId, bytes]));
    return entries.map((entry): ProvenDocument => {
      const bytes = given.get(entry.uniqueId);
      if (!bytes) throw new GatewayError(examErrors.notFound, { detail: 'the repository did not give the document' });
      if (!manifests.includes(entry))
        return { kind: 'report', entry, bytes, report: verifyReport(bytes, context.patient) };
      verifyManifest(bytes, context.patient, entry);
      return { kind: 'manifest', entry, bytes };
    });
  }
}
