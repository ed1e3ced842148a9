import { createHash } from 'node:crypto';
import { Inject, Injectable, OnModuleInit } from '@nestjs/common';
import { AuditTrail } from '../../../audit';
import type { ConfigOf } from '../../../platform/config';
import { GatewayError } from '../../../platform/errors';
import type { Manifest } from '../../../standards/manifest';
import { formatPatientId, KOS_CODES, type DocumentEntry } from '../../../standards/xds';
import { actorOf, PatientContexts, type PatientContext, type Viewer } from '../../context';
import type { Exam } from '../exam';
import { examsConfig } from '../exams.config';
import { examErrors } from '../exams.errors';
import { opaqueId } from '../list/pair-exams';
import { verifyManifest } from '../manifests/verify-manifest';
import { Recent } from '../recent';
import { requesterOf } from '../requester';
import { ArchiveRefusal } from './read-archive';
import { BroughtManifest, isArchive, readUpload } from './read-upload';
import { UploadRepository } from './upload.repository';

const perContextMax = 20;

interface Uploaded {
  readonly exam: Exam;
  readonly bytes: Buffer;
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
   * Takes a file. All its manifests must be this patient's, or none is kept.
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
    try {
      const brought = await this.read(bytes, context);
      for (const { file, digest } of brought)
        if (!(await this.uploads.add(context.id, digest, file, perContextMax)))
          throw new GatewayError(examErrors.uploadTooMany);
      this.known.forget(context.id);
      await this.audit.record({ ...event, outcome: 'success', bytes: bytes.length, instances: brought.length });
      return brought.map(({ manifest, digest }) => examOf(manifest, digest, context));
    } catch (error) {
      await this.audit.record({
        ...event,
        outcome: 'refused',
        errorCode: GatewayError.of(error)?.code,
        bytes: bytes.length,
      });
      throw error;
    }
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

  private all(context: PatientContext): Promise<readonly Uploaded[]> {
    return this.known.get(
      context.id,
      async () => {
        const rows = await this.uploads.all(context.id);
        return rows.map(({ bytes, digest }) => {
          const { manifest } = verifyManifest(bytes, context.patient);
          return { bytes, exam: examOf(manifest, digest, context) };
        });
      },
      (all) => all.length + 1,
    );
  }

  private async read(bytes: Buffer, context: PatientContext) {
    const brought = await unpack(bytes);
    return brought.map(({ bytes: file, entry }) => {
      const { manifest } = verifyManifest(file, context.patient, entry);
      const digest = createHash('sha256').update(file).digest();
      return { manifest, file, digest };
    });
  }
}

async function unpack(bytes: Buffer): Promise<BroughtManifest[]> {
  try {
    return await readUpload(bytes);
  } catch (error) {
    if (error instanceof ArchiveRefusal)
      throw new GatewayError(examErrors.uploadRefused, { cause: error.cause, detail: error.message });
    throw error;
  }
}

/** A line of the list made of the manifest alone. */
function examOf(manifest: Manifest, digest: Buffer, context: PatientContext): Exam {
  const [study] = manifest.studies;
  const series = manifest.studies.flatMap((one) => one.series);
  const codes = [...new Set(series.flatMap(({ modality }) => (modality ? [modality] : [])))];
  const key = `file ${digest.toString('hex')}`;
  return {
    id: opaqueId(context.id, key),
    studyInstanceUid: study?.studyInstanceUid,
    accessionNumbers: manifest.studies.flatMap(({ requests }) =>
      requests.flatMap(({ accession }) => (accession?.value ? [accession.value] : [])),
    ),
    date: study?.date ? `${study.date}${(study.time ?? '').slice(0, 6)}` : undefined,
    modalities: codes.filter((code) => !['KO', 'SR', 'PR'].includes(code)).map((code) => ({ code, label: code })),
    regions: (manifest.targetRegions ?? []).map(({ value, meaning }) => ({ code: value, label: meaning })),
    description: manifest.actLabel ?? study?.description ?? '',
    structure: manifest.institution?.name ?? '',
    manifest: {
      id: opaqueId(context.id, `document ${key}`),
      entry: entryOf(manifest, context),
      title: '',
      createdAt: `${manifest.createdDate}${manifest.createdTime}`,
      isReplaced: false,
      visibility: { masquePs: false, invisiblePatient: false, invisibleRepresentantsLegaux: false },
    },
    source: 'file',
    earlierManifests: [],
    reports: [],
    earlierReports: [],
    differences: [],
  };
}

/** What an entry of the record would say of this manifest. */
function entryOf(manifest: Manifest, context: PatientContext): DocumentEntry {
  return {
    entryUuid: '',
    uniqueId: manifest.sopInstanceUid,
    patientId: formatPatientId(context.patient.ins),
    mimeType: 'application/dicom',
    authors: [],
    ...KOS_CODES,
    confidentialityCode: [],
    eventCodeList: [],
    sourcePatientInfo: [],
    referenceIdList: [],
  };
}
