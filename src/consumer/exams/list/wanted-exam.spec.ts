import type { Exam } from '../exam';
import { namesExam, openableAmong, wantedAmong } from './wanted-exam';

const exam = (id: string, studies: string[], accessions: [string, string?][] = [], more: Partial<Exam> = {}): Exam =>
  ({
    id,
    references: { studies, accessions: accessions.map(([number, issuer]) => ({ number, issuer })) },
    manifest: {},
    differences: [],
    ...more,
  }) as unknown as Exam;

const exams = [
  exam('a', ['1.1'], [['A1', '1.2.5']]),
  exam('b', ['1.2', '1.3'], [['A2', '1.2.5']]),
  exam('c', ['1.4'], [['A1', '1.2.6']]),
  exam('d', ['1.5'], [['A2', '1.2.5']]),
  exam('e', ['1.6'], [['A3']]),
];
const ids = (named: Parameters<typeof wantedAmong>[1]) => wantedAmong(exams, named).map(({ id }) => id);

describe('the exam that a call names', () => {
  it.each([
    ['a study', { studyInstanceUid: '1.1' }, ['a']],
    ['a further study of a manifest', { studyInstanceUid: '1.3' }, ['b']],
    ['a study that is not there', { studyInstanceUid: '1.9' }, []],
    ['a piece of a study', { studyInstanceUid: '1' }, []],
    ['an accession number of two hospitals', { accessionNumber: 'A1' }, ['a', 'c']],
    ['with its issuer', { accessionNumber: 'A1', accessionNumberIssuer: '1.2.6' }, ['c']],
    ['with its issuer as CX-4', { accessionNumber: 'A1', accessionNumberIssuer: 'CH&1.2.6&ISO' }, ['c']],
    ['with an issuer that is a name', { accessionNumber: 'A1', accessionNumberIssuer: 'CHFICTIF' }, ['a', 'c']],
    ['with an issuer, where the exam tells none', { accessionNumber: 'A3', accessionNumberIssuer: '1.2.6' }, ['e']],
    ['several studies of one number', { accessionNumber: 'A2' }, ['b', 'd']],
    ['both: the study decides', { studyInstanceUid: '1.1', accessionNumber: 'A2' }, ['a']],
    ['both, and the study is not there', { studyInstanceUid: '1.9', accessionNumber: 'A2' }, ['b', 'd']],
    ['nothing', {}, []],
  ])('%s', (_case, named, expected) => expect(ids(named)).toEqual(expected));

  it('is asked for by a study or a number, not by a modality', () => {
    expect([{ studyInstanceUid: '1' }, { accessionNumber: '1' }, {}].map(namesExam)).toEqual([true, true, false]);
  });

  it('is opened at once only when there is one, with images, and nothing differs', () => {
    const blocked = exam('x', ['1'], [], { differences: [{ trait: 'ins', called: '', found: '' }] });
    const report = exam('y', ['2'], [], { manifest: undefined });
    expect(openableAmong([exams[0]])?.id).toBe('a');
    expect(openableAmong([exams[0], report])?.id).toBe('a');
    expect([[], [exams[0], exams[1]], [blocked], [report], [exams[0], blocked]].map(openableAmong)).toEqual(
      Array.from({ length: 5 }, () => undefined),
    );
  });
});
