import { insAuthorityNames, insNatureOf } from '../identity';
import type { Ins } from '../identity';
import { characterSetFor, WrittenCharacterSet } from './character-set';
import { madoFault, ManifestFault, manifestFault } from './check-manifest';
import { institutionName } from './compose-manifest';
import { keyObjectSelectionClass, madoTitle } from './concepts';
import { DatasetWriter } from './dataset-writer';
import { writeDescriptionText } from './description-text';
import { tags } from './dicom-tags';
import type { IssuedIdentifier, Manifest } from './manifest';
import { type ManifestForm, writeDocument } from './write-document';
import { writeIssuer, writeIssuerOf } from './write-issuer';

export interface ManifestImplementation {
  classUid: string;
  versionName: string;
}

/** Who wrote the file (PS3.7 D.3.3.2): a root of our own, made of a UUID. */
export const manifestImplementation: ManifestImplementation = {
  classUid: '2.25.40082235886570401286164017884280932177',
  versionName: 'DRIMBOX_1',
};

export type WrittenManifest = { ok: true; bytes: Buffer } | { ok: false; reason: ManifestFault };

const explicitLittleEndian = '1.2.840.10008.1.2.1';
/** As in every sample. */
const seriesNumber = 59;
const bytesPerReference = 320;

/**
 * Writes a manifest as a DICOM file in explicit VR little endian: Key Object Selection with template TID 2010, the tags
 * of the DRIM-M samples (drimbox-spec 5.2) and what PS3.3 A.35.4 requires beside.
 */
export function writeManifest(
  manifest: Manifest,
  implementation: ManifestImplementation = manifestImplementation,
): WrittenManifest {
  const fault = manifestFault(manifest);
  if (fault) return { ok: false, reason: fault };
  return { ok: true, bytes: writeFile(manifest, implementation, 'drim-m') };
}

/**
 * Writes the same manifest in the form of IHE MADO Rev. 1.1: its title, the accession number at the root when there is
 * one only, and beside the free text the TID 1600 image library that says it all in codes.
 */
export function writeMadoManifest(
  manifest: Manifest,
  implementation: ManifestImplementation = manifestImplementation,
): WrittenManifest {
  const fault = manifestFault(manifest) ?? madoFault(manifest);
  if (fault) return { ok: false, reason: fault };
  return { ok: true, bytes: writeFile({ ...manifest, title: madoTitle }, implementation, 'mado') };
}

function writeFile(manifest: Manifest, implementation: ManifestImplementation, form: ManifestForm): Buffer {
  const characterSet = characterSetFor(textsOf(manifest));
  const references = manifest.studies.flatMap((study) => study.series.flatMap((series) => series.instances)).length;
  const dataset = new DatasetWriter(characterSet, 4096 + references * bytesPerReference);
  writeGeneral(dataset, manifest, characterSet, form === 'mado' ? singleAccession(manifest) : undefined);
  writePatient(dataset, manifest);
  writeStudyAndSeries(dataset, manifest);
  writeDocument(dataset, manifest, form);
  return Buffer.concat([fileMeta(manifest.sopInstanceUid, implementation), dataset.finish()]);
}

function singleAccession(manifest: Manifest): IssuedIdentifier | undefined {
  const accessions = (manifest.studies[0]?.requests ?? []).flatMap((request) => request.accession ?? []);
  const [first] = accessions;
  return accessions.every(({ value, issuerOid }) => value === first.value && issuerOid === first.issuerOid)
    ? first
    : undefined;
}

/** Preamble and file meta information group (PS3.10 7.1). */
function fileMeta(sopInstanceUid: string, implementation: ManifestImplementation): Buffer {
  const group = new DatasetWriter('ISO_IR 100', 512)
    .bytes(0x00020001, Buffer.from([0, 1]))
    .value(tags.MediaStorageSOPClassUID, 'UI', keyObjectSelectionClass)
    .value(tags.MediaStorageSOPInstanceUID, 'UI', sopInstanceUid)
    .value(tags.TransferSyntaxUID, 'UI', explicitLittleEndian)
    .value(tags.ImplementationClassUID, 'UI', implementation.classUid)
    .value(tags.ImplementationVersionName, 'SH', implementation.versionName.slice(0, 16))
    .finish();
  const head = Buffer.alloc(128 + 4 + 12);
  head.write('DICM', 128, 'latin1');
  head.writeUInt16LE(0x0002, 132);
  head.write('UL', 136, 'latin1');
  head.writeUInt16LE(4, 138);
  head.writeUInt32LE(group.length, 140);
  return Buffer.concat([head, group]);
}

