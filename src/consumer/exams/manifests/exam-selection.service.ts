import { Inject, Injectable, OnModuleInit } from '@nestjs/common';
import { AuditTrail } from '../../../audit';
import { RetrieveDocumentSetClient, StructureDirectory } from '../../../connectors/dmp';
import type { ConfigOf } from '../../../platform/config';
import { GatewayError } from '../../../platform/errors';
import type { Manifest } from '../../../standards/manifest';
import { actorOf, PatientContexts, type CalledPatient, type PatientContext, type Viewer } from '../../context';
import type { Exam, ExamDocument } from '../exam';
import { examsConfig } from '../exams.config';
import { examErrors } from '../exams.errors';
import type { TraitName } from '../identity/compare-traits';
import { notImages } from '../list/entry-facts';
import { ExamLists } from '../list/exam-list.service';
import { Recent } from '../recent';
import { answered, dmpCallerOf, requesterOf } from '../requester';
import { ExamUploads } from '../upload/exam-uploads.service';
import { cannotBeProven, IdentityDiffers, instanceCountOf, verifyManifest } from './verify-manifest';

/** An exam that may be opened: its manifest is proven, and is this patient's. */
export interface SelectedExam {
  readonly contextId: string;
  readonly examId: string;
  readonly exam: Exam;
  readonly manifest: Manifest;
  /** The patient of the call: every image is compared with it. */
  readonly patient: CalledPatient;
  /** Strict traits that the manifest does not tell. */
  readonly absentTraits: readonly TraitName[];
  /** For which structure the professional acts. */
  readonly situationId: string;
}

/** Series of images and images of one exam (no reports, no key objects), or why they are not known. */
export type ExamCount =
  | {
      readonly examId: string;
      readonly series: number;
      readonly images: number;
      readonly modalities: readonly string[];
      /** What the manifest calls the act or the study. */
      readonly description?: string;
    }
  | { readonly examId: string; readonly error: GatewayError };

type Proven = Pick<SelectedExam, 'manifest' | 'absentTraits'>;

const documentsMax = 20;
const manifestLifeMs = 3_600_000;
/** Structured reports and key objects, presentation states, encapsulated documents (PS3.4 B.5). */
const documentClass = /^1\.2\.840\.10008\.5\.1\.4\.1\.1\.(88|11|104)\./;

/** From a line of the list to the proven manifest of its images. */
@Injectable()
export class ExamSelection implements OnModuleInit {
  private readonly proven: Recent<Proven>;

  constructor(
    @Inject(examsConfig.token) config: ConfigOf<typeof examsConfig>,
    private readonly contexts: PatientContexts,
    private readonly lists: ExamLists,
    private readonly uploads: ExamUploads,
    private readonly structures: StructureDirectory,
    private readonly documents: RetrieveDocumentSetClient,
    private readonly audit: AuditTrail,
  ) {
    this.proven = new Recent({ weightMax: config.referencesMax, lifeMs: manifestLifeMs });
  }

  onModuleInit(): void {
    this.contexts.onEnded((contextId) => this.proven.forget(`${contextId} `));
  }

  /**
   * The exam with its manifest (ITI-43, hash checked; identity checked), kept for the life of the context.
   * @throws IdentityDiffers, or GatewayError `exams.*`, `dmp.*`, `context.not-open`
   */
  async select(contextId: string, viewer: Viewer, examId: string): Promise<SelectedExam> {
    const context = await this.contexts.get(contextId, viewer);
    const { situation } = requesterOf(context, viewer);
    const exam = await this.lists.exam(context, viewer, examId);
    const [proven] = await this.prove(context, viewer, [exam]);
    const { manifest, absentTraits } = await proven;
    return {
      contextId,
      examId,
      exam,
      manifest,
      absentTraits,
      patient: context.patient,
      situationId: situation.structureId,
    };
  }

  /** Series and images of up to twenty exams; manifests not known yet are asked for in one request. */
  async counts(contextId: string, viewer: Viewer, examIds: readonly string[]): Promise<ExamCount[]> {
    const context = await this.contexts.get(contextId, viewer);
    const wanted = await Promise.all(
      examIds.slice(0, documentsMax).map((examId) => outcomeOf(this.lists.exam(context, viewer, examId))),
    );
    const exams = wanted.filter((one): one is Exam => !(one instanceof GatewayError));
    const proven = new Map(
      (await this.prove(context, viewer, exams)).map((proof, index) => [exams[index], proof] as const),
    );
    return Promise.all(
      wanted.map(async (exam, index): Promise<ExamCount> => {
        // One that has left the list since it was drawn takes nothing from the others.
        if (exam instanceof GatewayError && exam.entry !== examErrors.notFound) throw exam;
        if (exam instanceof GatewayError) return { examId: examIds[index] ?? '', error: exam };
        const proof = await outcomeOf(proven.get(exam) as Promise<Proven>);
        return proof instanceof GatewayError ? { examId: exam.id, error: proof } : countOf(exam.id, proof.manifest);
      }),
    );
  }

