import { keyObjectDescription, keyObjectSelectionClass, referenceValueType } from './concepts';
import type { DatasetItem } from './dataset-reader';
import type { DatasetWriter } from './dataset-writer';
import type { DescriptionText } from './description-text';
import { tags } from './dicom-tags';
import type { KeyImage, Manifest, ManifestCode, ManifestInstance, ManifestSeries } from './manifest';

/** Concepts of IHE MADO Rev. 1.1, 6.X.2.9; the 99IHE ones are temporary until DICOM CP-2595. */
const concepts = {
  imageLibrary: dcm('111028', 'Image Library'),
  imageLibraryGroup: dcm('126200', 'Image Library Group'),
  modality: dcm('121139', 'Modality'),
  targetRegion: dcm('123014', 'Target Region'),
  seriesInstanceUid: dcm('112002', 'Series Instance UID'),
  seriesNumber: dcm('113607', 'Series Number'),
  instanceNumber: dcm('113609', 'Instance Number'),
  numberOfFrames: dcm('121140', 'Number of Frames'),
  documentTitle: dcm('121144', 'Document Title'),
  seriesDescription: ihe('MADOTEMP002', 'Series Description'),
  seriesDate: ihe('MADOTEMP003', 'Series Date'),
  seriesTime: ihe('MADOTEMP004', 'Series Time'),
  seriesInstances: ihe('MADOTEMP007', 'Number of Series Related Instances'),
  studySeries: ihe('MADOTEMP009', 'Number of Study Related Series'),
} as const;

function dcm(value: string, meaning: string): ManifestCode {
  return { value, scheme: 'DCM', meaning };
}

function ihe(value: string, meaning: string): ManifestCode {
  return { value, scheme: '99IHE', meaning };
}

export function writeCode(dataset: DatasetWriter, tag: number, code: ManifestCode): void {
  dataset.sequence(tag, [code], ({ value, scheme, meaning }) =>
    dataset
      .value(tags.CodeValue, 'SH', value)
      .value(tags.CodingSchemeDesignator, 'SH', scheme)
      .value(tags.CodeMeaning, 'LO', meaning),
  );
}

type WriteItem = () => void;

/** Writes the items of TID 1600 "Image Library": what a consumer can show of each series without fetching any image. */
export class ImageLibraryWriter {
  constructor(private readonly dataset: DatasetWriter) {}

  /** One content item of the root, a container; `relationship` and what follows are written by this call. */
  write(manifest: Manifest): void {
    const series = manifest.studies.flatMap((study) => study.series);
    const marks = keyObjectsOf(series);
    const modalities = [...new Set(series.flatMap((one) => one.modality ?? []))];
    this.container('CONTAINS', concepts.imageLibrary, [
      ...modalities.map((modality) => () => this.code(concepts.modality, modalityCode(modality))),
      ...(manifest.targetRegions ?? []).map((region) => () => this.code(concepts.targetRegion, region)),
      () => this.count(concepts.studySeries, series.length, 'series'),
      ...series.map((one) => () => this.group(one, marks)),
    ]);
  }

  private group(series: ManifestSeries, marks: ReadonlyMap<string, KeyImage>): void {
    const { modality, date, time, description, number } = series;
    this.container('CONTAINS', concepts.imageLibraryGroup, [
      ...(modality ? [() => this.code(concepts.modality, modalityCode(modality))] : []),
      ...(date ? [() => this.item('DATE', concepts.seriesDate, (d) => d.value(tags.DateValue, 'DA', date))] : []),
      ...(time ? [() => this.item('TIME', concepts.seriesTime, (d) => d.value(tags.TimeValue, 'TM', time))] : []),
      ...(description ? [() => this.text(concepts.seriesDescription, description)] : []),
      ...(number === undefined ? [] : [() => this.text(concepts.seriesNumber, String(number))]),
      () =>
        this.item('UIDREF', concepts.seriesInstanceUid, (d) => d.value(tags.UIDValue, 'UI', series.seriesInstanceUid)),
      // The table of the profile says TEXT, but gives units: only a NUM has them.
      () => this.count(concepts.seriesInstances, series.instances.length, 'instances'),
      ...series.instances.map((instance) => () => this.entry(instance, marks.get(instance.sopInstanceUid))),
    ]);
  }

