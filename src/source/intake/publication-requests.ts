import type { EntityManager } from 'typeorm';
import type { ExamAct, ImagingReport, ReportOrder } from '../../standards/cda';
import type { Ins } from '../../standards/identity';
import type { PublicationFlags } from './flags';
import type { RequestKind } from './request-kind';

/** One study of the report: its acts, and the orders of the report (which order belongs to which study is not told there). */
export interface RequestedExam {
  readonly studyInstanceUid: string;
  readonly acts: readonly ExamAct[];
  readonly orders: readonly ReportOrder[];
}

/** Who sends the report to the DMP (PRT): feeds the VIHF and the author of the submission set. */
export interface RequestSender {
  /** National forms: `8` + RPPS, `1` + FINESS… */
  readonly professionalId: string;
  readonly family: string;
  readonly given: string;
  readonly structureId: string;
  /** FINEG, FINEJ, IDNST…; '' when not told. */
  readonly structureType: string;
  readonly structureName: string;
}

/** What every request carries of the message that brought it. */
export interface RequestOrigin {
  /** Row of `intake_message`. */
  readonly messageId: string;
  readonly messageControlId: string;
  readonly sendingApplication: string;
  readonly sendingFacility: string;
  readonly correlationId: string;
  readonly receivedAt: string;
}

export interface ReportRequest {
  readonly kind: RequestKind;
  readonly origin: RequestOrigin;
  readonly exams: readonly RequestedExam[];
  readonly report: ImagingReport;
  readonly flags: PublicationFlags;
  readonly sender: RequestSender;
  /** The document that this one replaces, by the message (TXA-13) or the report; `root^extension`. */
  readonly replacedDocumentId?: string;
}

/** The images of a study have changed (OMI^O23): read it again. */
export interface StudyChangeRequest {
  readonly kind: 'study-change';
  readonly origin: RequestOrigin;
  readonly studyInstanceUid: string;
  readonly accessionNumber?: string;
  /** ORC-1 CA: the sender says that the exam is gone. The PACS is asked all the same. */
  readonly cancelled: boolean;
  readonly ins?: Ins;
}

export type PublicationRequest = ReportRequest | StudyChangeRequest;

/**
 * Where admitted requests go. `submit` is called inside the transaction that stores the message: both are durable, or neither.
 * Plain data: a request may be stored as JSON.
 */
export abstract class PublicationRequests {
  abstract submit(request: PublicationRequest, manager: EntityManager): Promise<void>;
}
