import { createHash, randomUUID } from 'node:crypto';
import { DOMParser } from '@xmldom/xmldom';
import { readSubmission } from './registry-objects';
import type { Registry } from './registry';
import { xmlEscape } from './xml';

/** Documents that reach the record by another way than the gateway: reports sent by the hospital itself, or what a test needs. */

interface SeededCode {
  code: string;
  scheme: string;
  display: string;
}

export interface SeededReport {
  content: Buffer;
  /** Of another document than a report: its types. */
  kind?: { mimeType: string; classCode: SeededCode; typeCode: SeededCode; formatCode: SeededCode };
  /** OID; a fresh one when absent. */
  uniqueId?: string;
  ins: { matricule: string; oid: string };
  title: string;
  author: { id: string; family: string; given: string };
  structure: { id: string; name: string };
  /** `yyyyMMddHHmmss`, UTC. */
  creationTime: string;
  serviceStartTime: string;
  /** CXi values. */
  referenceIds: string[];
  eventCodes?: { code: string; scheme: string; display: string }[];
  confidentialityCodes?: { code: string; scheme: string; display: string }[];
  sourcePatientInfo?: string[];
  /** An entry that breaks the rule: it does not tell the hash of its document. */
  withoutHash?: boolean;
}

const slot = (name: string, values: readonly string[]): string =>
  values.length === 0
    ? ''
    : `<Slot name="${name}"><ValueList>${values.map((value) => `<Value>${xmlEscape(value)}</Value>`).join('')}</ValueList></Slot>`;

const name = (value: string): string =>
  `<Name><LocalizedString charset="UTF-8" value="${xmlEscape(value)}" xml:lang="FR"/></Name>`;

const coded = (scheme: string, code: { code: string; scheme: string; display: string }): string =>
  `<Classification classificationScheme="urn:uuid:${scheme}" classifiedObject="D" id="c-${randomUUID()}" nodeRepresentation="${xmlEscape(code.code)}">` +
  `${slot('codingScheme', [code.scheme])}${name(code.display)}</Classification>`;

const author = (scheme: string, object: string, report: SeededReport): string => {
  const person = `${report.author.id}^${report.author.family}^${report.author.given}^^^^^^&1.2.250.1.71.4.2.1&ISO^D^^^IDNPS`;
  const institution = `${report.structure.name}^^^^^&1.2.250.1.71.4.2.2&ISO^IDNST^^^${report.structure.id}`;
  return (
    `<Classification classificationScheme="urn:uuid:${scheme}" classifiedObject="${object}" id="c-${randomUUID()}" nodeRepresentation="">` +
    `${slot('authorPerson', [person])}${slot('authorInstitution', [institution])}</Classification>`
  );
};

const identifier = (scheme: string, object: string, label: string, value: string): string =>
  `<ExternalIdentifier id="e-${randomUUID()}" identificationScheme="urn:uuid:${scheme}" registryObject="${object}" value="${xmlEscape(value)}">${name(label)}</ExternalIdentifier>`;

const REPORT: NonNullable<SeededReport['kind']> = {
  mimeType: 'text/xml',
  classCode: { code: '10', scheme: '1.2.250.1.213.1.1.4.1', display: 'Compte rendu' },
  typeCode: { code: '18748-4', scheme: '2.16.840.1.113883.6.1', display: "CR d'imagerie médicale" },
  formatCode: {
    code: 'urn:ihe:iti:xds-sd:pdf:2008',
    scheme: '1.3.6.1.4.1.19376.1.2.3',
    display: 'Document à corps non structuré en Pdf/A-1',
  },
};
const NORMAL = { code: 'N', scheme: '2.16.840.1.113883.5.25', display: 'Normal' };
const oid = (): string => `2.25.${BigInt(`0x${randomUUID().replaceAll('-', '')}`).toString()}`;

