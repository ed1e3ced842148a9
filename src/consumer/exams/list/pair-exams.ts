import { createHash } from 'node:crypto';
import { referencesOf, visibilityOf, type DocumentEntry } from '../../../standards/xds';
import type { CalledPatient } from '../../context';
import type { Exam, ExamDocument, ExamReferences } from '../exam';
import { traitsOfEntry } from '../identity/claimed-traits';
import { compareTraits, type TraitDifference } from '../identity/compare-traits';
import {
  dateOf,
  descriptionOf,
  isDeleted,
  isManifest,
  isReplaced,
  isReport,
  modalitiesOf,
  regionsOf,
  structureOf,
} from './entry-facts';

/** References by which documents of one exam know each other. */
interface Keys {
  readonly studies: readonly string[];
  /** Number and its issuer: two hospitals may give the same number. */
  readonly accessions: readonly string[];
}

/** Documents of one exam while they are gathered. */
interface Group extends Keys {
  readonly key: string;
  readonly manifests: DocumentEntry[];
  readonly reports: DocumentEntry[];
}

const keysOf = (entry: DocumentEntry): Keys => ({
  studies: referencesOf(entry.referenceIdList, 'studyInstanceUid').map(({ value }) => value),
  accessions: referencesOf(entry.referenceIdList, 'accession').map(({ value, authority }) => `${value}^${authority}`),
});

const shares = (one: readonly string[], other: readonly string[]): boolean =>
  one.some((value) => other.includes(value));
const keyOf = ({ studies, accessions }: Keys, entry: DocumentEntry): string =>
  studies[0] !== undefined
    ? `study ${studies[0]}`
    : accessions[0] !== undefined
      ? `accession ${accessions[0]}`
      : `document ${entry.uniqueId}`;

/** Later first; equal times keep the order of the registry. */
const laterFirst = (one: DocumentEntry, other: DocumentEntry): number => timeOf(other).localeCompare(timeOf(one));
const timeOf = (entry: DocumentEntry): string => (entry.creationTime ?? entry.submissionTime ?? '').padEnd(14, '0');

export interface PairingScope {
  /** Makes the opaque identifiers: those of one patient context mean nothing in another. */
  readonly contextId: string;
  readonly patient: CalledPatient;
}

/**
 * Makes exams of the entries of a record: one for each study that a manifest lists, its reports beside it (by the study, else
 * by accession number with its issuer); reports without images make exams of their own. Latest first.
 */
export function pairExams(entries: readonly DocumentEntry[], scope: PairingScope): Exam[] {
  const alive = entries.filter((entry) => !isDeleted(entry));
  const groups = new Map<string, Group>();
  for (const entry of alive.filter(isManifest)) groupFor(groups, entry).manifests.push(entry);
  const byStudy = index(groups, ({ studies }) => studies);
  const byAccession = index(groups, ({ accessions }) => accessions);
  const alone: DocumentEntry[] = [];
  for (const entry of alive.filter((one) => isReport(one) && !isManifest(one))) {
    const { studies, accessions } = keysOf(entry);
    const studyGroups = find(byStudy, studies);
    // a report that names its studies belongs to those only, even where several studies share one accession number
    const homes =
      studyGroups.length > 0
        ? studyGroups
        : find(byAccession, accessions).filter((group) => studies.length === 0 || group.studies.length === 0);
    if (homes.length === 0) alone.push(entry);
    for (const group of homes) group.reports.push(entry);
  }
  for (const entry of alone) reportGroupFor(groups, entry).reports.push(entry);
  return [...groups.values()]
    .map((group) => toExam(group, scope))
    .sort((a, b) => (b.date ?? '').localeCompare(a.date ?? ''));
}

function groupFor(groups: Map<string, Group>, entry: DocumentEntry): Group {
  const keys = keysOf(entry);
  const key = keyOf(keys, entry);
  const group = groups.get(key) ?? { ...keys, key, manifests: [], reports: [] };
  groups.set(key, group);
  return group;
}

