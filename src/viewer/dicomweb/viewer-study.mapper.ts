import type { Manifest, ManifestStudy } from '../../standards/manifest';
import type { ViewerStudy } from './study-source';

/** A study of a manifest as the viewer shows it; undefined when the manifest does not list it. */
export function viewerStudyOf(manifest: Manifest, studyInstanceUid: string): ViewerStudy | undefined {
  const study = manifest.studies.find((each) => each.studyInstanceUid === studyInstanceUid);
  if (!study) return undefined;
  const { ins, birthFamilyName, firstGivenName, birthDate, gender } = manifest.patient;
  return {
    studyInstanceUid,
    date: study.date,
    time: study.time,
    description: study.description,
    accessionNumber: study.requests.find(({ accession }) => accession)?.accession?.value,
    institution: manifest.institution?.name,
    patient: { matricule: ins?.matricule, oid: ins?.oid, birthFamilyName, firstGivenName, birthDate, gender },
    series: seriesOf(study),
  };
}

function seriesOf({ series }: ManifestStudy): ViewerStudy['series'] {
  const marked = new Set(
    series.flatMap(({ instances }) =>
      instances.filter((each) => each.keyImages?.length).map((each) => each.sopInstanceUid),
    ),
  );
  return series.map(({ seriesInstanceUid, number, modality, description, date, time, instances }) => ({
    seriesInstanceUid,
    number,
    modality,
    description,
    date,
    time,
    instances: instances.map(({ sopInstanceUid, sopClassUid, instanceNumber, numberOfFrames }) => ({
      sopInstanceUid,
      sopClassUid,
      instanceNumber,
      numberOfFrames,
      isKeyImage: marked.has(sopInstanceUid),
    })),
  }));
}
