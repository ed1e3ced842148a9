import { insNatureOf } from '../identity';
import type { Ins } from '../identity';
import { isManifestTitle, keyObjectDescription, keyObjectSelectionClass } from './concepts';
import { DatasetFault, DatasetItem, datasetLimits, DatasetLimits, readDataset } from './dataset-reader';
import { DescriptionText, readDescriptionText } from './description-text';
import { tags } from './dicom-tags';
import { readImageLibrary } from './image-library';
import type {
  IssuedIdentifier,
  KeyImage,
  Manifest,
  ManifestCode,
  ManifestInstance,
  ManifestPatient,
  ManifestRequest,
  ManifestSeries,
  ManifestStudy,
} from './manifest';
import { isUid } from './uid';

export interface ManifestLimits extends DatasetLimits {
  /** Instances and key image marks together. */
  referencesMax: number;
}

export const manifestLimits: ManifestLimits = { ...datasetLimits, referencesMax: 100_000 };

/** Why bytes are not a manifest. */
export type ManifestRefusal =
  | 'too-large'
  | 'not-dicom'
  | 'transfer-syntax'
  | 'malformed'
  | 'too-deep'
  | 'wrong-sop-class'
  | 'wrong-title'
  | 'invalid-uid'
  | 'no-evidence'
  | 'study-not-in-evidence'
  | 'contradictory-references'
  | 'too-many-references';

/**
 * `description`: the free text (113012, DCM) of a key object, as written. `detail` names an attribute or a limit, never a value: it may be
 * logged.
 */
export type ReadManifest =
  { ok: true; manifest: Manifest; description?: string } | { ok: false; reason: ManifestRefusal; detail: string };

class Refused extends Error {
  constructor(
    readonly reason: ManifestRefusal,
    readonly detail: string,
  ) {
    super(detail);
  }
}

/**
 * Reads a manifest from the bytes of a DICOM file or of a bare data set, tolerant of all the forms met: implicit or
 * explicit, texts in any common character set, absent fields, modality and description only in the free text.
 * Refuses what is not a manifest, or is one that could not be trusted to say which images it lists.
 */
export function readManifest(bytes: Buffer, limits: Partial<ManifestLimits> = {}): ReadManifest {
  const read = readKeyObject(bytes, limits);
  if (read.ok && !isManifestTitle(read.manifest.title)) {
    return { ok: false, reason: 'wrong-title', detail: 'ConceptNameCodeSequence is not that of a manifest' };
  }
  return read.ok ? { ok: true, manifest: read.manifest } : read;
}

/**
 * The same for a Key Object Selection of any title: a rejection note of IOCM (`isRejectionTitle`) or key images list
 * their references in the same place.
 */
export function readKeyObject(bytes: Buffer, limits: Partial<ManifestLimits> = {}): ReadManifest {
  const bounds = { ...manifestLimits, ...limits };
  try {
    const root = readDataset(bytes, bounds);
    const description = descriptionOf(root, root.items(tags.ContentSequence)) || undefined;
    return { ok: true, manifest: toManifest(root, bounds), description };
  } catch (fault) {
    if (fault instanceof Refused) return { ok: false, reason: fault.reason, detail: fault.detail };
    if (fault instanceof DatasetFault) return { ok: false, reason: fault.reason, detail: fault.message };
    throw fault;
  }
}

function toManifest(root: DatasetItem, limits: ManifestLimits): Manifest {
  if (root.code(tags.SOPClassUID) !== keyObjectSelectionClass) {
    throw new Refused('wrong-sop-class', 'SOPClassUID is not Key Object Selection Document');
  }
  const content = root.items(tags.ContentSequence);
  const text = readDescriptionText(descriptionOf(root, content));
  const library = readImageLibrary(content, codeOf);
  for (const [seriesInstanceUid, described] of library.series) text.series.set(seriesInstanceUid, described);
  return {
    sopInstanceUid: uid(root, tags.SOPInstanceUID, 'SOPInstanceUID'),
    seriesInstanceUid: uid(root, tags.SeriesInstanceUID, 'SeriesInstanceUID'),
    instanceNumber: root.integer(tags.InstanceNumber) ?? 1,
    createdDate: root.code(tags.InstanceCreationDate) || root.code(tags.ContentDate),
    createdTime: root.code(tags.InstanceCreationTime) || root.code(tags.ContentTime),
    timezoneOffset: root.code(tags.TimezoneOffsetFromUTC) || undefined,
    title: codeOf(root.first(tags.ConceptNameCodeSequence)),
    patient: patientOf(root),
    studies: studiesOf(root, text, limits),
    actLabel: text.actLabel,
    targetRegions: library.targetRegions.length > 0 ? library.targetRegions : undefined,
    institution: institutionOf(root.text(tags.InstitutionName)),
    manufacturer: root.text(tags.Manufacturer) || undefined,
  };
}

