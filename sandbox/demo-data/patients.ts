import { testInsOid, withInsKey } from './ins';

/** An invented person, shaped as `patient` of the sandbox's ready file. */
export interface DemoPatient {
  ins: string;
  oid: string;
  family: string;
  given: string;
  /** YYYYMMDD, as DICOM and HL7 write it. */
  birthDate: string;
  gender: 'M' | 'F';
  /** INSEE code of the town. */
  birthPlace: string;
  patientId: string;
  patientIdIssuer: string;
}

/** Local issuer of the patient numbers of the invented hospital. */
export const localIssuer = '1.2.250.1.213.4.5.2.900';

type Civil = Pick<DemoPatient, 'family' | 'given' | 'birthDate' | 'gender' | 'birthPlace' | 'patientId'> & {
  order: string;
};

function patient({ order, ...civil }: Civil): DemoPatient {
  const first13 = (civil.gender === 'M' ? '1' : '2') + civil.birthDate.slice(2, 6) + civil.birthPlace + order;
  return { ins: withInsKey(first13), oid: testInsOid, ...civil, patientIdIssuer: localIssuer };
}

/** Names that nobody bears, with accents, a hyphen, a Corsican birth place. */
export const demoPatients = {
  thorax: patient({
    family: 'ESSAIDRIM-FICTIVE',
    given: 'CAMILLE ZOÉ',
    birthDate: '19620112',
    gender: 'F',
    birthPlace: '75113',
    patientId: 'DEMO000001',
    order: '901',
  }),
  head: patient({
    family: 'ÉPREUVEDRIM',
    given: 'JEAN-NOËL',
    birthDate: '19480923',
    gender: 'M',
    birthPlace: '29232',
    patientId: 'DEMO000002',
    order: '902',
  }),
  abdomen: patient({
    family: 'DÉMODRIM',
    given: 'ANAÏS',
    birthDate: '19910305',
    gender: 'F',
    birthPlace: '2A004',
    patientId: 'DEMO000003',
    order: '903',
  }),
} as const;
