import { createHash } from 'node:crypto';
import { AuditActor, AuditTrail } from '../../audit';
import type { Asker, PeerPart, PeerRequest } from '../../connectors/peer';
import { GatewayError } from '../../platform/errors';
import { newCorrelationId, runWithCorrelation } from '../../platform/logging';
import { ByteBudget } from '../../platform/memory';
import type { ManifestStudy } from '../../standards/manifest';
import type { InstanceMemory } from './cache/instance-memory';
import type { KeptExam, RetrievalCache } from './cache/retrieval-cache';
import type { IdentityStrictness } from './check/check-patient';
import { ExamRetrieval, SeriesReport } from './exam-retrieval';
import { ExamHandle } from './opened-exam';
import { retrievalErrors } from './retrieval.errors';
import type { ExamToOpen, ImageQuality, OpenedExam } from './retrieval.types';
import type { FetchRules } from './series-fetch';

export interface ExamRetrievalsOptions {
  readonly quality: ImageQuality;
  readonly identity: IdentityStrictness;
  readonly sharedBy: 'professional' | 'gateway';
  readonly seriesParallel: number;
  readonly instancesMax: number;
  /** Bytes being written to disk, over all exams; without it, no limit. */
  readonly writingBytesMax?: number;
  readonly rules: FetchRules;
}

interface Shared {
  readonly retrieval: ExamRetrieval;
  readonly handles: Set<ExamHandle>;
  readonly kept: KeptExam;
}

/** Exams of other hospitals that are open here: one retrieval for each, whoever looks at it. */
export class ExamRetrievals {
  private readonly writing: ByteBudget;
  private readonly byExam = new Map<string, Promise<Shared>>();
  /** What still ends, or is still being told to the trail. */
  private readonly underWay = new Set<Promise<void>>();

  constructor(
    private readonly options: ExamRetrievalsOptions,
    private readonly fetch: (wanted: PeerRequest, signal: AbortSignal) => AsyncIterable<PeerPart>,
    private readonly cache: RetrievalCache,
    private readonly memory: InstanceMemory,
    private readonly audit: AuditTrail,
  ) {
    this.writing = new ByteBudget(options.writingBytesMax ?? Number.MAX_SAFE_INTEGER);
  }

  /**
   * Opens a study that the professional may see. Nothing is fetched before `prefer`, `instance` or `head` is called; what an
   * earlier opening gave up is then asked for again.
   * @throws GatewayError `noStudy`
   */
  async openExam(exam: ExamToOpen): Promise<OpenedExam> {
    const study = this.studyOf(exam);
    const digest = this.digestOf(exam);
    const key = digest.toString('hex');
    for (;;) {
      const opening = this.byExam.get(key) ?? this.begin(exam, study, digest);
      this.byExam.set(key, opening);
      const shared = await opening.catch((error: unknown) => {
        this.byExam.delete(key);
        throw error;
      });
      // The last of the others may have left meanwhile.
      if (this.byExam.get(key) !== opening) continue;
      const handle = new ExamHandle(exam, shared.retrieval, (left) => this.leave(key, shared, left));
      shared.handles.add(handle);
      if (shared.handles.size > 1) {
        const kept = await this.cache.open(digest, exam.contextId);
        this.cache.leave(kept);
      }
      shared.retrieval.retry({ alsoRefused: false });
      return handle;
    }
  }

  /** The patient of this context closed (logout, end): its exams close, and what is kept for nobody else goes. */
  async forgetContext(contextId: string): Promise<void> {
    for (const opening of [...this.byExam.values()]) {
      const shared = await opening.catch(() => undefined);
      for (const handle of [...(shared?.handles ?? [])]) if (handle.exam.contextId === contextId) handle.close();
    }
    const purged = await this.cache.releaseContext(contextId);
    if (purged > 0)
      await this.audit.recordDone({
        kind: 'retrieval.purged',
        outcome: 'success',
        actor: {},
        facts: { exams: purged },
      });
  }

  /** Exams of patients who were closed in another process close here too; then the cache is tidied. */
  async sweep(): Promise<void> {
    const contexts = new Set<string>();
    for (const opening of [...this.byExam.values()]) {
      const shared = await opening.catch(() => undefined);
      for (const { exam } of shared?.handles ?? []) contexts.add(exam.contextId);
    }
    for (const id of await this.cache.closedAmong([...contexts])) await this.forgetContext(id);
    await this.cache.sweep();
  }

  async closeAll(): Promise<void> {
    for (const opening of [...this.byExam.values()]) {
      const shared = await opening.catch(() => undefined);
      for (const handle of [...(shared?.handles ?? [])]) handle.close();
    }
    while (this.underWay.size > 0) await Promise.all(this.underWay);
  }

  private studyOf({ manifest, studyInstanceUid }: ExamToOpen): ManifestStudy {
    const study = manifest.studies.find((each) => each.studyInstanceUid === studyInstanceUid);
    const instances = study?.series.reduce((sum, series) => sum + series.instances.length, 0) ?? 0;
    if (!study || instances === 0 || instances > this.options.instancesMax) {
      throw new GatewayError(retrievalErrors.noStudy, { detail: `${instances} instances` });
    }
    return study;
  }