/** XON form: the name, and the identifier of the structure as tenth component. */
function institutionOf(text: string): Manifest['institution'] {
  if (!text) return undefined;
  const components = text.split('^').map((component) => component.trim());
  return { name: components[0] ?? '', structureId: components[9] || undefined };
}

/** The (113012, DCM) item, or the text some early manifests have at the root. */
function descriptionOf(root: DatasetItem, content: DatasetItem[]): string {
  const item = content.find(
    (candidate) =>
      candidate.code(tags.ValueType) === 'TEXT' &&
      codeOf(candidate.first(tags.ConceptNameCodeSequence)).value === keyObjectDescription.value,
  );
  return item?.text(tags.TextValue) || root.text(tags.TextValue);
}

function uid(item: DatasetItem, tag: number, keyword: string): string {
  const value = item.code(tag);
  if (!isUid(value)) throw new Refused('invalid-uid', `${keyword} is ${value ? 'not a UID' : 'missing'}`);
  return value;
}

function codeOf(item: DatasetItem | undefined): ManifestCode {
  return {
    value: item?.text(tags.CodeValue) ?? '',
    scheme: item?.text(tags.CodingSchemeDesignator) ?? '',
    meaning: (item?.text(tags.CodeMeaning) ?? '').replace(/\s+/g, ' '),
  };
}

function patientOf(root: DatasetItem): ManifestPatient {
  const [family = '', given = ''] = (root.text(tags.PatientName).split('=')[0] ?? '').split('^');
  const sex = root.code(tags.PatientSex);
  return {
    ins: insOf(root),
    insIssuer: root.text(tags.IssuerOfPatientID) || undefined,
    birthFamilyName: family.trim(),
    firstGivenName: given.trim(),
    birthDate: root.code(tags.PatientBirthDate),
    gender: sex === 'M' || sex === 'F' || sex === 'O' ? sex : '',
    birthPlace: root.text(tags.PatientComments),
    otherNames: root.values(tags.OtherPatientNames),
  };
}

/** PatientID when its issuer is one of the INS, else the first such identifier among the other ones. */
function insOf(root: DatasetItem): Ins | undefined {
  for (const item of [root, ...root.items(tags.OtherPatientIDsSequence)]) {
    const oid = item.first(tags.IssuerOfPatientIDQualifiersSequence)?.text(tags.UniversalEntityID) ?? '';
    const matricule = item.text(tags.PatientID);
    if (matricule && insNatureOf(oid)) return { matricule, oid };
  }
  return undefined;
}

function studiesOf(root: DatasetItem, text: DescriptionText, limits: ManifestLimits): ManifestStudy[] {
  const ownUid = uid(root, tags.StudyInstanceUID, 'StudyInstanceUID');
  const reader = new EvidenceReader(text, limits.referencesMax);
  const evidence = root.items(tags.CurrentRequestedProcedureEvidenceSequence);
  for (const item of evidence) reader.study(item);
  if (reader.references === 0) {
    throw new Refused('no-evidence', 'CurrentRequestedProcedureEvidenceSequence refers to nothing');
  }
  const own = reader.studies.get(ownUid);
  if (!own) throw new Refused('study-not-in-evidence', 'StudyInstanceUID is not that of the evidence');
  own.date = root.code(tags.StudyDate) || undefined;
  own.time = root.code(tags.StudyTime) || undefined;
  own.description = root.text(tags.StudyDescription) || text.studyDescription;
  own.studyId = root.text(tags.StudyID) || undefined;
  own.referringPhysician = root.text(tags.ReferringPhysicianName) || undefined;
  readRequests(root, own, reader.studies);
  return [own, ...[...reader.studies.values()].filter((study) => study !== own)];
}

function readRequests(root: DatasetItem, own: ManifestStudy, studies: Map<string, ManifestStudy>): void {
  for (const item of root.items(tags.ReferencedRequestSequence)) {
    const request: ManifestRequest = {
      accession: issued(item, tags.AccessionNumber, tags.IssuerOfAccessionNumberSequence),
      placerOrder: issued(item, tags.PlacerOrderNumberImagingServiceRequest, tags.OrderPlacerIdentifierSequence),
    };
    if (!request.accession && !request.placerOrder) continue;
    (studies.get(item.code(tags.StudyInstanceUID)) ?? own).requests.push(request);
  }
  const accession = root.text(tags.AccessionNumber);
  if (accession && own.requests.length === 0) own.requests.push({ accession: { value: accession } });
}

