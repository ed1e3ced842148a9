import { STATUS, type DocumentEntry } from '../../../standards/xds';
import type { CalledPatient } from '../../context';
import { filterExams, isFirstSearch, searchSince } from './exam-filters';
import { pairExams } from './pair-exams';

const patient: CalledPatient = {
  ins: { matricule: '279035121518989', oid: '1.2.250.1.213.1.4.10' },
  birthFamilyName: 'PAT-TROIS',
  firstGivenName: 'DOMINIQUE',
  gender: 'F',
  birthDate: { text: '19790328', precision: 'day', lunar: false },
  birthPlace: { code: '51215', kind: 'commune' },
  localId: { value: 'IPP', authority: { namespaceId: '', universalId: '1.2.3', universalIdType: 'ISO' } },
};
const accession = (number: string, issuer = '1.2.5') => `${number}^^^&${issuer}&ISO^urn:ihe:iti:xds:2013:accession`;
const study = (uid: string) => `${uid}^^^&1.2.840.10008.2.6.1&ISO^urn:ihe:iti:xds:2016:studyInstanceUID`;

let next = 0;
const entry = (references: string[], change: Partial<DocumentEntry> = {}): DocumentEntry => ({
  entryUuid: `urn:uuid:${++next}`,
  uniqueId: `1.9.${next}`,
  patientId: '279035121518989^^^&1.2.250.1.213.1.4.10&ISO^NH',
  mimeType: 'application/dicom',
  availabilityStatus: STATUS.approved,
  authors: [
    { authorInstitution: ['Centre A^^^^^&1.2.250.1.71.4.2.2&ISO^IDNST^^^1'], authorRole: [], authorSpecialty: [] },
  ],
  typeCode: { code: 'IMG-KOS', scheme: 's', display: '' },
  confidentialityCode: [],
  eventCodeList: [
    { code: 'CT', scheme: '1.2.250.1.213.1.1.5.618', display: 'Scanner' },
    { code: '67734004', scheme: '1.2.250.1.213.2.5', display: 'Thorax' },
    { code: 'ZBQK002', scheme: '1.2.250.1.213.2.5', display: 'Radiographie du thorax' },
  ],
  creationTime: '20260110090000',
  serviceStartTime: '20260110080000',
  sourcePatientInfo: ['PID-5|PAT-TROIS^DOMINIQUE^^^^^L', 'PID-7|19790328', 'PID-8|F'],
  referenceIdList: references,
  ...change,
});
const report = (references: string[], change: Partial<DocumentEntry> = {}): DocumentEntry =>
  entry(references, { mimeType: 'text/xml', typeCode: { code: '18748-4', scheme: 'l', display: '' }, ...change });
const pair = (...entries: DocumentEntry[]) => pairExams(entries, { contextId: 'c', patient });

