import type { OpenedExam } from '../../consumer/retrieval';
import { GatewayError } from '../../platform/errors';
import type { ViewerStudySource } from '../dicomweb/study-source';
import { viewerStudyOf } from '../dicomweb/viewer-study.mapper';
import { viewerErrors } from '../viewer.errors';

/** A study under way from another hospital, as the viewer sees it. The retrieval has checked every object before it is here. */
export function remoteStudySource(exam: OpenedExam): ViewerStudySource {
  const study = viewerStudyOf(exam.manifest, exam.studyInstanceUid);
  if (!study) {
    exam.close();
    throw new GatewayError(viewerErrors.noStudy);
  }
  return {
    study,
    prefer: (seriesInstanceUid) => exam.prefer(seriesInstanceUid),
    hasArrived: (sopInstanceUid) => exam.hasArrived(sopInstanceUid),
    instance: (sopInstanceUid, signal) => exam.instance(sopInstanceUid, signal),
    head: (sopInstanceUid, signal) => exam.head(sopInstanceUid, signal),
    progress: () => exam.progress(),
    onProgress: (listener) => exam.onProgress(listener),
    retry: () => exam.retry(),
    close: () => exam.close(),
  };
}
