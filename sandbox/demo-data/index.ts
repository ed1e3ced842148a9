import { DemoStudy, StudyHead, studyOf } from './demo-study';
import { keyImageSeries, reportSeries } from './documents';
import { crSeries, ctSeries, mrSeries, sopClasses, usSeries } from './images';
import { demoPatients } from './patients';

export type { DemoFile, DemoStudy } from './demo-study';
export { manifestFile } from './manifest-file';
export type { ListedObject, ManifestPlan } from './manifest-file';
export { testInsOid, withInsKey } from './ins';
export type { DemoPatient } from './patients';
export { demoPatients, localIssuer } from './patients';

export interface DemoOptions {
  /** Slices of the first study (the chest CT); the others are in proportion. */
  instances?: number;
  /** Side of the CT images in pixels. */
  columns?: number;
}

/** The demo studies, the same for the same options: chest CT and its prior, head MR with report and key images, chest CR, ultrasound. */
export function generateDemoStudies({ instances = 120, columns = 512 }: DemoOptions = {}): DemoStudy[] {
  const part = (share: number) => Math.max(2, Math.round(instances * share));
  return [
    chestCt(currentChest, { slices: instances, columns, noduleMm: 17, jpegLs: true }),
    chestCt(priorChest, { slices: part(0.5), columns, noduleMm: 9, jpegLs: false }),
    headMr(part(0.2), columns / 2),
    chestCr(columns * 2),
    abdomenUs(part(0.25)),
  ];
}

const currentChest: StudyHead = {
  number: 9001,
  accessionNumber: 'DEMO2610001',
  patient: demoPatients.thorax,
  modality: 'CT',
  description: 'Scanner thoracique avec injection',
  date: '20261012',
  time: '093000',
  bodyPart: 'CHEST',
  procedure: { code: '24628-0', meaning: 'Scanner du thorax avec injection' },
};
const priorChest: StudyHead = {
  ...currentChest,
  number: 9002,
  accessionNumber: 'DEMO2510044',
  date: '20251006',
  time: '141500',
};

function chestCt(
  head: StudyHead,
  plan: { slices: number; columns: number; noduleMm: number; jpegLs: boolean },
): DemoStudy {
  return studyOf(head, [ctSeries(head, { number: 1, modality: 'CT', description: 'THORAX INJECTE AXIAL' }, plan)]);
}

function headMr(slices: number, columns: number): DemoStudy {
  const head: StudyHead = {
    number: 9003,
    accessionNumber: 'DEMO2610002',
    patient: demoPatients.head,
    modality: 'MR',
    description: 'IRM cérébrale',
    date: '20261013',
    time: '110000',
    bodyPart: 'BRAIN',
    procedure: { code: '24590-2', meaning: 'IRM du cerveau' },
  };
  const lesion = Math.max(1, Math.round((40 / 140) * slices));
  const images = [1, 2].map((series) => ({ series, instance: lesion, sopClassUid: sopClasses.mr }));
  return studyOf(head, [
    mrSeries(head, { number: 1, modality: 'MR', description: 'AX T1 SE' }, { weighting: 'T1', slices, columns }),
    mrSeries(head, { number: 2, modality: 'MR', description: 'AX T2 TSE' }, { weighting: 'T2', slices, columns }),
    reportSeries(head, { number: 3, modality: 'SR', description: 'Compte rendu' }, images),
    keyImageSeries(head, { number: 4, modality: 'KO', description: 'Images clés' }, images),
  ]);
}

function chestCr(columns: number): DemoStudy {
  const head: StudyHead = {
    number: 9004,
    accessionNumber: 'DEMO2610003',
    patient: demoPatients.thorax,
    modality: 'CR',
    description: 'Radiographie du thorax',
    date: '20260914',
    time: '081000',
    bodyPart: 'CHEST',
    procedure: { code: '36643-5', meaning: 'Radiographie du thorax, deux incidences' },
  };
  return studyOf(head, [crSeries(head, { number: 1, modality: 'CR', description: 'THORAX FACE ET PROFIL' }, columns)]);
}

function abdomenUs(frames: number): DemoStudy {
  const head: StudyHead = {
    number: 9005,
    accessionNumber: 'DEMO2610004',
    patient: demoPatients.abdomen,
    modality: 'US',
    description: 'Échographie abdominale',
    date: '20261014',
    time: '153000',
    bodyPart: 'ABDOMEN',
    procedure: { code: '24558-9', meaning: 'Échographie abdominale' },
  };
  const plan = { frames, rows: 480, columns: 640 };
  return studyOf(head, [usSeries(head, { number: 1, modality: 'US', description: 'BOUCLE FOIE' }, plan)]);
}