/** Versions of one report share a study or an accession number. */
function reportGroupFor(groups: Map<string, Group>, entry: DocumentEntry): Group {
  const { studies, accessions } = keysOf(entry);
  for (const group of groups.values()) {
    if (
      group.manifests.length === 0 &&
      (shares(group.studies, studies) || (studies.length === 0 && shares(group.accessions, accessions)))
    )
      return group;
  }
  return groupFor(groups, entry);
}

function index(groups: ReadonlyMap<string, Group>, values: (group: Group) => readonly string[]): Map<string, Group[]> {
  const found = new Map<string, Group[]>();
  for (const group of groups.values())
    for (const value of values(group)) found.set(value, [...(found.get(value) ?? []), group]);
  return found;
}

const find = (groups: ReadonlyMap<string, Group[]>, values: readonly string[]): Group[] => [
  ...new Set(values.flatMap((value) => groups.get(value) ?? [])),
];

/** Identifier for addresses: tells nothing, and is the same as long as the context lives. */
export function opaqueId(contextId: string, key: string): string {
  return createHash('sha256').update(`${contextId}\n${key}`).digest('base64url').slice(0, 20);
}

function toExam(group: Group, scope: PairingScope): Exam {
  const documents = (entries: readonly DocumentEntry[]): ExamDocument[] =>
    [...entries].sort(laterFirst).map((entry) => toDocument(entry, scope.contextId));
  const manifests = documents(group.manifests);
  const reports = documents(group.reports);
  const manifest = manifests.find((one) => !one.isReplaced);
  const current = reports.filter((one) => !one.isReplaced);
  const described = [
    ...(manifest ? [manifest] : manifests.slice(0, 1)),
    ...(current.length > 0 ? current : reports),
  ].map(({ entry }) => entry);
  const reportsFirst = [...described].reverse();
  return {
    id: opaqueId(scope.contextId, group.key),
    studyInstanceUid: group.studies[0],
    accessionNumbers: group.accessions.map((text) => text.slice(0, text.lastIndexOf('^'))),
    date: dateOf(described),
    modalities: modalitiesOf(described),
    regions: regionsOf(described),
    description: descriptionOf(reportsFirst),
    structure: structureOf(described),
    manifest,
    references: referencesIn(group),
    source: 'dmp',
    otherManifests: manifests.filter((one) => one !== manifest && !one.isReplaced),
    earlierManifests: manifests.filter((one) => one.isReplaced),
    reports: current,
    earlierReports: reports.filter((one) => one.isReplaced),
    differences: differencesOf(described, scope.patient),
  };
}

/** A report may name studies of other exams beside; what the manifests name is this exam's. */
function referencesIn({ manifests, reports }: Group): ExamReferences {
  const all = [...manifests, ...reports].map(keysOf);
  const studies = (manifests.length > 0 ? manifests : reports).flatMap((entry) => keysOf(entry).studies);
  const accessions = [...new Set(all.flatMap((keys) => keys.accessions))].map((text) => {
    const at = text.lastIndexOf('^');
    return { number: text.slice(0, at), issuer: text.slice(at + 1) || undefined };
  });
  return { studies: [...new Set(studies)], accessions };
}

function toDocument(entry: DocumentEntry, contextId: string): ExamDocument {
  return {
    id: opaqueId(contextId, `document ${entry.uniqueId}`),
    entry,
    title: (entry.title ?? '').trim(),
    createdAt: entry.creationTime ?? entry.submissionTime,
    isReplaced: isReplaced(entry),
    visibility: visibilityOf(entry.confidentialityCode),
  };
}

/** Each differing trait once, whatever the number of documents that bear it. */
function differencesOf(entries: readonly DocumentEntry[], patient: CalledPatient): TraitDifference[] {
  const all = entries.flatMap((entry) => compareTraits(patient, traitsOfEntry(entry)).differences);
  return all.filter(
    (one, at) => all.findIndex(({ trait, found }) => trait === one.trait && found === one.found) === at,
  );
}
