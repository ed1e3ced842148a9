import { DemoCode, demoRadiologist, demoStructure, DemoStudy } from './demo-study';
import { makePdf } from './pdf';

export interface ReportOptions {
  /** OID of the document; made from the study when left out. */
  readonly documentId?: string;
  readonly version?: number;
  /** OID of the document that this one replaces. */
  readonly replaces?: string;
  /** Bytes added to the PDF, to make messages of a given size. */
  readonly padding?: number;
}

/** The document id that a report of a study gets unless told otherwise. */
export function documentIdOf(study: DemoStudy, version = 1): string {
  return `${study.studyInstanceUid}.9.${version}`;
}

/** A level 1 imaging report (CDA R2, French header) of one or several studies of one patient. */
export function makeReport(studies: readonly DemoStudy[], options: ReportOptions = {}): string {
  const [study] = studies;
  const { patient } = study;
  const version = options.version ?? 1;
  return `<?xml version="1.0" encoding="UTF-8"?>
<ClinicalDocument xmlns="urn:hl7-org:v3" xmlns:ps3-20="urn:dicom-org:ps3-20">
  <realmCode code="FR"/>
  <typeId root="2.16.840.1.113883.1.3" extension="POCD_HD000040"/>
  <templateId root="2.16.840.1.113883.2.8.2.1"/>
  <templateId root="1.2.250.1.213.1.1.1.1"/>
  <templateId root="1.3.6.1.4.1.19376.1.2.20"/>
  <id root="${options.documentId ?? documentIdOf(study, version)}"/>
  <code code="18748-4" displayName="CR d'imagerie médicale" codeSystem="2.16.840.1.113883.6.1" codeSystemName="LOINC">
    ${studies.map(({ act }) => tag('translation', act, '2.16.840.1.113883.6.1')).join('\n    ')}
  </code>
  <title>CR d'imagerie médicale - ${xml(study.act.label)}</title>
  <effectiveTime value="${study.stop}"/>
  <confidentialityCode code="N" displayName="Normal" codeSystem="2.16.840.1.113883.5.25"/>
  <languageCode code="fr-FR"/>
  <setId root="${study.studyInstanceUid}.9"/>
  <versionNumber value="${version}"/>
  <recordTarget><patientRole>
    <id extension="${patient.ins}" root="${patient.oid}"/>
    <id extension="${xml(patient.patientId)}" root="${patient.patientIdIssuer}"/>
    <addr nullFlavor="NASK"/><telecom nullFlavor="NASK"/>
    <patient classCode="PSN">
      <name>
        <family qualifier="BR">${xml(patient.family)}</family><given>${xml(patient.given)}</given>
        <given qualifier="BR">${xml(patient.given)}</given>
      </name>
      <administrativeGenderCode code="${patient.gender}" codeSystem="2.16.840.1.113883.5.1"/>
      <birthTime value="${patient.birthDate}"/>
      <birthplace><place><addr><county>${patient.birthPlace}</county></addr></place></birthplace>
    </patient>
  </patientRole></recordTarget>
  <author><time value="${study.stop}"/><assignedAuthor>${professional()}</assignedAuthor></author>
  <custodian><assignedCustodian><representedCustodianOrganization>
    <id root="1.2.250.1.71.4.2.2" extension="1${demoStructure.finess}"/><name>${xml(demoStructure.name)}</name>
  </representedCustodianOrganization></assignedCustodian></custodian>
  <legalAuthenticator><time value="${study.stop}"/><signatureCode code="S"/><assignedEntity>${professional()}</assignedEntity></legalAuthenticator>
  ${studies.map(order).join('\n  ')}
  ${studies.map(act).join('\n  ')}
  ${options.replaces ? `<relatedDocument typeCode="RPLC"><parentDocument><id root="${options.replaces}"/></parentDocument></relatedDocument>` : ''}
  <componentOf><encompassingEncounter>
    <effectiveTime><low value="${study.start}"/><high value="${study.stop}"/></effectiveTime>
    <location><healthCareFacility>
      <id root="1.2.250.1.71.4.2.2" extension="1${demoStructure.finess}"/>
      <code code="SA08" displayName="Cabinet de groupe" codeSystem="1.2.250.1.71.4.2.4"/>
    </healthCareFacility></location>
  </encompassingEncounter></componentOf>
  <component><nonXMLBody><text mediaType="application/pdf" representation="B64">${body(study, options.padding ?? 0)}</text></nonXMLBody></component>
</ClinicalDocument>`;
}

function body(study: DemoStudy, padding: number): string {
  const lines = [
    "Compte rendu d'imagerie",
    study.act.label,
    `Examen ${study.accessionNumber}`,
    'Patient fictif du bac à sable.',
  ];
  return Buffer.concat([makePdf(lines), Buffer.alloc(padding, '%')]).toString('base64');
}

function order(study: DemoStudy): string {
  return `<inFulfillmentOf><order>
    <id root="${study.orderIssuer}" extension="${xml(study.orderNumber)}"/>
    <ps3-20:accessionNumber root="${study.accessionIssuer}" extension="${xml(study.accessionNumber)}"/>
  </order></inFulfillmentOf>`;
}

function act(study: DemoStudy): string {
  return `<documentationOf><serviceEvent classCode="ACT">
    <id root="${study.studyInstanceUid}"/>
    <code code="${study.act.code}" displayName="${xml(study.act.label)}" codeSystem="2.16.840.1.113883.6.1" codeSystemName="LOINC">
      ${study.ccam ? tag('translation', study.ccam, '1.2.250.1.213.2.5') : ''}
      ${tag('translation', study.modality, '1.2.840.10008.2.16.4', '<qualifier><name code="121139" codeSystem="1.2.840.10008.2.16.4"/></qualifier>')}
      ${tag('translation', study.region, '2.16.840.1.113883.6.96', '<qualifier><name code="39111-0" codeSystem="2.16.840.1.113883.6.1"/></qualifier>')}
    </code>
    <effectiveTime><low value="${study.start}"/><high value="${study.stop}"/></effectiveTime>
    <performer typeCode="PRF"><assignedEntity>${professional()}</assignedEntity></performer>
  </serviceEvent></documentationOf>`;
}

function professional(): string {
  return `<id root="1.2.250.1.71.4.2.1" extension="${demoRadiologist.id}"/>
      <code code="G15_10/SM44" displayName="Médecin - Radio-diagnostic (SM)" codeSystem="1.2.250.1.213.1.1.4.5"/>
      <assignedPerson><name><given>${demoRadiologist.given}</given><family>${demoRadiologist.family}</family></name></assignedPerson>
      <representedOrganization>
        <id root="1.2.250.1.71.4.2.2" extension="1${demoStructure.finess}"/><name>${xml(demoStructure.name)}</name>
        <standardIndustryClassCode code="AMBULATOIRE" displayName="Ambulatoire" codeSystem="1.2.250.1.213.1.1.4.9"/>
      </representedOrganization>`;
}

function tag(name: string, code: DemoCode, system: string, inside = ''): string {
  return `<${name} code="${code.code}" displayName="${xml(code.label)}" codeSystem="${system}">${inside}</${name}>`;
}

function xml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
