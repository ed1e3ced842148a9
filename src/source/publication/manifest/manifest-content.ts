import { birthDateToDicom, genderToDicom } from '../../../standards/identity';
import {
  InstanceSelection,
  isManifestTitle,
  isRejectionTitle,
  ManifestContent,
  ManifestPatient,
  ManifestRequest,
  ManifestSeries,
  selectInstances,
  SelectionPolicy,
} from '../../../standards/manifest';
import type { ReportOrder } from '../../../standards/cda';
import type { ReportRequest } from '../../intake';
import { StudyFacts, StudyInPacs, withKeyImages } from '../study/study-in-pacs';

export interface ListingPolicy {
  readonly selection: SelectionPolicy;
  /** Instances taken away by rejection notes. */
  readonly rejected: ReadonlySet<string>;
}

/** What of the study may be shared, with the marks of its key images. */
export function listedSeries(study: StudyInPacs, { selection, rejected }: ListingPolicy): InstanceSelection['series'] {
  const titles = new Map(study.keyObjects.map(({ sopInstanceUid, title }) => [sopInstanceUid, title]));
  const left = study.series.map((series) => ({
    ...series,
    instances: series.instances.filter(({ sopInstanceUid }) => !rejected.has(sopInstanceUid)),
  }));
  const marking = study.keyObjects.filter(
    ({ title, sopInstanceUid }) => !isManifestTitle(title) && !isRejectionTitle(title) && !rejected.has(sopInstanceUid),
  );
  return withKeyImages(selectInstances(left, selection, titles).series, marking);
}

export interface Addresses {
  /** Base of WADO-RS as other gateways reach it. */
  readonly publicUrl: string;
  readonly retrieveLocationUid: string | undefined;
}

/** Manifest of one study: its images from the PACS, everything about people and acts from the report. */
export function manifestContent(
  { report, sender, exams }: ReportRequest,
  study: { facts: StudyFacts; series: readonly ManifestSeries[] },
  addresses: Addresses,
): ManifestContent {
  const { facts } = study;
  const acts = exams.filter((exam) => exam.studyInstanceUid === facts.studyInstanceUid).flatMap((exam) => exam.acts);
  const base = addresses.publicUrl.replace(/\/+$/, '');
  return {
    patient: patientOf(report),
    studies: [
      {
        studyInstanceUid: facts.studyInstanceUid,
        date: facts.date || undefined,
        time: facts.time || undefined,
        description: facts.description || undefined,
        studyId: facts.studyId || undefined,
        referringPhysician: facts.referringPhysician || undefined,
        requests: requestsOf(report.orders, facts.accessionNumber),
        series: study.series.map((series) => ({
          ...series,
          retrieveUrl: `${base}/studies/${facts.studyInstanceUid}/series/${series.seriesInstanceUid}`,
          retrieveLocationUid: addresses.retrieveLocationUid,
        })),
      },
    ],
    actLabel: [...new Set(acts.map((act) => act.code.displayName).filter(Boolean))].join(', ') || undefined,
    targetRegions: acts.flatMap((act) =>
      act.regions.map(({ code, displayName }) => ({ value: code, scheme: 'SCT', meaning: displayName || code })),
    ),
    institution: { name: sender.structureName, structureId: sender.structureId || undefined },
    manufacturer: 'DRIMbox',
  };
}

function patientOf({ patient }: ReportRequest['report']): ManifestPatient {
  const used =
    patient.usedFamily || patient.usedGiven ? [`${patient.usedFamily ?? ''}^${patient.usedGiven ?? ''}`] : [];
  return {
    ins: patient.ins,
    birthFamilyName: patient.birthFamily,
    firstGivenName: patient.firstBirthGiven,
    birthDate: birthDateToDicom(patient.birthDate) ?? '',
    gender: genderToDicom(patient.gender),
    birthPlace: patient.birthPlace?.code ?? '',
    otherNames: [...(patient.birthGivenNames ? [`^${patient.birthGivenNames}`] : []), ...used],
  };
}

/** The orders that the images of this study name; all of the report's when the images name none of them. */
export function requestsOf(orders: readonly ReportOrder[], accessionNumber: string): ManifestRequest[] {
  const named = orders.filter(({ accession }) => accession?.extension?.trim() === accessionNumber);
  return (named.length > 0 ? named : orders).map(({ accession, placerOrder }) => ({
    accession: accession?.extension ? { value: accession.extension.trim(), issuerOid: accession.root } : undefined,
    placerOrder: placerOrder?.extension
      ? { value: placerOrder.extension.trim(), issuerOid: placerOrder.root }
      : undefined,
  }));
}
