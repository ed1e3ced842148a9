import { select, seriesAnswer, studyAnswer } from './qido';
import type { ViewerStudy } from './study-source';

const study: ViewerStudy = {
  studyInstanceUid: '1.2.3',
  date: '20260102',
  accessionNumber: 'A1',
  patient: {
    matricule: '269054958815780',
    oid: '1.2',
    birthFamilyName: 'NOM',
    firstGivenName: 'PRENOM',
    birthDate: '19690501',
    gender: 'F',
  },
  series: [
    {
      seriesInstanceUid: '1.2.3.1',
      modality: 'CT',
      number: 1,
      instances: [{ sopInstanceUid: '1.2.3.1.1', sopClassUid: '1.2' }],
    },
    { seriesInstanceUid: '1.2.3.2', modality: 'SR', instances: [] },
  ],
};

describe('searches answered from the manifest', () => {
  it('describe the study and its series', () => {
    const answer = studyAnswer(study);
    expect(answer['00080061']).toEqual({ vr: 'CS', Value: ['CT', 'SR'] });
    expect(answer['00201208']).toEqual({ vr: 'IS', Value: [1] });
    expect(answer['00100010']).toEqual({ vr: 'PN', Value: [{ Alphabetic: 'NOM^PRENOM' }] });
    expect(seriesAnswer(study, study.series[1])['0008103E']).toEqual({ vr: 'LO' });
  });

  const found = (query: string) => select([studyAnswer(study)], new URLSearchParams(query));
  it.each([
    ['StudyInstanceUID=1.2.3', 1],
    ['0020000D=1.2.3,9.9', 1],
    ['0020000d=9.9', 0],
    ['PatientID=269054958815780', 1],
    ['00100020=1', 0],
    ['ModalitiesInStudy=CT', 1],
    ['StudyDate=20260101-20260131', 1],
    ['StudyDate=20260103-', 0],
    ['limit=0', 0],
    ['offset=1', 0],
    ['limit=101&offset=0&fuzzymatching=false&includefield=all', 1],
  ])('%s finds %i', (query, count) => {
    expect(found(query).found).toHaveLength(count);
  });
  it('tell which keys were not used', () => {
    expect([found('PatientName=X').ignored, found('PatientID=1').ignored]).toEqual([true, false]);
  });
});
