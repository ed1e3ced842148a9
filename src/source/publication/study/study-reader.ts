import { Inject, Injectable } from '@nestjs/common';
import { DicomAttributes, Pacs, PACS_DIRECTORY, PacsDirectory, textOf } from '../../../connectors/pacs';
import { ConfigOf } from '../../../platform/config';
import { GatewayError } from '../../../platform/errors';
import { keyObjectSelectionClass, ManifestInstance, ManifestSeries, readKeyObject } from '../../../standards/manifest';
import { publicationConfig } from '../publication.config';
import { publicationErrors } from '../publication.errors';
import { BytesSink } from './bytes-sink';
import { ReadKeyObject, StudyFacts, StudyInPacs } from './study-in-pacs';

const seriesMax = 5_000;
const seriesAtOnce = 4;
const keyObjectsMax = 100;
const keyObjectBytesMax = 4_194_304;

/** Reads the structure of a study from the PACS: C-FIND or QIDO-RS at three levels, and its key objects. */
@Injectable()
export class StudyReader {
  constructor(
    @Inject(PACS_DIRECTORY) private readonly pacs: PacsDirectory,
    @Inject(publicationConfig.token) private readonly config: ConfigOf<typeof publicationConfig>,
  ) {}

  /**
   * Number of instances that the PACS says it holds; 0 when every PACS answered that it does not hold the study.
   * Fails, rather than say 0, when one of them cannot tell.
   */
  async count(studyInstanceUid: string, signal: AbortSignal): Promise<number> {
    const pacs = await this.pacs.locateStudy(studyInstanceUid, signal);
    if (!pacs) return 0;
    const told = await countOf(pacs, studyInstanceUid, signal);
    return told ?? (await this.structure(pacs, studyInstanceUid, signal)).instances;
  }

  /** The whole structure; undefined when every PACS answered that it does not hold the study. */
  async read(studyInstanceUid: string, signal: AbortSignal): Promise<StudyInPacs | undefined> {
    const pacs = await this.pacs.locateStudy(studyInstanceUid, signal);
    if (!pacs) return undefined;
    const [study] = await pacs.findStudies({ ...studyKeys, StudyInstanceUID: studyInstanceUid }, { signal, limit: 10 });
    if (!study) return undefined;
    const { series, instances } = await this.structure(pacs, studyInstanceUid, signal);
    const keyObjects = await readKeyObjects(pacs, studyInstanceUid, series, signal);
    return { pacsId: pacs.id, facts: factsOf(studyInstanceUid, study), series, instances, keyObjects };
  }

  private async structure(
    pacs: Pacs,
    studyInstanceUid: string,
    signal: AbortSignal,
  ): Promise<{ series: ManifestSeries[]; instances: number }> {
    const found = await pacs.findSeries(studyInstanceUid, seriesKeys, { signal, limit: seriesMax });
    const series: ManifestSeries[] = new Array<ManifestSeries>(found.length);
    let left = this.config.instancesMax;
    const waiting = [...found.entries()];
    const lane = async (): Promise<void> => {
      for (let next = waiting.shift(); next; next = waiting.shift()) {
        const [index, attributes] = next;
        const seriesInstanceUid = textOf(attributes, 'SeriesInstanceUID');
        const options = { signal, limit: Math.max(1, left) };
        const matches = await pacs.findInstances(studyInstanceUid, seriesInstanceUid, instanceKeys, options);
        left -= matches.length;
        if (left < 0) throw new GatewayError(publicationErrors.tooManyInstances);
        series[index] = seriesOf(attributes, matches);
      }
    };
    await Promise.all(Array.from({ length: Math.min(seriesAtOnce, found.length) }, lane));
    const kept = series.filter(({ instances }) => instances.length > 0);
    return { series: kept, instances: kept.reduce((sum, { instances }) => sum + instances.length, 0) };
  }
}

const studyKeys = {
  StudyDate: '',
  StudyTime: '',
  AccessionNumber: '',
  IssuerOfAccessionNumberSequence: '',
  PatientID: '',
  IssuerOfPatientIDQualifiersSequence: '',
  StudyDescription: '',
  StudyID: '',
  ReferringPhysicianName: '',
};
const seriesKeys = { SeriesNumber: '', Modality: '', SeriesDescription: '', SeriesDate: '', SeriesTime: '' };
const instanceKeys = { SOPClassUID: '', InstanceNumber: '', NumberOfFrames: '' };