  private entry(instance: ManifestInstance, mark: KeyImage | undefined): void {
    const { numberOfFrames, instanceNumber, sopClassUid, sopInstanceUid } = instance;
    const descriptors: WriteItem[] = [
      ...(numberOfFrames === undefined ? [] : [() => this.count(concepts.numberOfFrames, numberOfFrames, 'frames')]),
      ...(instanceNumber === undefined ? [] : [() => this.text(concepts.instanceNumber, String(instanceNumber))]),
      ...(mark ? [() => this.code(concepts.documentTitle, mark.title)] : []),
      ...(mark?.comment ? [() => this.text(keyObjectDescription, mark.comment ?? '')] : []),
    ];
    this.dataset
      .sequence(tags.ReferencedSOPSequence, [instance], () =>
        this.dataset
          .value(tags.ReferencedSOPClassUID, 'UI', sopClassUid)
          .value(tags.ReferencedSOPInstanceUID, 'UI', sopInstanceUid),
      )
      .value(tags.RelationshipType, 'CS', 'CONTAINS')
      .value(tags.ValueType, 'CS', referenceValueType(sopClassUid));
    if (descriptors.length > 0) this.dataset.sequence(tags.ContentSequence, descriptors, (write) => write());
  }

  private container(relationship: string, concept: ManifestCode, content: readonly WriteItem[]): void {
    this.dataset.value(tags.RelationshipType, 'CS', relationship).value(tags.ValueType, 'CS', 'CONTAINER');
    writeCode(this.dataset, tags.ConceptNameCodeSequence, concept);
    this.dataset
      .value(tags.ContinuityOfContent, 'CS', 'SEPARATE')
      .sequence(tags.ContentSequence, content, (write) => write());
  }

  private code(concept: ManifestCode, value: ManifestCode): void {
    this.item('CODE', concept, (dataset) => writeCode(dataset, tags.ConceptCodeSequence, value));
  }

  private text(concept: ManifestCode, value: string): void {
    this.item('TEXT', concept, (dataset) => dataset.value(tags.TextValue, 'UT', value));
  }

  private count(concept: ManifestCode, value: number, unit: string): void {
    this.item('NUM', concept, (dataset) =>
      dataset.sequence(tags.MeasuredValueSequence, [value], () => {
        writeCode(dataset, tags.MeasurementUnitsCodeSequence, { value: `{${unit}}`, scheme: 'UCUM', meaning: unit });
        dataset.value(tags.NumericValue, 'DS', value);
      }),
    );
  }

  private item(valueType: string, concept: ManifestCode, writeValue: (dataset: DatasetWriter) => unknown): void {
    this.dataset.value(tags.RelationshipType, 'CS', 'HAS ACQ CONTEXT').value(tags.ValueType, 'CS', valueType);
    writeCode(this.dataset, tags.ConceptNameCodeSequence, concept);
    writeValue(this.dataset);
  }
}

/** CID 29 and 33 take the defined terms of Modality as code values. */
function modalityCode(modality: string): ManifestCode {
  return dcm(modality, modality);
}

/** Title and comment of each key object of the study, as the marks on its images tell them. */
function keyObjectsOf(series: readonly ManifestSeries[]): Map<string, KeyImage> {
  const instances = series.flatMap((one) => one.instances);
  const listed = new Set(
    instances.filter((one) => one.sopClassUid === keyObjectSelectionClass).map((one) => one.sopInstanceUid),
  );
  const marks = instances.flatMap((one) => one.keyImages ?? []).filter((mark) => listed.has(mark.sopInstanceUid));
  return new Map(marks.map((mark) => [mark.sopInstanceUid, mark]));
}

export interface ImageLibrary {
  series: DescriptionText['series'];
  targetRegions: ManifestCode[];
}

/** What the image library of a MADO manifest says of its series; nothing when there is none. */
export function readImageLibrary(
  content: readonly DatasetItem[],
  codeOf: (item: DatasetItem | undefined) => ManifestCode,
): ImageLibrary {
  const named = (items: readonly DatasetItem[], concept: ManifestCode) =>
    items.filter((item) => codeOf(item.first(tags.ConceptNameCodeSequence)).value === concept.value);
  const library = named(content, concepts.imageLibrary).flatMap((item) => item.items(tags.ContentSequence));
  const read: ImageLibrary = { series: new Map(), targetRegions: [] };
  for (const region of named(library, concepts.targetRegion)) {
    read.targetRegions.push(codeOf(region.first(tags.ConceptCodeSequence)));
  }
  for (const group of named(library, concepts.imageLibraryGroup)) {
    const context = group.items(tags.ContentSequence).filter((item) => item.has(tags.ConceptNameCodeSequence));
    const first = (concept: ManifestCode) => named(context, concept)[0] as DatasetItem | undefined;
    read.series.set(first(concepts.seriesInstanceUid)?.code(tags.UIDValue) ?? '', {
      modality: codeOf(first(concepts.modality)?.first(tags.ConceptCodeSequence)).value || undefined,
      description: first(concepts.seriesDescription)?.text(tags.TextValue) || undefined,
      date: first(concepts.seriesDate)?.code(tags.DateValue) || undefined,
      time: first(concepts.seriesTime)?.code(tags.TimeValue) || undefined,
    });
  }
  return read;
}