describe('pairing of reports and manifests', () => {
  it('joins them by study', () => {
    const [exam, ...others] = pair(entry([study('1.1'), accession('A')]), report([study('1.1')]));
    expect(others).toEqual([]);
    expect(exam).toMatchObject({
      studyInstanceUid: '1.1',
      accessionNumbers: ['A'],
      structure: 'Centre A',
      description: 'Radiographie du thorax',
      modalities: [{ code: 'CT', label: 'Scanner' }],
      regions: [{ code: '67734004', label: 'Thorax' }],
    });
    expect(exam?.reports).toHaveLength(1);
  });

  it('joins them by accession number when the report names no study', () => {
    const exams = pair(entry([study('1.1'), accession('A')]), report([accession('A')]));
    expect(exams.map(({ reports }) => reports.length)).toEqual([1]);
  });

  it('does not join the same accession number of two hospitals', () => {
    expect(pair(entry([study('1.1'), accession('A', '1.2.5')]), report([accession('A', '1.2.6')]))).toHaveLength(2);
  });

  it('keeps two studies of one accession number apart, each with its own report', () => {
    const exams = pair(
      entry([study('1.1'), accession('A')]),
      entry([study('1.2'), accession('A')]),
      report([study('1.2'), accession('A')]),
    );
    expect(Object.fromEntries(exams.map((exam) => [exam.studyInstanceUid, exam.reports.length]))).toEqual({
      '1.1': 0,
      '1.2': 1,
    });
  });

  it('shows one report of several studies with each of them', () => {
    const exams = pair(entry([study('1.1')]), entry([study('1.2')]), report([study('1.1'), study('1.2')]));
    expect(exams.map(({ reports }) => reports.length)).toEqual([1, 1]);
  });

  it('tells two manifests in force apart from a replaced one: the latest is used, no other is called replaced', () => {
    const at = (creationTime: string, change: Partial<DocumentEntry> = {}) =>
      entry([study('1.1'), accession('A')], { creationTime, ...change });
    const [exam, ...others] = pair(
      at('20260110090000'),
      at('20260108090000', { availabilityStatus: STATUS.deprecated }),
      at('20260112090000'),
      at('20260114090000', { availabilityStatus: STATUS.deprecated }),
    );
    const days = (documents: readonly { createdAt?: string }[] = []) => documents.map(({ createdAt }) => createdAt);
    expect(others).toEqual([]);
    expect(days(exam?.manifest && [exam.manifest])).toEqual(['20260112090000']);
    expect(days(exam?.otherManifests)).toEqual(['20260110090000']);
    expect(days(exam?.earlierManifests)).toEqual(['20260114090000', '20260108090000']);
  });

  it('tells by what an exam may be named: studies of its manifests, numbers of all its documents', () => {
    const exams = pair(
      entry([study('1.1'), accession('A')]),
      report([study('1.1'), study('1.2'), accession('B', '1.2.6')]),
    );
    expect(exams.map(({ references }) => references)).toEqual([
      {
        studies: ['1.1'],
        accessions: [
          { number: 'A', issuer: '1.2.5' },
          { number: 'B', issuer: '1.2.6' },
        ],
      },
    ]);
  });

  it('makes exams of reports alone, with their versions', () => {
    const exams = pair(
      report([study('1.1')], { availabilityStatus: STATUS.deprecated, creationTime: '20260101000000' }),
      report([study('1.1')]),
      report([]),
    );
    expect(exams).toHaveLength(2);
    const versions = exams.find(({ studyInstanceUid }) => studyInstanceUid === '1.1');
    expect([versions?.reports.length, versions?.earlierReports.length]).toEqual([1, 1]);
  });

  it('takes the manifest in force, and drops what was deleted', () => {
    const [exam] = pair(
      entry([study('1.1')], { uniqueId: 'old', availabilityStatus: STATUS.deprecated, creationTime: '20260301000000' }),
      entry([study('1.1')], { uniqueId: 'new', creationTime: '20260201000000' }),
      entry([study('1.1')], { uniqueId: 'gone', availabilityStatus: STATUS.deleted, creationTime: '20260401000000' }),
    );
    expect(exam?.manifest?.entry.uniqueId).toBe('new');
    expect(exam?.earlierManifests.map(({ entry: one }) => one.uniqueId)).toEqual(['old']);
  });

  it('tells strict traits that differ, and not those that are absent or written otherwise', () => {
    const same = ['PID-5|pat trois^Dominique Anne^^^^^L', 'PID-7|197903', 'PID-11|^^^^^^BDL^^51215'];
    expect(pair(entry([study('1.1')], { sourcePatientInfo: same }))[0]?.differences).toEqual([]);
    const other = ['PID-5|AUTRE^DOMINIQUE^^^^^L', 'PID-7|19790327', 'PID-8|M', 'PID-11|^^^^^^BDL^^51216'];
    const found = pair(entry([study('1.1')], { sourcePatientInfo: other }))[0]?.differences.map(({ trait }) => trait);
    expect(found).toEqual(['birthFamilyName', 'birthDate', 'gender', 'birthPlace']);
  });

  it('gives identifiers that mean nothing in another context', () => {
    const one = entry([study('1.1')]);
    const [here] = pairExams([one], { contextId: 'c', patient });
    const [there] = pairExams([one], { contextId: 'd', patient });
    expect(here?.id).toMatch(/^[\w-]{20}$/);
    expect(here?.id).not.toBe(there?.id);
  });

  it('pairs five hundred exams quickly', () => {
    const all = Array.from({ length: 500 }, (_, at) => [entry([study(`1.${at}`)]), report([study(`1.${at}`)])]).flat();
    const started = performance.now();
    expect(pair(...all)).toHaveLength(500);
    expect(performance.now() - started).toBeLessThan(2_000);
  });
});

describe('filters', () => {
  const exams = pair(
    entry([study('1.1')]),
    entry([study('1.2')], {
      serviceStartTime: '20200110080000',
      eventCodeList: [{ code: 'MR', scheme: '1.2.250.1.213.1.1.5.618', display: 'IRM' }],
    }),
  );
  const none = { everything: false, earlier: false };
  const studies = (filters: object, since?: string) =>
    filterExams(exams, { ...none, ...filters }, since).map(({ studyInstanceUid }) => studyInstanceUid);

  it.each([
    [{}, undefined, ['1.1', '1.2']],
    [{}, '20240101', ['1.1']],
    [{ modality: 'MR' }, undefined, ['1.2']],
    [{ region: 'thorax' }, undefined, ['1.1']],
    [{ to: '20210101' }, undefined, ['1.2']],
    [{ from: '20260110', to: '20260110' }, undefined, ['1.1']],
    [{ structure: 'Centre B' }, undefined, []],
    [{ structure: 'Centre B', modality: 'MR' }, undefined, []],
    [{ region: 'thorax', modality: 'MR' }, undefined, []],
  ])('%j since %s', (filters, since, expected) => {
    expect(studies(filters, since)).toEqual(expected);
  });

  it('count in days as the list shows them: an exam of the night is not of the day before', () => {
    const night = pair(entry([study('1.3')], { serviceStartTime: '20260109233000' }));
    const found = (day: string, timeZone?: string) =>
      filterExams(night, { ...none, from: day, to: day, timeZone }, undefined).length;
    expect([found('20260110', 'Europe/Paris'), found('20260109', 'Europe/Paris'), found('20260109')]).toEqual([
      1, 0, 1,
    ]);
  });

  it('asks two years back, further when the period says so, or everything', () => {
    const now = new Date('2026-11-21T03:00:00Z');
    expect(searchSince({ everything: false }, now)).toBe('20241121');
    expect(searchSince({ everything: false, from: '20200101' }, now)).toBe('20191231');
    expect(searchSince({ everything: false, from: '20260101' }, now)).toBe('20241121');
    expect(searchSince({ everything: true }, now)).toBeUndefined();
    const isFirst = [{}, { from: '20260101' }, { from: '20200101' }, { everything: true }].map((one) =>
      isFirstSearch({ everything: false, ...one }, now),
    );
    expect(isFirst).toEqual([true, true, false, false]);
  });
});
