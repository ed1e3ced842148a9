import { keyObjectDescription, keyObjectSelectionClass, referenceValueType } from './concepts';
import type { DatasetWriter } from './dataset-writer';
import { writeDescriptionText } from './description-text';
import { tags } from './dicom-tags';
import { ImageLibraryWriter, writeCode } from './image-library';
import type { KeyImage, Manifest, ManifestInstance, ManifestRequest, ManifestSeries, ManifestStudy } from './manifest';
import { writeIssuerOf } from './write-issuer';

/** The DRIM-M samples' form, or that of IHE MADO with its image library. */
export type ManifestForm = 'drim-m' | 'mado';

/** Key object document and its content tree: group 0040. */
export function writeDocument(dataset: DatasetWriter, manifest: Manifest, form: ManifestForm): void {
  const requests = manifest.studies.flatMap((study) => study.requests.map((request) => ({ study, request })));
  dataset.value(tags.ValueType, 'CS', 'CONTAINER');
  writeCode(dataset, tags.ConceptNameCodeSequence, manifest.title);
  dataset.value(tags.ContinuityOfContent, 'CS', 'SEPARATE');
  if (requests.length > 0) {
    dataset.sequence(tags.ReferencedRequestSequence, requests, ({ study, request }) =>
      writeRequest(dataset, study, request),
    );
  }
  dataset
    .sequence(tags.CurrentRequestedProcedureEvidenceSequence, manifest.studies, (study) =>
      dataset
        .sequence(tags.ReferencedSeriesSequence, study.series, (series) => writeSeries(dataset, series))
        .value(tags.StudyInstanceUID, 'UI', study.studyInstanceUid),
    )
    .sequence(tags.ContentTemplateSequence, ['2010'], (template) =>
      dataset.value(tags.MappingResource, 'CS', 'DCMR').value(tags.TemplateIdentifier, 'CS', template),
    );
  writeContent(dataset, manifest, form);
}

function writeRequest(dataset: DatasetWriter, study: ManifestStudy, request: ManifestRequest): void {
  dataset.value(tags.AccessionNumber, 'SH', request.accession?.value);
  writeIssuerOf(dataset, tags.IssuerOfAccessionNumberSequence, request.accession);
  dataset
    .sequence(tags.ReferencedStudySequence, [], () => undefined)
    .value(tags.StudyInstanceUID, 'UI', study.studyInstanceUid)
    .value(tags.RequestedProcedureDescription, 'LO', undefined)
    .sequence(tags.RequestedProcedureCodeSequence, [], () => undefined);
  writeIssuerOf(dataset, tags.OrderPlacerIdentifierSequence, request.placerOrder);
  dataset
    .value(tags.RequestedProcedureID, 'SH', undefined)
    .value(tags.PlacerOrderNumberImagingServiceRequest, 'LO', request.placerOrder?.value)
    .value(tags.FillerOrderNumberImagingServiceRequest, 'LO', undefined);
}

function writeSeries(dataset: DatasetWriter, series: ManifestSeries): void {
  dataset
    .optional(tags.RetrieveURL, 'UR', series.retrieveUrl)
    .sequence(tags.ReferencedSOPSequence, series.instances, (instance) => writeInstance(dataset, instance))
    .value(tags.SeriesInstanceUID, 'UI', series.seriesInstanceUid)
    .optional(tags.SeriesNumber, 'IS', series.number)
    .optional(tags.RetrieveLocationUID, 'UI', series.retrieveLocationUid);
}

function writeInstance(dataset: DatasetWriter, instance: ManifestInstance): void {
  writeReference(dataset, instance);
  if (instance.keyImages?.length) {
    dataset.sequence(tags.ReferencedSOPSequence, instance.keyImages, (mark) => writeKeyImage(dataset, mark));
  }
  dataset
    .optional(tags.InstanceNumber, 'IS', instance.instanceNumber)
    .optional(tags.NumberOfFrames, 'IS', instance.numberOfFrames);
}

function writeReference(dataset: DatasetWriter, instance: ManifestInstance): void {
  dataset
    .value(tags.ReferencedSOPClassUID, 'UI', instance.sopClassUid)
    .value(tags.ReferencedSOPInstanceUID, 'UI', instance.sopInstanceUid);
}

/** The key object that marks the image, nested in the reference to the image (KIN sample of the ANS). */
function writeKeyImage(dataset: DatasetWriter, mark: KeyImage): void {
  dataset
    .value(tags.ReferencedSOPClassUID, 'UI', keyObjectSelectionClass)
    .value(tags.ReferencedSOPInstanceUID, 'UI', mark.sopInstanceUid)
    .value(tags.SeriesInstanceUID, 'UI', mark.seriesInstanceUid);
  writeCode(dataset, tags.ConceptNameCodeSequence, mark.title);
  if (mark.comment) {
    dataset.sequence(tags.ContentSequence, [mark.comment], (comment) => dataset.value(tags.TextValue, 'UT', comment));
  }
}

function writeContent(dataset: DatasetWriter, manifest: Manifest, form: ManifestForm): void {
  const instances = manifest.studies.flatMap((study) => study.series.flatMap((series) => series.instances));
  const items = [
    ...instances.map((instance) => () => writeReferenceItem(dataset, instance)),
    () => writeDescription(dataset, manifest),
    ...(form === 'mado' ? [() => new ImageLibraryWriter(dataset).write(manifest)] : []),
  ];
  dataset.sequence(tags.ContentSequence, items, (write) => write());
}

function writeReferenceItem(dataset: DatasetWriter, instance: ManifestInstance): void {
  dataset
    .sequence(tags.ReferencedSOPSequence, [instance], () => writeReference(dataset, instance))
    .value(tags.RelationshipType, 'CS', 'CONTAINS')
    .value(tags.ValueType, 'CS', referenceValueType(instance.sopClassUid));
}

function writeDescription(dataset: DatasetWriter, manifest: Manifest): void {
  dataset.value(tags.RelationshipType, 'CS', 'CONTAINS').value(tags.ValueType, 'CS', 'TEXT');
  writeCode(dataset, tags.ConceptNameCodeSequence, keyObjectDescription);
  dataset.value(tags.TextValue, 'UT', writeDescriptionText(manifest.studies, manifest.actLabel));
}
