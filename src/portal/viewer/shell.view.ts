import type { ViewerGrant, ViewerPatient, ViewerSeries, ViewerStudy } from '../../viewer';
import { viewerMessages as t } from './messages';

/** YYYYMMDD as French professionals write it; partial and invented dates are left as they are. */
export function frenchDate(date: string | undefined): string {
  const [, year, month, day] = /^(\d{4})(\d{2})(\d{2})$/.exec(date ?? '') ?? [];
  return year && month && day ? `${day}/${month}/${year}` : (date ?? '');
}

/** An INS as the carte Vitale shows it: groups of 1 2 2 2 3 3 2. */
export function spacedIns(matricule: string): string {
  const [, ...groups] = /^(.)(..)(..)(..)(...)(...)(..)$/.exec(matricule) ?? [];
  return groups.length > 0 ? groups.join(' ') : matricule;
}

/** Whole years at a day; undefined when the birth date is not one. */
export function ageAt(birthDate: string, today: Date): number | undefined {
  if (!/^\d{8}$/.test(birthDate)) return undefined;
  const now = today.getFullYear() * 10_000 + (today.getMonth() + 1) * 100 + today.getDate();
  const years = Math.floor((now - Number(birthDate)) / 10_000);
  return years >= 0 && years < 150 ? years : undefined;
}

/** What the call adds to the identity; a report's link brings nothing of it. */
function calledView({ called }: ViewerGrant) {
  const names: Readonly<Record<string, string>> = t.traits;
  const absent = (called?.absentTraits ?? []).map((trait) => names[trait] ?? trait);
  return { birthPlace: called?.birthPlace, absent: absent.length > 0 ? absent.join(', ') : undefined };
}

function patientView(patient: ViewerPatient, today: Date) {
  const { gender, birthDate, matricule } = patient;
  const age = ageAt(birthDate, today);
  return {
    family: patient.birthFamilyName,
    given: patient.firstGivenName,
    gender: t.gender[gender],
    born: `${gender === 'M' || gender === 'F' ? t.born[gender] : t.born.other} ${frenchDate(birthDate)}`,
    age: age === undefined ? undefined : `${age} ans`,
    ins: matricule ? spacedIns(matricule) : undefined,
  };
}

function studyView(study: ViewerStudy) {
  const modalities = [...new Set(study.series.flatMap(({ modality }) => (modality ? [modality] : [])))];
  const shown = modalities.filter((modality) => !['SR', 'KO', 'PR'].includes(modality));
  return {
    date: frenchDate(study.date),
    description: study.description ?? t.exam,
    modality: (shown.length > 0 ? shown : modalities).join(' '),
    institution: study.institution,
  };
}

/** Address of OHIF's page for a grant. */
export function frameAddress(grant: ViewerGrant): string {
  const query = new URLSearchParams({
    grant: grant.id,
    StudyInstanceUIDs: [...grant.sources.keys()].join(','),
    lng: 'fr',
  });
  if (grant.sources.size > 1) query.set('hangingProtocolId', '@ohif/hpCompare');
  return `/viewer/basic?${query.toString()}`;
}

/** Address of one image in the viewer's data. */
export function imageAddress({ id }: ViewerGrant, study: string, series: string, instance: string): string {
  return `/dicomweb/${id}/studies/${study}/series/${series}/instances/${instance}`;
}

/** The reports, named by the date of their exam when there are several. */
function reportViews({ reports = [] }: ViewerGrant) {
  return reports.map(({ path, date }, number) => ({
    number,
    // How Chromium's and Firefox's readers of PDF open: no list of pages, whole width.
    address: `${path}#navpanes=0&view=FitH`,
    label: reports.length > 1 ? frenchDate(date) : t.report,
    title: `${t.reportTitle} ${frenchDate(date)}`.trim(),
  }));
}

/** The image at which the viewer itself opens a stack. */
function firstOf({ instances }: ViewerSeries): string {
  const ordered = [...instances].sort((one, other) => (one.instanceNumber ?? 0) - (other.instanceNumber ?? 0));
  return ordered[0]?.sopInstanceUid ?? '';
}

/** The first image of the first series with images, for the picture shown while the viewer starts. */
function previewOf(grant: ViewerGrant, isImage: (sopClassUid: string) => boolean): string | undefined {
  const [source] = grant.sources.values();
  const series = source?.study.series.find(({ instances }) =>
    instances.some(({ sopClassUid }) => isImage(sopClassUid)),
  );
  if (!source || !series || grant.sources.size > 1) return undefined;
  const { studyInstanceUid } = source.study;
  return `${imageAddress(grant, studyInstanceUid, series.seriesInstanceUid, firstOf(series))}/rendered?viewport=1024,1024`;
}

/** Everything that the page around the viewer shows. */
export function shellView(
  grant: ViewerGrant,
  options: {
    readonly today: Date;
    readonly use: keyof typeof t.use;
    readonly early: readonly string[];
    readonly isImage: (sopClassUid: string) => boolean;
  },
) {
  return {
    v: t,
    grantId: grant.id,
    patient: { ...patientView(grant.patient, options.today), ...calledView(grant) },
    studies: [...grant.sources.values()].map(({ study }) => studyView(study)),
    comparing: grant.sources.size > 1,
    frame: frameAddress(grant),
    preview: previewOf(grant, options.isImage),
    early: options.early,
    reports: reportViews(grant),
    severalReports: (grant.reports?.length ?? 0) > 1,
    back: grant.returnPath ?? '/',
    use: t.use[options.use],
    isDiagnostic: options.use === 'diagnostic',
  };
}
