import { Injectable, Module, OnModuleInit } from '@nestjs/common';
import { contextErrors, ContextModule, PatientContexts } from '../../consumer/context';
import { ExamRetrievals, OpenedExam, RetrievalModule } from '../../consumer/retrieval';
import { GatewayError } from '../../platform/errors';
import {
  CalledIdentity,
  grantCookie,
  Opened,
  remoteStudySource,
  ViewerGrants,
  ViewerModule,
  ViewerOpening,
} from '../../viewer';
import { ExamImages, ImagesOpened, ImagesRequest } from '../exams';

/** The images of other hospitals in our viewer: each exam's retrieval begins, and one grant opens them all. */
@Injectable()
export class RetrievedExamImages extends ExamImages implements OnModuleInit {
  /** Patients whose images are being opened: one that is closed meanwhile is not seen any more. */
  private readonly opening = new Set<{ readonly contextId?: string; ended: boolean }>();

  constructor(
    private readonly retrievals: ExamRetrievals,
    private readonly viewers: ViewerOpening,
    private readonly grants: ViewerGrants,
    private readonly contexts: PatientContexts,
  ) {
    super();
  }

  onModuleInit(): void {
    this.contexts.onEnded((contextId) => {
      for (const one of this.opening) if (one.contextId === contextId) one.ended = true;
      this.grants.closeContext(contextId);
    });
  }

  override async open(request: ImagesRequest): Promise<ImagesOpened> {
    const state = { contextId: request.exams[0]?.contextId, ended: false };
    this.opening.add(state);
    try {
      const { grant, key } = await this.openGrant(request);
      if (state.ended) {
        this.grants.close(grant.id);
        throw new GatewayError(contextErrors.notOpen);
      }
      return { path: `/view/${grant.id}`, cookies: [grantCookie(grant.id, key)] };
    } finally {
      this.opening.delete(state);
    }
  }

  private async openGrant(request: ImagesRequest): Promise<Opened> {
    const { exams, acting, sessionId, address, returnPath, reports } = request;
    const opened: OpenedExam[] = [];
    try {
      for (const { contextId, manifest, patient } of exams) {
        for (const { studyInstanceUid } of manifest.studies) {
          opened.push(
            await this.retrievals.openExam({ contextId, professional: acting, patient, manifest, studyInstanceUid }),
          );
        }
      }
    } catch (error) {
      for (const exam of opened) exam.close();
      throw error;
    }
    const { professional } = acting;
    const name = [professional.given, professional.family].filter(Boolean).join(' ');
    return this.viewers.open({
      sessionId,
      contextId: exams[0]?.contextId,
      professional: { id: professional.subjectNameId, name, structureId: acting.situation?.structureId, address },
      sources: opened.map(remoteStudySource),
      called: calledIdentity(exams),
      returnPath,
      reports,
    });
  }
}

function calledIdentity(exams: ImagesRequest['exams']): CalledIdentity | undefined {
  const [first] = exams;
  if (!first) return undefined;
  const { code, kind } = first.patient.birthPlace;
  const absentTraits = [...new Set(exams.flatMap((exam) => exam.absentTraits))];
  return { birthPlace: kind === 'unknown' ? undefined : code, absentTraits };
}

/** What the exam pages import in order to show images. */
@Module({
  imports: [ContextModule, RetrievalModule, ViewerModule],
  providers: [{ provide: ExamImages, useClass: RetrievedExamImages }],
  exports: [ExamImages],
})
export class ExamImagesModule {}
