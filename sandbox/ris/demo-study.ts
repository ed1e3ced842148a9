/** Everything a RIS knows of an invented examination. Written for the sandbox alone: shares nothing with the gateway. */
export interface DemoPatient {
  /** 15 characters. */
  readonly ins: string;
  readonly oid: string;
  readonly family: string;
  readonly given: string;
  /** YYYYMMDD */
  readonly birthDate: string;
  readonly gender: 'F' | 'M';
  /** COG code. */
  readonly birthPlace: string;
  readonly patientId: string;
  /** OID of the hospital's numbering. */
  readonly patientIdIssuer: string;
}

export interface DemoCode {
  readonly code: string;
  readonly label: string;
}

export interface DemoStudy {
  readonly studyInstanceUid: string;
  readonly accessionNumber: string;
  readonly accessionIssuer: string;
  readonly orderNumber: string;
  readonly orderIssuer: string;
  /** LOINC code of the act. */
  readonly act: DemoCode;
  readonly ccam?: DemoCode;
  readonly modality: DemoCode;
  /** SNOMED CT code of the region. */
  readonly region: DemoCode;
  /** YYYYMMDDHHMMSS±ZZZZ */
  readonly start: string;
  readonly stop: string;
  readonly patient: DemoPatient;
}

export interface DemoProfessional {
  /** `8` + RPPS. */
  readonly id: string;
  readonly family: string;
  readonly given: string;
}

export interface DemoStructure {
  /** FINESS, 9 digits. */
  readonly finess: string;
  readonly name: string;
}

export const demoRadiologist: DemoProfessional = { id: '801234560801', family: 'BIDEAULT', given: 'Jacques' };
export const demoStructure: DemoStructure = { finess: '750803447', name: 'Centre de radiologie Ambroise' };

/** A study of the national test patient, to be changed where it matters: `{ ...demoStudy, accessionNumber: 'A2' }`. */
export const demoStudy: DemoStudy = {
  studyInstanceUid: '1.2.250.1.213.4.5.2.1.105',
  accessionNumber: 'ACN105',
  accessionIssuer: '1.2.250.1.213.4.5.2.5',
  orderNumber: 'OPN105',
  orderIssuer: '1.2.250.1.213.4.5.2.6',
  act: { code: '24727-0', label: 'Scanner de la tête avec injection' },
  ccam: { code: 'ACQH004', label: 'Scanographie du crâne, avec injection' },
  modality: { code: 'CT', label: 'Tomodensitométrie' },
  region: { code: '774007', label: 'structure de la tête et/ou du cou' },
  start: '20210108102500+0100',
  stop: '20210108111700+0100',
  patient: {
    ins: '279035121518989',
    oid: '1.2.250.1.213.1.4.10',
    family: 'PAT-TROIS',
    given: 'DOMINIQUE',
    birthDate: '19790328',
    gender: 'F',
    birthPlace: '51215',
    patientId: 'IPP101',
    patientIdIssuer: '1.2.250.1.213.4.5.2.4',
  },
};
