import type { PatientContext } from '../../consumer/context';
import { entryPath } from './entry-path';

const called = (filters: PatientContext['filters'], consent: PatientContext['consent'] = 'informed') =>
  ({ id: 'C', consent, filters }) as PatientContext;

describe('where a call leads', () => {
  it.each([
    ['the list', called({}), false, '/dossier/C'],
    ['the list, narrowed', called({ modality: 'CT' }), true, '/dossier/C?modalite=CT'],
    ['the list, although an exam is named', called({ studyInstanceUid: '1.2' }), false, '/dossier/C'],
    ['the exam that is named by its study', called({ studyInstanceUid: '1.2' }), true, '/dossier/C/examen-demande'],
    ['or by its number', called({ accessionNumber: 'A', modality: 'CT' }), true, '/dossier/C/examen-demande'],
    ['what explains an opposition', called({ accessionNumber: 'A' }, 'opposed'), true, '/dossier/C'],
  ])('%s', (_case, context, opensExam, path) => expect(entryPath(context, opensExam)).toBe(path));
});
