import { randomUUID } from 'node:crypto';
import { AuditTrail, failureOutcome } from '../../../audit';
import { GatewayError } from '../../../platform/errors';
import {
  newOid,
  contentTypeCode,
  formatPatientId,
  formatXcn,
  formatXon,
  OID,
  type Author,
} from '../../../standards/xds';
import { xdmFiles, type XdmArchive, type XdmSet } from '../../../standards/xdm';
import { actorOf, situationFor, type PatientContext, type Viewer } from '../../context';
import type { ExamDocuments, ExamDocumentsOf } from '../../exams';
import { transferErrors } from '../transfer.errors';
import { zipOf } from './zip';

export const exportedExamsMax = 20;
const bytesMax = 64 * 1024 * 1024;
const underWayMax = 4;

export interface ArchiveExportsOptions {
  /** OID of this gateway as a document source. */
  readonly sourceId: string;
  readonly software: XdmArchive['sender']['software'];
  readonly now?: () => Date;
}

export interface ArchiveRequest {
  readonly context: PatientContext;
  readonly viewer: Viewer;
  readonly examIds: readonly string[];
}

export interface ExportedArchive {
  /** Says nothing of the patient. */
  readonly fileName: string;
  readonly content: AsyncIterable<Buffer>;
}

/** Manifests and reports of exams as an XDM archive (ITI-32), for a confrère or another software. */
export class ArchiveExports {
  private underWay = 0;

  constructor(
    private readonly options: ArchiveExportsOptions,
    private readonly documents: Pick<ExamDocuments, 'of'>,
    private readonly audit: AuditTrail,
  ) {}

  /**
   * Every document is fetched and proven before the first byte leaves: what cannot be proven refuses the whole.
   * @throws IdentityDiffers, GatewayError `transfer.archive-too-large`, `transfer.too-many`, `exams.*`, `dmp.*`
   */
  async export(request: ArchiveRequest): Promise<ExportedArchive> {
    const { context, viewer, examIds } = request;
    const event = {
      kind: 'transfer.archive-exported' as const,
      actor: actorOf(viewer, situationFor(context, viewer)?.structureId),
      patient: context.patient.ins,
    };
    try {
      const exams = await this.gather(request);
      const madeAt = this.options.now?.() ?? new Date();
      const files = xdmFiles(this.archiveOf(request, exams, madeAt));
      const bytes = files.reduce((sum, file) => sum + file.bytes.length, 0);
      const documents = exams.reduce((sum, exam) => sum + exam.documents.length, 0);
      // Told before it leaves: a reader who goes away in the middle has received something all the same.
      await this.audit.record({
        ...event,
        outcome: 'success',
        instances: documents,
        bytes,
        facts: { exams: exams.length },
      });
      const stamp = madeAt.toISOString().replace(/[-:]/g, '').replace('T', '-').slice(0, 13);
      return { fileName: `examens-xdm-${stamp}.zip`, content: zipOf(files, madeAt) };
    } catch (error) {
      await this.audit.record({ ...event, ...failureOutcome(error), facts: { exams: examIds.length } });
      throw error;
    }
  }

  private async gather({ context, viewer, examIds }: ArchiveRequest): Promise<ExamDocumentsOf[]> {
    if (examIds.length > exportedExamsMax)
      throw new GatewayError(transferErrors.archiveTooLarge, { detail: `${examIds.length} exams` });
    if (this.underWay >= underWayMax) throw new GatewayError(transferErrors.tooMany, { detail: 'archives' });
    this.underWay += 1;
    try {
      const exams: ExamDocumentsOf[] = [];
      let bytes = 0;
      for (const examId of examIds) {
        const exam = await this.documents.of(context.id, viewer, examId);
        bytes += exam.documents.reduce((sum, document) => sum + document.bytes.length, 0);
        if (bytes > bytesMax) throw new GatewayError(transferErrors.archiveTooLarge, { detail: `${bytes} bytes` });
        exams.push(exam);
      }
      return exams;
    } finally {
      this.underWay -= 1;
    }
  }

  private archiveOf({ context, viewer }: ArchiveRequest, exams: readonly ExamDocumentsOf[], madeAt: Date): XdmArchive {
    const { professional } = viewer;
    const situation = situationFor(context, viewer);
    const [structure, structureId] = [situation?.structureName ?? '', situation?.structureId ?? ''];
    const name = [professional.given, professional.family].filter(Boolean).join(' ');
    const author: Author = {
      authorPerson: formatXcn({
        id: professional.subjectNameId,
        family: professional.family ?? '',
        given: professional.given ?? '',
        authority: OID.persons,
        nameType: 'D',
        idType: 'IDNPS',
      }),
      authorInstitution: [formatXon({ name: structure, id: structureId, authority: OID.structures })],
      authorRole: [],
      authorSpecialty: [],
    };
    return {
      sender: { professional: name, structure, structureId, software: this.options.software },
      sourceId: this.options.sourceId,
      madeAt,
      sets: exams.map((exam) => setOf(exam, context, author)),
    };
  }
}

function setOf({ exam, documents }: ExamDocumentsOf, { patient }: PatientContext, author: Author): XdmSet {
  const [report] = documents.flatMap((document) => (document.kind === 'report' ? [document.report] : []));
  const localId = report?.patient.localId;
  return {
    uniqueId: newOid(randomUUID()),
    patientId: formatPatientId(patient.ins),
    author,
    contentTypeCode: contentTypeCode(undefined),
    title: exam.description || 'Examen d’imagerie',
    documents: documents.map(({ kind, entry, bytes }) => ({ kind, entry, bytes })),
    report: report && {
      ...report.documentId,
      ins: patient.ins,
      localId: localId && { value: localId.extension ?? '', issuerOid: localId.root },
    },
  };
}