/** Registers one CDA report (LOINC 18748-4); returns its entryUUID. */
export function seedReport(registry: Registry, report: SeededReport, at: Date): string {
  const patientId = `${report.ins.matricule}^^^&${report.ins.oid}&ISO^NH`;
  const uniqueId = report.uniqueId ?? oid();
  const kind = report.kind ?? REPORT;
  const entry =
    `<ExtrinsicObject id="D" mimeType="${kind.mimeType}" objectType="urn:uuid:7edca82f-054d-47f2-a032-9b2a5b5186c1">` +
    slot('creationTime', [report.creationTime]) +
    slot('languageCode', ['fr-FR']) +
    slot('serviceStartTime', [report.serviceStartTime]) +
    slot('sourcePatientId', [patientId]) +
    slot('sourcePatientInfo', report.sourcePatientInfo ?? []) +
    slot('hash', report.withoutHash ? [] : [createHash('sha1').update(report.content).digest('hex')]) +
    slot('size', [String(report.content.length)]) +
    slot('urn:ihe:iti:xds:2013:referenceIdList', report.referenceIds) +
    name(report.title) +
    author('93606bcf-9494-43ec-9b4e-a7748d1a838d', 'D', report) +
    coded('41a5887f-8865-4c09-adf7-e362475b143a', kind.classCode) +
    coded('f0306f51-975f-434e-a61c-c59651d33983', kind.typeCode) +
    (report.confidentialityCodes ?? [NORMAL])
      .map((code) => coded('f4f85eac-e6cb-4883-b524-f2705394840f', code))
      .join('') +
    coded('a09d5840-386c-46f2-b5ad-9c3699a4309d', kind.formatCode) +
    coded('f33fb8ac-18af-42cc-ae0e-ed0b0bdb91e1', {
      code: 'SA08',
      scheme: '1.2.250.1.71.4.2.4',
      display: 'Cabinet individuel',
    }) +
    coded('cccf5598-8b07-4b77-a05e-ae952c785ead', {
      code: 'AMBULATOIRE',
      scheme: '1.2.250.1.213.1.1.4.9',
      display: 'Ambulatoire',
    }) +
    (report.eventCodes ?? []).map((code) => coded('2c6b8cb7-8b2a-4051-b291-b1ae6a575ef4', code)).join('') +
    identifier('58a6f841-87b3-4a3e-92fd-a8ffeff98427', 'D', 'XDSDocumentEntry.patientId', patientId) +
    identifier('2e82c1f6-a085-4c72-9da3-8640a32e42ab', 'D', 'XDSDocumentEntry.uniqueId', uniqueId) +
    '</ExtrinsicObject>';
  const set =
    '<RegistryPackage id="S">' +
    slot('submissionTime', [report.creationTime]) +
    author('a7058bb9-b4e4-4307-ba5b-e3f0ab85e12d', 'S', report) +
    '<Classification classificationNode="urn:uuid:a54d6aa5-d40d-43f9-88c5-b4633d873bdd" classifiedObject="S" id="c-set"/>' +
    identifier('6b5aea1a-874d-4603-a4bc-96a0a7b38446', 'S', 'XDSSubmissionSet.patientId', patientId) +
    identifier('554ac39e-e3fe-47fe-b233-965d2a147832', 'S', 'XDSSubmissionSet.sourceId', '2.25.1') +
    identifier('96fdda7c-d067-4183-912e-bf5ee74998a8', 'S', 'XDSSubmissionSet.uniqueId', oid()) +
    '</RegistryPackage>';
  const source =
    `<x><lcm:SubmitObjectsRequest xmlns:lcm="urn:oasis:names:tc:ebxml-regrep:xsd:lcm:3.0" xmlns="urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0"><RegistryObjectList>${set}${entry}` +
    '<Association associationType="urn:oasis:names:tc:ebxml-regrep:AssociationType:HasMember" id="a" sourceObject="S" targetObject="D"/></RegistryObjectList></lcm:SubmitObjectsRequest></x>';
  const root = new DOMParser().parseFromString(source, 'application/xml').documentElement;
  const received = root && readSubmission(root);
  if (!received) throw new Error('seed not readable');
  return registry.submit(received, new Map([['D', report.content]]), at).documents[0].entryUuid;
}
