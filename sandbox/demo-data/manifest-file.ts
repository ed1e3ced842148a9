import { createHash } from 'node:crypto';
import type { DemoPatient } from './patients';
import { explicitLittle, partTenFile } from './part-ten';

/** One object that a manifest lists. */
export interface ListedObject {
  readonly sopClassUid: string;
  readonly sopInstanceUid: string;
  readonly seriesInstanceUid: string;
}

export interface ManifestPlan {
  readonly studyInstanceUid: string;
  readonly accessionNumber: string;
  readonly accessionIssuer: string;
  readonly description: string;
  readonly patient: DemoPatient;
  readonly objects: readonly ListedObject[];
  /** Base of WADO-RS that the addresses in the manifest begin with. */
  readonly retrieveBase: string;
  /** Of the manifest itself; made of the objects when left out. */
  readonly sopInstanceUid?: string;
}

const keyObjectSelection = '1.2.840.10008.5.1.4.1.1.88.59';

/** The same plan always gives the same UID. */
function uidFrom(text: string): string {
  return `2.25.${BigInt(`0x${createHash('sha256').update(text).digest('hex').slice(0, 30)}`)}`;
}

function insItem({ ins, oid }: DemoPatient): Record<string, unknown> {
  return {
    PatientID: ins,
    IssuerOfPatientID: 'ASIP-SANTE-INS-NIR',
    TypeOfPatientID: 'TEXT',
    IssuerOfPatientIDQualifiersSequence: [{ UniversalEntityID: oid, UniversalEntityIDType: 'ISO' }],
  };
}

const reference = ({ sopClassUid, sopInstanceUid }: ListedObject) => ({
  ReferencedSOPClassUID: sopClassUid,
  ReferencedSOPInstanceUID: sopInstanceUid,
});

function evidence({ studyInstanceUid, objects, retrieveBase }: ManifestPlan): Record<string, unknown>[] {
  const seriesUids = [...new Set(objects.map((object) => object.seriesInstanceUid))];
  return [
    {
      StudyInstanceUID: studyInstanceUid,
      ReferencedSeriesSequence: seriesUids.map((seriesUid, index) => ({
        RetrieveURL: `${retrieveBase}/studies/${studyInstanceUid}/series/${seriesUid}`,
        SeriesInstanceUID: seriesUid,
        SeriesNumber: index + 1,
        ReferencedSOPSequence: objects.filter((object) => object.seriesInstanceUid === seriesUid).map(reference),
      })),
    },
  ];
}

/**
 * A manifest (KOS) of a study as the ANS samples have it, written by dcmjs: for exchanges before any report was published,
 * and as an independent witness of the gateway's own manifests.
 */
export function manifestFile(plan: ManifestPlan): { sopInstanceUid: string; bytes: Buffer } {
  const { patient, studyInstanceUid } = plan;
  const sopInstanceUid =
    plan.sopInstanceUid ??
    uidFrom(`manifest ${studyInstanceUid} ${plan.objects.map((object) => object.sopInstanceUid).join(' ')}`);
  const bytes = partTenFile(
    {
      SOPClassUID: keyObjectSelection,
      SOPInstanceUID: sopInstanceUid,
      Modality: 'KO',
      StudyInstanceUID: studyInstanceUid,
      SeriesInstanceUID: uidFrom(`series ${sopInstanceUid}`),
      SeriesNumber: 59,
      InstanceNumber: 1,
      ContentDate: '20261101',
      ContentTime: '120000',
      InstanceCreationDate: '20261101',
      InstanceCreationTime: '120000',
      StudyDescription: plan.description,
      AccessionNumber: '',
      PatientName: `${patient.family}^${patient.given.split(' ')[0]}`,
      PatientID: patient.ins,
      IssuerOfPatientID: 'ASIP-SANTE-INS-NIR',
      IssuerOfPatientIDQualifiersSequence: [{ UniversalEntityID: patient.oid, UniversalEntityIDType: 'ISO' }],
      PatientBirthDate: patient.birthDate,
      PatientSex: patient.gender,
      OtherPatientIDsSequence: [insItem(patient)],
      PatientComments: patient.birthPlace,
      ReferencedPerformedProcedureStepSequence: [],
      ReferencedRequestSequence: [
        {
          AccessionNumber: plan.accessionNumber,
          IssuerOfAccessionNumberSequence: [{ UniversalEntityID: plan.accessionIssuer, UniversalEntityIDType: 'ISO' }],
          StudyInstanceUID: studyInstanceUid,
          ReferencedStudySequence: [],
        },
      ],
      CurrentRequestedProcedureEvidenceSequence: evidence(plan),
      ValueType: 'CONTAINER',
      ContinuityOfContent: 'SEPARATE',
      ConceptNameCodeSequence: [{ CodeValue: '113030', CodingSchemeDesignator: 'DCM', CodeMeaning: 'Manifest' }],
      ContentTemplateSequence: [{ MappingResource: 'DCMR', TemplateIdentifier: '2010' }],
      ContentSequence: plan.objects.map((object) => ({
        RelationshipType: 'CONTAINS',
        ValueType: 'IMAGE',
        ReferencedSOPSequence: [reference(object)],
      })),
    },
    explicitLittle,
  );
  return { sopInstanceUid, bytes };
}