/** SOP common, general study, general equipment, key object document series: group 0008. */
function writeGeneral(
  dataset: DatasetWriter,
  manifest: Manifest,
  characterSet: WrittenCharacterSet,
  accession: IssuedIdentifier | undefined,
): void {
  const study = manifest.studies[0];
  dataset
    .value(tags.SpecificCharacterSet, 'CS', characterSet)
    .value(tags.InstanceCreationDate, 'DA', manifest.createdDate)
    .value(tags.InstanceCreationTime, 'TM', manifest.createdTime)
    .value(tags.SOPClassUID, 'UI', keyObjectSelectionClass)
    .value(tags.SOPInstanceUID, 'UI', manifest.sopInstanceUid)
    .value(tags.StudyDate, 'DA', study?.date)
    .value(tags.SeriesDate, 'DA', manifest.createdDate)
    .value(tags.ContentDate, 'DA', manifest.createdDate)
    .value(tags.StudyTime, 'TM', study?.time)
    .value(tags.SeriesTime, 'TM', manifest.createdTime)
    .value(tags.ContentTime, 'TM', manifest.createdTime)
    // Empty in the samples of the DRIM-M: the number is in ReferencedRequestSequence.
    .value(tags.AccessionNumber, 'SH', accession?.value);
  writeIssuerOf(dataset, tags.IssuerOfAccessionNumberSequence, accession);
  dataset
    .value(tags.Modality, 'CS', 'KO')
    .value(tags.Manufacturer, 'LO', manifest.manufacturer)
    .optional(tags.InstitutionName, 'LO', institutionName(manifest.institution))
    .value(tags.ReferringPhysicianName, 'PN', study?.referringPhysician)
    .optional(tags.TimezoneOffsetFromUTC, 'SH', manifest.timezoneOffset)
    .optional(tags.StudyDescription, 'LO', study?.description)
    .sequence(tags.ReferencedPerformedProcedureStepSequence, [], () => undefined);
}

/** The INS as patient identifier, repeated among the other identifiers as in the samples. */
function writePatient(dataset: DatasetWriter, manifest: Manifest): void {
  const { patient } = manifest;
  const issuer = patient.insIssuer ?? insIssuerOf(patient.ins);
  const ins = patient.ins ? [patient.ins] : [];
  const issuerItem = (target: DatasetWriter) =>
    writeIssuer(target, tags.IssuerOfPatientIDQualifiersSequence, patient.ins?.oid);
  dataset
    .value(tags.PatientName, 'PN', [patient.birthFamilyName, patient.firstGivenName].join('^').replace(/\^$/, ''))
    .value(tags.PatientID, 'LO', patient.ins?.matricule)
    .value(tags.IssuerOfPatientID, 'LO', issuer);
  issuerItem(dataset);
  dataset
    .value(tags.PatientBirthDate, 'DA', patient.birthDate)
    .value(tags.PatientSex, 'CS', patient.gender)
    .optional(tags.OtherPatientNames, 'PN', patient.otherNames.join('\\'))
    .sequence(tags.OtherPatientIDsSequence, ins, ({ matricule }) => {
      dataset
        .value(tags.PatientID, 'LO', matricule)
        .value(tags.IssuerOfPatientID, 'LO', issuer)
        .value(tags.TypeOfPatientID, 'CS', 'TEXT');
      issuerItem(dataset);
    })
    .optional(tags.PatientComments, 'LT', patient.birthPlace);
}

function insIssuerOf(ins: Ins | undefined): string {
  return insAuthorityNames[insNatureOf(ins?.oid ?? '') ?? 'nir'];
}

/** Group 0020. */
function writeStudyAndSeries(dataset: DatasetWriter, manifest: Manifest): void {
  const study = manifest.studies[0];
  dataset
    .value(tags.StudyInstanceUID, 'UI', study?.studyInstanceUid)
    .value(tags.SeriesInstanceUID, 'UI', manifest.seriesInstanceUid)
    .value(tags.StudyID, 'SH', study?.studyId)
    .value(tags.SeriesNumber, 'IS', seriesNumber)
    .value(tags.InstanceNumber, 'IS', manifest.instanceNumber);
}

/** Every text that depends on the character set. */
function* textsOf(manifest: Manifest): Generator<string> {
  const { patient } = manifest;
  yield* [patient.birthFamilyName, patient.firstGivenName, patient.birthPlace, ...patient.otherNames];
  yield* [manifest.manufacturer ?? '', institutionName(manifest.institution) ?? '', manifest.actLabel ?? ''];
  yield writeDescriptionText(manifest.studies, manifest.actLabel);
  for (const region of manifest.targetRegions ?? []) yield region.meaning;
  // Alone, a description may read otherwise than inside the text.
  for (const series of manifest.studies.flatMap((study) => study.series)) yield series.description ?? '';
  for (const study of manifest.studies) {
    yield* [study.description ?? '', study.studyId ?? '', study.referringPhysician ?? ''];
    for (const { accession, placerOrder } of study.requests) yield* [accession?.value ?? '', placerOrder?.value ?? ''];
    for (const series of study.series) {
      for (const instance of series.instances) {
        for (const mark of instance.keyImages ?? [])
          yield* [mark.title.value, mark.title.scheme, mark.title.meaning, mark.comment ?? ''];
      }
    }
  }
}
