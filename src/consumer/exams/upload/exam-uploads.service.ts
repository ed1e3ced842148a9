import { createHash } from 'node:crypto';
import { Inject, Injectable, OnModuleInit } from '@nestjs/common';
import { AuditTrail, failureOutcome, type AuditEvent } from '../../../audit';
import type { ConfigOf } from '../../../platform/config';
import { GatewayError } from '../../../platform/errors';
import { actorOf, PatientContexts, type PatientContext, type Viewer } from '../../context';
import type { Exam } from '../exam';
import { examsConfig } from '../exams.config';
import { examErrors } from '../exams.errors';
import { sameEntry, verifyManifest } from '../manifests/verify-manifest';
import { Recent } from '../recent';
import { verifyReport } from '../reports/verify-report';
import { requesterOf } from '../requester';
import { ArchiveRefusal } from './read-archive';
import { BroughtDocument, isArchive, isDicomFile, readUpload } from './read-upload';
import { UploadRepository } from './upload.repository';
import { examOf, reportIdOf } from './uploaded-exam';

/** Manifests and reports of one open patient. */
const perContextMax = 40;

interface Uploaded {
  readonly exam: Exam;
  readonly bytes: Buffer;
  /** Hexadecimal, of the manifest. */
  readonly digest: string;
  /** By the opaque name of their documents. */
  readonly reports: ReadonlyMap<string, Buffer>;
}

/** A document that was brought, as it is kept. */
interface Kept {
  readonly bytes: Buffer;
  readonly digest: Buffer;
}

/** Exams that a professional brings as a file (KOS, or XDM archive): checked like those of the record, for this patient only. */
@Injectable()
export class ExamUploads implements OnModuleInit {
  private readonly known = new Recent<readonly Uploaded[]>({ weightMax: 2_000, lifeMs: 600_000 });

  constructor(
    @Inject(examsConfig.token) private readonly config: ConfigOf<typeof examsConfig>,
    private readonly contexts: PatientContexts,
    private readonly uploads: UploadRepository,
    private readonly audit: AuditTrail,
  ) {}

  onModuleInit(): void {
    this.contexts.onEnded((contextId) => this.known.forget(contextId));
  }

  /** Longest file that is read. */
  get bytesMax(): number {
    return this.config.uploadBytesMax;
  }

  /**
   * Takes a file. All its documents must be this patient's, or none is kept.
   * @returns the exams that are now in the list
   * @throws IdentityDiffers, or GatewayError `exams.upload-refused`, `exams.upload-too-many`
   */
  async add(contextId: string, viewer: Viewer, bytes: Buffer): Promise<Exam[]> {
    const context = await this.contexts.get(contextId, viewer);
    const { situation } = requesterOf(context, viewer);
    const event = {
      kind: isArchive(bytes) ? ('transfer.archive-read' as const) : ('exams.uploaded' as const),
      actor: actorOf(viewer, situation.structureId),
      patient: context.patient.ins,
    };
    let brought: Kept[];
    try {
      brought = await this.read(bytes, context);
      await this.keep(context, brought, {
        ...event,
        outcome: 'success',
        bytes: bytes.length,
        instances: brought.length,
      });
    } catch (error) {
      await this.audit.record({ ...event, ...failureOutcome(error), bytes: bytes.length });
      throw error;
    }
    this.known.forget(context.id);
    const manifests = new Set(brought.filter(isManifestFile).map(({ digest }) => digest.toString('hex')));
    return (await this.all(context)).filter(({ digest }) => manifests.has(digest)).map(({ exam }) => exam);
  }

  async examsOf(context: PatientContext): Promise<Exam[]> {
    return (await this.all(context)).map(({ exam }) => exam);
  }

  /** The manifest of an exam brought as a file. @throws GatewayError `exams.not-found` */
  async bytesOf(context: PatientContext, exam: Exam): Promise<Buffer> {
    const found = (await this.all(context)).find((one) => one.exam.id === exam.id);
    if (!found) throw new GatewayError(examErrors.notFound);
    return found.bytes;
  }

  /** A report of an exam brought as a file. @throws GatewayError `exams.not-found` */
  async reportBytesOf(context: PatientContext, exam: Exam, documentId: string): Promise<Buffer> {
    const found = (await this.all(context)).find((one) => one.exam.id === exam.id)?.reports.get(documentId);
    if (!found) throw new GatewayError(examErrors.notFound);
    return found;
  }

  /** All of them and their record, or nothing. */
  private keep(context: PatientContext, brought: readonly Kept[], event: AuditEvent): Promise<void> {
    return this.uploads.transaction(async (manager) => {
      for (const document of brought) {
        const isKept = await this.uploads.add({ ...document, contextId: context.id, countMax: perContextMax }, manager);
        if (!isKept) throw new GatewayError(examErrors.uploadTooMany);
      }
      await this.audit.record(event, manager);
    });
  }

  private async all(context: PatientContext): Promise<readonly Uploaded[]> {
    return this.known.get(
      `${context.id} ${await this.uploads.state(context.id)}`,
      async () => {
        const rows = await this.uploads.all(context.id);
        const reports = rows
          .filter((row) => !isManifestFile(row))
          .map(({ bytes, digest }) => ({ bytes, digest, report: verifyReport(bytes, context.patient) }));
        const files = new Map(reports.map(({ bytes, digest }) => [reportIdOf(context, digest), bytes]));
        return rows.filter(isManifestFile).map(({ bytes, digest }) => {
          const { manifest } = verifyManifest(bytes, context.patient);
          const exam = examOf(manifest, digest, context, reports);
          return { bytes, exam, digest: digest.toString('hex'), reports: files };
        });
      },
      (all) => all.length + 1,
    );
  }

  /** Each document proven to be this patient's. */
  private async read(bytes: Buffer, context: PatientContext): Promise<Kept[]> {
    const brought = await unpack(bytes);
    return brought.map(({ kind, bytes: file, entry }) => {
      if (entry) sameEntry(context.patient, entry);
      if (kind === 'manifest') verifyManifest(file, context.patient, entry);
      else verifyReport(file, context.patient);
      return { bytes: file, digest: createHash('sha256').update(file).digest() };
    });
  }
}

const isManifestFile = ({ bytes }: Kept): boolean => isDicomFile(bytes);

async function unpack(bytes: Buffer): Promise<BroughtDocument[]> {
  try {
    return await readUpload(bytes);
  } catch (error) {
    if (error instanceof ArchiveRefusal)
      throw new GatewayError(examErrors.uploadRefused, { cause: error.cause, detail: error.message });
    throw error;
  }
}
