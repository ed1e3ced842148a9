import type { PatientContexts } from '../../consumer/context';
import type { ExamRetrievals } from '../../consumer/retrieval';
import type { ViewerGrants, ViewerOpening } from '../../viewer';
import type { ImagesRequest } from '../exams';
import { RetrievedExamImages } from './retrieved-exam-images';

/** A patient with no study: what is examined is whose viewer stays open. */
const request = {
  exams: [
    { contextId: 'c1', manifest: { studies: [] }, patient: { birthPlace: { kind: 'unknown' } }, absentTraits: [] },
  ],
  acting: { professional: {} },
  sessionId: 's1',
  returnPath: '/dossier/c1',
} as unknown as ImagesRequest;

describe('images of a patient', () => {
  /** `meanwhile` happens while the viewer is being opened, as it may in another tab. */
  async function open(meanwhile: (end: (contextId: string) => void) => void) {
    const closed: string[] = [];
    let end: (contextId: string) => void = () => undefined;
    const contexts = { onEnded: (handler: typeof end) => (end = handler) } as unknown as PatientContexts;
    const grants = {
      close: (id: string) => closed.push(id),
      closeContext: () => undefined,
    } as unknown as ViewerGrants;
    const viewers = {
      open: async () => {
        await Promise.resolve();
        meanwhile((contextId) => end(contextId));
        return { grant: { id: 'g1' }, key: 'k' };
      },
    } as unknown as ViewerOpening;
    const images = new RetrievedExamImages({} as ExamRetrievals, viewers, grants, contexts);
    images.onModuleInit();
    const outcome = await images.open(request).then(
      ({ path }) => path,
      (error: { code: string }) => error.code,
    );
    return { outcome, closed };
  }

  it('open while another patient is closed', async () => {
    expect(await open((end) => end('c2'))).toEqual({ outcome: '/view/g1', closed: [] });
  });

  it('do not stay open when the patient is closed in another tab meanwhile', async () => {
    expect(await open((end) => end('c1'))).toEqual({ outcome: 'context.not-open', closed: ['g1'] });
  });
});