  /** One promise for each exam; those not kept yet share one request. */
  private async prove(context: PatientContext, viewer: Viewer, exams: readonly Exam[]): Promise<Promise<Proven>[]> {
    const wanted: { exam: Exam; document: ExamDocument; key: string }[] = [];
    const promises = new Map<Exam, Promise<Proven>>();
    for (const exam of exams) {
      const { manifest: document } = exam;
      const key = `${context.id} ${document?.id ?? ''}`;
      const known = document && this.proven.peek(key);
      if (exam.differences.length > 0)
        promises.set(exam, settled(Promise.reject(new IdentityDiffers(exam.differences))));
      else if (!document) promises.set(exam, settled(Promise.reject(new GatewayError(examErrors.noImages))));
      else if (known) promises.set(exam, known);
      else wanted.push({ exam, document, key });
    }
    const files = wanted.filter(({ exam }) => exam.source === 'file');
    const remote = wanted.filter(({ exam }) => exam.source === 'dmp');
    const provable = remote.filter(({ document }) => !cannotBeProven(document.entry));
    const bytesOf =
      provable.length > 0
        ? settled(
            this.fetch(
              context,
              viewer,
              provable.map(({ document }) => document),
            ),
          )
        : undefined;
    const add = (one: (typeof wanted)[number], proof: Promise<Proven>) => {
      promises.set(one.exam, settled(proof));
      this.proven.put(one.key, proof, ({ manifest }) => instanceCountOf(manifest) + 1);
    };
    for (const one of files) add(one, this.fromFile(context, viewer, one.exam));
    for (const one of remote) add(one, this.fromRecord(context, viewer, one, bytesOf));
    return exams.map((exam) => promises.get(exam) as Promise<Proven>);
  }

  private async fetch(context: PatientContext, viewer: Viewer, documents: readonly ExamDocument[]) {
    const caller = dmpCallerOf(requesterOf(context, viewer), this.structures);
    const outcome = await this.documents.send({ caller, documents: documents.map(({ entry }) => entry) });
    return new Map(answered(outcome).value.map(({ uniqueId, bytes }) => [uniqueId, bytes]));
  }

  private async fromRecord(
    context: PatientContext,
    viewer: Viewer,
    { exam, document }: { exam: Exam; document: ExamDocument },
    fetched: Promise<ReadonlyMap<string, Buffer>> | undefined,
  ): Promise<Proven> {
    return this.recorded(context, viewer, exam, async () => {
      const fault = cannotBeProven(document.entry);
      if (fault) throw fault;
      const bytes = (await fetched)?.get(document.entry.uniqueId);
      if (!bytes) throw new GatewayError(examErrors.notFound, { detail: 'the repository did not give the document' });
      return verifyManifest(bytes, context.patient, document.entry);
    });
  }

  private async fromFile(context: PatientContext, viewer: Viewer, exam: Exam): Promise<Proven> {
    return this.recorded(context, viewer, exam, async () =>
      verifyManifest(await this.uploads.bytesOf(context, exam), context.patient),
    );
  }

  /** Fetches and proves, and tells the audit what came of it: a manifest that could not be had is a failure, too. */
  private async recorded(
    context: PatientContext,
    viewer: Viewer,
    exam: Exam,
    proof: () => Promise<Proven>,
  ): Promise<Proven> {
    const { situation } = requesterOf(context, viewer);
    const event = {
      actor: actorOf(viewer, situation.structureId),
      patient: context.patient.ins,
      studyInstanceUid: exam.studyInstanceUid,
      documentUniqueId: exam.manifest?.entry.uniqueId,
    };
    try {
      const proven = await proof();
      await this.audit.record({
        ...event,
        kind: 'exams.manifest-read',
        outcome: 'success',
        instances: instanceCountOf(proven.manifest),
      });
      return proven;
    } catch (error) {
      const isIdentity = error instanceof IdentityDiffers;
      await this.audit.record({
        ...event,
        kind: isIdentity ? 'exams.identity-differs' : 'exams.manifest-read',
        outcome: isIdentity ? 'refused' : 'failure',
        errorCode: GatewayError.of(error)?.code ?? 'platform.internal',
        facts: isIdentity ? { traits: error.differences.map(({ trait }) => trait).join(' ') } : undefined,
      });
      throw error;
    }
  }
}

/** A promise whose failure is looked at later, or by nobody. */
function settled<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined);
  return promise;
}

/** The value, or the failure when it is one of ours. */
function outcomeOf<T>(promise: Promise<T>): Promise<T | GatewayError> {
  return promise.catch((error: unknown) => {
    const ours = GatewayError.of(error);
    if (!ours) throw error;
    return ours;
  });
}

function countOf(examId: string, manifest: Manifest): ExamCount {
  const series = manifest.studies.flatMap((study) => study.series);
  const modalities = [
    ...new Set(series.flatMap(({ modality }) => (modality && !notImages.has(modality) ? [modality] : []))),
  ];
  const description = manifest.actLabel ?? manifest.studies[0]?.description;
  const images = series
    .filter(({ modality }) => !notImages.has(modality ?? ''))
    .map(({ instances }) => instances.filter(({ sopClassUid }) => !documentClass.test(sopClassUid)).length)
    .filter((count) => count > 0);
  return {
    examId,
    series: images.length,
    images: images.reduce((sum, count) => sum + count, 0),
    modalities,
    description,
  };
}
