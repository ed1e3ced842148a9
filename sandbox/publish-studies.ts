import { setTimeout as wait } from 'node:timers/promises';
import type { SandboxDmp } from './dmp';
import type { LoadedStudy } from './load-studies';
import {
  DemoCode,
  DemoStudy,
  demoRadiologist,
  demoStructure,
  documentIdOf,
  makeOru,
  makeReport,
  sendOnce,
} from './ris';

const modalities: Readonly<Record<string, DemoCode>> = {
  CT: { code: 'CT', label: 'Scanner' },
  MR: { code: 'MR', label: 'IRM' },
  CR: { code: 'CR', label: 'Radiographie' },
  US: { code: 'US', label: 'Échographie' },
};
const thorax: DemoCode = { code: '67734004', label: 'Thorax' };
/** Terms of the national list of regions, by what the study's description says. */
const regions: readonly (readonly [RegExp, DemoCode])[] = [
  [/cérébr|crâne|tête/i, { code: '69536005', label: 'Tête' }],
  [/abdom|foie/i, { code: '63337009', label: 'Abdomen + pelvis' }],
];

const referenceAuthority = '1.2.840.10008.2.6.1';
const orderIssuer = '1.2.250.1.213.4.5.2.902';

/** A study as a RIS knows it. */
export function risStudy(study: LoadedStudy): DemoStudy {
  const moment = `${study.date || '20261101'}${study.time || '080000'}`;
  return {
    studyInstanceUid: study.studyInstanceUid,
    accessionNumber: study.accessionNumber,
    accessionIssuer: study.accessionIssuer,
    orderNumber: `ORD${study.accessionNumber.slice(-8)}`,
    orderIssuer,
    act: { code: '18748-4', label: study.description || 'Imagerie' },
    modality: modalities[study.modality ?? ''] ?? { code: study.modality || 'OT', label: study.modality || 'Autre' },
    region: regions.find(([pattern]) => pattern.test(study.description))?.[1] ?? thorax,
    start: `${moment}+0200`,
    stop: `${moment}+0200`,
    patient: study.patient,
  };
}

/** The hospital sends the report itself to the record by its own channel: the gateway only publishes the manifest. */
function addReportToRecord(dmp: SandboxDmp, study: DemoStudy): void {
  const uniqueId = documentIdOf(study);
  if (dmp.registry.documentByUniqueId(uniqueId)) return;
  const utc = study.start.slice(0, 14);
  dmp.addReport({
    content: Buffer.from(makeReport([study])),
    uniqueId,
    ins: { matricule: study.patient.ins, oid: study.patient.oid },
    title: `CR d'imagerie - ${study.act.label}`,
    author: demoRadiologist,
    structure: { id: `1${demoStructure.finess}`, name: demoStructure.name },
    creationTime: utc,
    serviceStartTime: utc,
    referenceIds: [
      `${study.accessionNumber}^^^&${study.accessionIssuer}&ISO^urn:ihe:iti:xds:2013:accession`,
      `${study.studyInstanceUid}^^^&${referenceAuthority}&ISO^urn:ihe:iti:xds:2016:studyInstanceUID`,
    ],
    eventCodes: [
      { code: study.modality.code, scheme: '1.2.250.1.213.1.1.5.618', display: study.modality.label },
      { code: study.region.code, scheme: '1.2.250.1.213.1.1.5.695', display: study.region.label },
    ],
  });
}

/** UniqueId of the manifest of a study that is in force in the record, if any. */
export function manifestInRecord(dmp: SandboxDmp, studyInstanceUid: string): string | undefined {
  const found = dmp.registry
    .allDocuments()
    .filter((document) => document.mimeType === 'application/dicom' && document.status === 'Approved')
    .find((document) =>
      Object.values(document.slots)
        .flat()
        .some((value) => value.startsWith(`${studyInstanceUid}^`)),
    );
  return found?.uniqueId;
}

/**
 * Publishes studies as in a hospital: each report is sent to the gateway by HL7, which makes the manifest and registers it.
 * Resolves with the manifests' UIDs, in the order of the studies, once the record holds them all.
 */
export async function publishStudies(
  studies: readonly LoadedStudy[],
  hl7: { readonly host: string; readonly port: number },
  dmp: SandboxDmp,
  withinMs = 300_000,
): Promise<string[]> {
  for (const study of studies) {
    if (manifestInRecord(dmp, study.studyInstanceUid)) continue;
    const asRis = risStudy(study);
    addReportToRecord(dmp, asRis);
    const answer = await sendOnce(hl7, makeOru(asRis));
    if (!/\rMSA\|AA/.test(answer))
      throw new Error(`the gateway refused a report: ${answer.replaceAll('\r', ' ').slice(0, 300)}`);
  }
  const until = Date.now() + withinMs;
  const missing = () => studies.filter((study) => !manifestInRecord(dmp, study.studyInstanceUid));
  while (missing().length > 0) {
    if (Date.now() > until)
      throw new Error(`${missing().length} studies were not published within ${withinMs / 1000} s`);
    await wait(200);
  }
  return studies.map((study) => manifestInRecord(dmp, study.studyInstanceUid) as string);
}