function issued(item: DatasetItem, valueTag: number, issuerTag: number): IssuedIdentifier | undefined {
  const value = item.text(valueTag);
  if (!value) return undefined;
  return { value, issuerOid: item.first(issuerTag)?.text(tags.UniversalEntityID) || undefined };
}

/** Gathers the evidence; one study, series or instance named twice is one. */
class EvidenceReader {
  readonly studies = new Map<string, ManifestStudy>();
  references = 0;
  private readonly series = new Map<string, { study: ManifestStudy; series: ManifestSeries }>();
  private readonly seriesOfInstance = new Map<string, string>();

  constructor(
    private readonly text: DescriptionText,
    private readonly referencesMax: number,
  ) {}

  study(item: DatasetItem): void {
    const studyInstanceUid = uid(item, tags.StudyInstanceUID, 'StudyInstanceUID of the evidence');
    const study = this.studies.get(studyInstanceUid) ?? { studyInstanceUid, requests: [], series: [] };
    this.studies.set(studyInstanceUid, study);
    for (const series of item.items(tags.ReferencedSeriesSequence)) this.readSeries(series, study);
  }

  private readSeries(item: DatasetItem, study: ManifestStudy): void {
    const seriesInstanceUid = uid(item, tags.SeriesInstanceUID, 'SeriesInstanceUID of the evidence');
    const known = this.series.get(seriesInstanceUid);
    if (known && known.study !== study) {
      throw new Refused('contradictory-references', 'one SeriesInstanceUID in two studies');
    }
    const series = known?.series ?? this.newSeries(item, seriesInstanceUid);
    if (!known) {
      this.series.set(seriesInstanceUid, { study, series });
      study.series.push(series);
    }
    for (const instance of item.items(tags.ReferencedSOPSequence)) this.readInstance(instance, series);
  }

  private newSeries(item: DatasetItem, seriesInstanceUid: string): ManifestSeries {
    const described = this.text.series.get(seriesInstanceUid);
    return {
      seriesInstanceUid,
      number: item.integer(tags.SeriesNumber),
      modality: item.code(tags.Modality) || described?.modality,
      description: item.text(tags.SeriesDescription) || described?.description,
      date: item.code(tags.SeriesDate) || described?.date,
      time: item.code(tags.SeriesTime) || described?.time,
      retrieveUrl: item.text(tags.RetrieveURL) || undefined,
      retrieveLocationUid: item.code(tags.RetrieveLocationUID) || undefined,
      instances: [],
    };
  }

  private readInstance(item: DatasetItem, series: ManifestSeries): void {
    const sopInstanceUid = uid(item, tags.ReferencedSOPInstanceUID, 'ReferencedSOPInstanceUID');
    this.count();
    const elsewhere = this.seriesOfInstance.get(sopInstanceUid);
    if (elsewhere === series.seriesInstanceUid) return;
    if (elsewhere) throw new Refused('contradictory-references', 'one ReferencedSOPInstanceUID in two series');
    this.seriesOfInstance.set(sopInstanceUid, series.seriesInstanceUid);
    const instance: ManifestInstance = {
      sopClassUid: uid(item, tags.ReferencedSOPClassUID, 'ReferencedSOPClassUID'),
      sopInstanceUid,
      instanceNumber: item.integer(tags.InstanceNumber),
      numberOfFrames: item.integer(tags.NumberOfFrames),
    };
    if (item.has(tags.ReferencedSOPSequence)) {
      const marks = item.items(tags.ReferencedSOPSequence).map((mark) => this.keyImage(mark));
      if (marks.length > 0) instance.keyImages = marks;
    }
    series.instances.push(instance);
  }

  private keyImage(item: DatasetItem): KeyImage {
    this.count();
    return {
      sopInstanceUid: uid(item, tags.ReferencedSOPInstanceUID, 'ReferencedSOPInstanceUID of a key image'),
      seriesInstanceUid: uid(item, tags.SeriesInstanceUID, 'SeriesInstanceUID of a key image'),
      title: codeOf(item.first(tags.ConceptNameCodeSequence)),
      comment: item.first(tags.ContentSequence)?.text(tags.TextValue) || item.text(tags.TextValue) || undefined,
    };
  }

  private count(): void {
    this.references++;
    if (this.references > this.referencesMax) {
      throw new Refused('too-many-references', `more than ${this.referencesMax} references`);
    }
  }
}
