import { Injectable } from '@nestjs/common';
import { AuditTrail } from '../../../audit';
import { RetrieveDocumentSetClient, StructureDirectory } from '../../../connectors/dmp';
import { GatewayError } from '../../../platform/errors';
import { extractPdf } from '../../../standards/cda';
import { actorOf, PatientContexts, type CalledPatient, type Viewer } from '../../context';
import type { Exam, ExamDocument } from '../exam';
import { examErrors } from '../exams.errors';
import { ExamLists } from '../list/exam-list.service';
import { cannotBeProven, IdentityDiffers } from '../manifests/verify-manifest';
import { answered, dmpCallerOf, requesterOf, type Requester } from '../requester';
import { ExamUploads } from '../upload/exam-uploads.service';
import { verifyReport } from './verify-report';

export interface ShownReport {
  readonly pdf: Buffer;
  readonly title: string;
  readonly exam: Exam;
  readonly document: ExamDocument;
}

/** The report of an exam, as its author signed it: the PDF inside the CDA. */
@Injectable()
export class ExamReports {
  constructor(
    private readonly contexts: PatientContexts,
    private readonly lists: ExamLists,
    private readonly uploads: ExamUploads,
    private readonly structures: StructureDirectory,
    private readonly documents: RetrieveDocumentSetClient,
    private readonly audit: AuditTrail,
  ) {}

  /** One report of an exam, without its bytes. @throws GatewayError `exams.not-found`, IdentityDiffers */
  async find(contextId: string, viewer: Viewer, examId: string, reportId: string): Promise<Omit<ShownReport, 'pdf'>> {
    const context = await this.contexts.get(contextId, viewer);
    const exam = await this.lists.exam(context, viewer, examId);
    const document = [...exam.reports, ...exam.earlierReports].find(({ id }) => id === reportId);
    if (!document) throw new GatewayError(examErrors.notFound);
    if (exam.differences.length > 0) throw new IdentityDiffers(exam.differences);
    return { exam, document, title: document.title || exam.description };
  }

  /**
   * Fetches a report (ITI-43, hash checked), proves whose it is, and takes its PDF out.
   * @throws IdentityDiffers, or GatewayError `exams.report-unreadable`, `exams.report-without-pdf`, `dmp.*`
   */
  async show(contextId: string, viewer: Viewer, examId: string, reportId: string): Promise<ShownReport> {
    const found = await this.find(contextId, viewer, examId, reportId);
    const context = await this.contexts.get(contextId, viewer);
    const requester = requesterOf(context, viewer);
    const { entry } = found.document;
    const event = {
      kind: 'exams.report-shown' as const,
      actor: actorOf(viewer, requester.situation.structureId),
      patient: context.patient.ins,
      studyInstanceUid: found.exam.studyInstanceUid,
      documentUniqueId: entry.uniqueId,
    };
    try {
      const pdf = pdfOf(await this.bytesOf(requester, found), context.patient);
      await this.audit.record({ ...event, outcome: 'success', bytes: pdf.length });
      return { ...found, pdf };
    } catch (error) {
      const known = GatewayError.of(error);
      const isRefusal = known !== undefined && known.entry.status < 500;
      await this.audit.record({
        ...event,
        outcome: isRefusal ? 'refused' : 'failure',
        errorCode: known?.code ?? 'platform.internal',
      });
      throw error;
    }
  }

  private async bytesOf(requester: Requester, { exam, document }: Pick<ShownReport, 'exam' | 'document'>) {
    if (exam.source === 'file') return this.uploads.reportBytesOf(requester.context, exam, document.id);
    const fault = cannotBeProven(document.entry);
    if (fault) throw fault;
    const caller = dmpCallerOf(requester, this.structures);
    return answered(await this.documents.send({ caller, documents: [document.entry] })).value[0]?.bytes;
  }
}

function pdfOf(bytes: Buffer | undefined, patient: CalledPatient): Buffer {
  const report = verifyReport(bytes, patient);
  const pdf = report.body.pdf === 'none' || !bytes ? undefined : extractPdf(bytes);
  if (!pdf?.subarray(0, 1024).includes('%PDF-')) throw new GatewayError(examErrors.reportWithoutPdf);
  return pdf;
}
