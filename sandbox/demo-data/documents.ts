import { explicitLittle, partTenFile } from './part-ten';
import {
  DemoFile,
  instanceAttributes,
  instanceUid,
  PlannedSeries,
  SeriesHead,
  seriesUid,
  StudyHead,
  studyUid,
} from './demo-study';

/** Structured documents of a study: a basic text report and a selection of key images (PS3.3 sections A.35.1 and A.35.4). */

const sopClasses = { basicText: '1.2.840.10008.5.1.4.1.1.88.11', keyObjects: '1.2.840.10008.5.1.4.1.1.88.59' };

interface Code {
  value: string;
  scheme: string;
  meaning: string;
}
const coded = ({ value, scheme, meaning }: Code) => [
  { CodeValue: value, CodingSchemeDesignator: scheme, CodeMeaning: meaning },
];
const text = (name: Code, value: string) => ({
  RelationshipType: 'CONTAINS',
  ValueType: 'TEXT',
  ConceptNameCodeSequence: coded(name),
  TextValue: value,
});

/** An image of the same study that a document refers to. */
export interface ImageReference {
  series: number;
  instance: number;
  sopClassUid: string;
}

function evidence(study: StudyHead, images: ImageReference[]) {
  const bySeries = new Map<number, ImageReference[]>();
  for (const image of images) bySeries.set(image.series, [...(bySeries.get(image.series) ?? []), image]);
  return [
    {
      StudyInstanceUID: studyUid(study),
      ReferencedSeriesSequence: [...bySeries].map(([series, list]) => ({
        SeriesInstanceUID: seriesUid(study, series),
        ReferencedSOPSequence: list.map((image) => reference(study, image)),
      })),
    },
  ];
}

const reference = (study: StudyHead, image: ImageReference) => ({
  ReferencedSOPClassUID: image.sopClassUid,
  ReferencedSOPInstanceUID: instanceUid(study, image.series, image.instance),
});

function documentOf(attributes: Record<string, unknown>): DemoFile {
  return {
    sopClassUid: attributes.SOPClassUID as string,
    sopInstanceUid: attributes.SOPInstanceUID as string,
    seriesInstanceUid: attributes.SeriesInstanceUID as string,
    transferSyntaxUid: explicitLittle,
    bytes: partTenFile(attributes, explicitLittle),
  };
}

export function reportSeries(study: StudyHead, head: SeriesHead, images: ImageReference[]): PlannedSeries {
  async function* make(): AsyncGenerator<DemoFile> {
    yield documentOf({
      ...instanceAttributes(study, head, sopClasses.basicText, 1),
      ReferencedPerformedProcedureStepSequence: [],
      PerformedProcedureCodeSequence: [],
      CurrentRequestedProcedureEvidenceSequence: evidence(study, images),
      CompletionFlag: 'COMPLETE',
      VerificationFlag: 'UNVERIFIED',
      ValueType: 'CONTAINER',
      ContinuityOfContent: 'SEPARATE',
      ConceptNameCodeSequence: coded({ value: '18748-4', scheme: 'LN', meaning: "Compte rendu d'imagerie" }),
      ContentSequence: [
        text(
          { value: '121071', scheme: 'DCM', meaning: 'Finding' },
          'Image fictive : hypersignal T2 périventriculaire gauche de 18 mm.',
        ),
        text(
          { value: '121077', scheme: 'DCM', meaning: 'Conclusion' },
          'Examen de démonstration, sans valeur médicale.',
        ),
      ],
    });
  }
  return { head, instances: 1, make };
}

export function keyImageSeries(study: StudyHead, head: SeriesHead, images: ImageReference[]): PlannedSeries {
  async function* make(): AsyncGenerator<DemoFile> {
    yield documentOf({
      ...instanceAttributes(study, head, sopClasses.keyObjects, 1),
      ReferencedPerformedProcedureStepSequence: [],
      CurrentRequestedProcedureEvidenceSequence: evidence(study, images),
      ValueType: 'CONTAINER',
      ContinuityOfContent: 'SEPARATE',
      ConceptNameCodeSequence: coded({ value: '113000', scheme: 'DCM', meaning: 'Of Interest' }),
      ContentTemplateSequence: [{ MappingResource: 'DCMR', TemplateIdentifier: '2010' }],
      ContentSequence: [
        text({ value: '113012', scheme: 'DCM', meaning: 'Key Object Description' }, 'Images à regarder en premier'),
        ...images.map((image) => ({
          RelationshipType: 'CONTAINS',
          ValueType: 'IMAGE',
          ReferencedSOPSequence: [reference(study, image)],
        })),
      ],
    });
  }
  return { head, instances: 1, make };
}