  /** Same patient, study, version of the manifest and quality; and same professional, acting for the same structure, unless configured otherwise. */
  private digestOf({ patient, manifest, studyInstanceUid, quality, professional }: ExamToOpen): Buffer {
    const { ins } = patient;
    const { professional: person, situation } = professional;
    const who = this.options.sharedBy === 'professional' ? [person.subjectNameId, situation?.structureId ?? ''] : [];
    const what = [
      ins.oid,
      ins.matricule,
      studyInstanceUid,
      manifest.sopInstanceUid,
      quality ?? this.options.quality,
      ...who,
    ];
    return createHash('sha256').update(JSON.stringify(what)).digest();
  }

  private async begin(exam: ExamToOpen, study: ManifestStudy, digest: Buffer): Promise<Shared> {
    const { manifest, patient } = exam;
    const kept = await this.cache.open(digest, exam.contextId);
    const handles = new Set<ExamHandle>();
    const correlation = newCorrelationId();
    const { identity, seriesParallel, rules } = this.options;
    const retrieval = new ExamRetrieval({
      manifest,
      study,
      patient: { ...patient, otherNames: manifest.patient.otherNames },
      strictness: identity,
      quality: exam.quality ?? this.options.quality,
      kept,
      cache: this.cache,
      memory: this.memory,
      writing: this.writing,
      seriesParallel,
      rules,
      fetch: (wanted, signal) => runWithCorrelation(correlation, () => this.fetch(wanted, signal)),
      asker: (lifeMs) => askerAmong([...handles], exam, lifeMs),
      onSeries: (report) => this.awaitAtStop(this.tellSeries(exam, report)),
      onRefused: (error, seriesInstanceUid) => this.awaitAtStop(this.tellRefused(exam, error, seriesInstanceUid)),
      onNameDoubt: (reason, seriesInstanceUid) =>
        this.awaitAtStop(
          this.audit.recordDone({
            kind: 'retrieval.name-differs',
            outcome: 'success',
            ...subjectOf(exam),
            facts: { seriesInstanceUid, reason },
          }),
        ),
    });
    return { retrieval, handles, kept };
  }

  private leave(key: string, shared: Shared, handle: ExamHandle): void {
    shared.handles.delete(handle);
    if (shared.handles.size > 0) return;
    this.byExam.delete(key);
    shared.retrieval.close();
    this.awaitAtStop(shared.retrieval.ended());
    this.cache.leave(shared.kept);
  }

  private awaitAtStop(work: Promise<void>): void {
    const done = work.finally(() => this.underWay.delete(done));
    this.underWay.add(done);
  }

  private async tellSeries(exam: ExamToOpen, report: SeriesReport): Promise<void> {
    const { seriesInstanceUid, host, instances, bytes, durationMs, failure, again } = report;
    await this.audit.recordDone({
      kind: 'retrieval.series',
      outcome: failure ? 'failure' : 'success',
      ...subjectOf(exam),
      instances,
      bytes,
      durationMs,
      errorCode: failure?.code,
      facts: { seriesInstanceUid, host, ...modalityOf(exam, seriesInstanceUid), ...(again && { again }) },
    });
  }

  private async tellRefused(exam: ExamToOpen, error: GatewayError, seriesInstanceUid: string): Promise<void> {
    await this.audit.recordDone({
      kind: 'retrieval.object-refused',
      outcome: 'refused',
      ...subjectOf(exam),
      errorCode: error.code,
      facts: { seriesInstanceUid, reason: error.detail ?? '' },
    });
  }
}

/** For the statistics. */
function modalityOf({ manifest }: ExamToOpen, seriesInstanceUid: string): { modalities?: string } {
  const all = manifest.studies.flatMap((study) => study.series);
  const modality = all.find((series) => series.seriesInstanceUid === seriesInstanceUid)?.modality;
  return modality ? { modalities: modality } : {};
}

/** The actor, the patient and the study, for the trail. */
export function subjectOf({ professional, patient, studyInstanceUid, manifest }: ExamToOpen) {
  const { subjectNameId, given, family } = professional.professional;
  const actor: AuditActor = {
    professionalId: subjectNameId,
    professionalName: [given, family].filter(Boolean).join(' '),
    structureId: professional.situation?.structureId,
    address: professional.address,
  };
  return { actor, patient: patient.ins, studyInstanceUid, documentUniqueId: manifest.sopInstanceUid };
}

/** Somebody who has the exam open now; one may have logged out meanwhile. */
async function askerAmong(handles: readonly ExamHandle[], first: ExamToOpen, lifeMs?: number): Promise<Asker> {
  const professionals = handles.length > 0 ? handles.map(({ exam }) => exam.professional) : [first.professional];
  let failure: unknown;
  for (const professional of professionals.reverse()) {
    try {
      const accessToken = await professional.accessToken(lifeMs);
      const { situation } = professional;
      return {
        accessToken,
        structureIds: [situation?.finess, situation?.structureId].filter((id) => id !== undefined),
      };
    } catch (error) {
      failure = error;
    }
  }
  throw failure as Error;
}