async function countOf(pacs: Pacs, studyInstanceUid: string, signal: AbortSignal): Promise<number | undefined> {
  const keys = { StudyInstanceUID: studyInstanceUid, NumberOfStudyRelatedInstances: '' };
  const [study] = await pacs.findStudies(keys, { signal, limit: 10 });
  return study && integer(textOf(study, 'NumberOfStudyRelatedInstances'));
}

function factsOf(studyInstanceUid: string, study: DicomAttributes): StudyFacts {
  return {
    studyInstanceUid,
    accessionNumber: textOf(study, 'AccessionNumber').trim(),
    accessionIssuer: issuerIn(study, 'IssuerOfAccessionNumberSequence'),
    patientId: textOf(study, 'PatientID').trim(),
    patientIdIssuer: issuerIn(study, 'IssuerOfPatientIDQualifiersSequence'),
    date: textOf(study, 'StudyDate'),
    time: textOf(study, 'StudyTime'),
    description: textOf(study, 'StudyDescription'),
    studyId: textOf(study, 'StudyID'),
    referringPhysician: textOf(study, 'ReferringPhysicianName'),
  };
}

/** The OID of an issuer sequence; '' when the PACS does not tell one. */
function issuerIn(study: DicomAttributes, keyword: string): string {
  const item = study[keyword]?.[0];
  return typeof item === 'object' ? textOf(item, 'UniversalEntityID').trim() : '';
}

function seriesOf(attributes: DicomAttributes, matches: readonly DicomAttributes[]): ManifestSeries {
  const instances = new Map<string, ManifestInstance>();
  for (const match of matches) {
    const sopInstanceUid = textOf(match, 'SOPInstanceUID');
    if (!sopInstanceUid) continue;
    instances.set(sopInstanceUid, {
      sopClassUid: textOf(match, 'SOPClassUID'),
      sopInstanceUid,
      instanceNumber: integer(textOf(match, 'InstanceNumber')),
      numberOfFrames: integer(textOf(match, 'NumberOfFrames')),
    });
  }
  return {
    seriesInstanceUid: textOf(attributes, 'SeriesInstanceUID'),
    number: integer(textOf(attributes, 'SeriesNumber')),
    modality: textOf(attributes, 'Modality') || undefined,
    description: textOf(attributes, 'SeriesDescription') || undefined,
    date: textOf(attributes, 'SeriesDate') || undefined,
    time: textOf(attributes, 'SeriesTime') || undefined,
    instances: [...instances.values()],
  };
}

function integer(text: string): number | undefined {
  return /^\s*[+-]?\d{1,10}\s*$/.test(text) ? Number(text) : undefined;
}

/** Key objects are fetched, since only their content tells key images, manifests and rejection notes from each other. */
async function readKeyObjects(
  pacs: Pacs,
  studyInstanceUid: string,
  series: readonly ManifestSeries[],
  signal: AbortSignal,
): Promise<ReadKeyObject[]> {
  const expected = series
    .flatMap(({ seriesInstanceUid, instances }) => instances.map((instance) => ({ seriesInstanceUid, ...instance })))
    .filter(({ sopClassUid }) => sopClassUid === keyObjectSelectionClass)
    .slice(0, keyObjectsMax);
  if (expected.length === 0) return [];
  const sink = new BytesSink(keyObjectBytesMax);
  await pacs.retrieve({ studyInstanceUid, instances: expected, sharing: 'never' }, sink, signal);
  return expected.flatMap(({ sopInstanceUid, seriesInstanceUid }) => {
    const bytes = sink.objects.get(sopInstanceUid);
    const read = bytes && readKeyObject(bytes);
    if (!read?.ok) return [];
    const { title, studies } = read.manifest;
    const own = studies.filter((study) => study.studyInstanceUid === studyInstanceUid);
    const references = own.flatMap((study) =>
      study.series.flatMap((one) => one.instances.map((i) => i.sopInstanceUid)),
    );
    return [{ sopInstanceUid, seriesInstanceUid, title, comment: read.description, references }];
  });
}
