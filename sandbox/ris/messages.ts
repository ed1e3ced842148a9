import { randomUUID } from 'node:crypto';
import { demoRadiologist, demoStructure, DemoStudy } from './demo-study';
import { documentIdOf, makeReport, ReportOptions } from './report-document';

export type DemoRequest = 'publish' | 'replace' | 'visibility' | 'unpublish';

export interface DemoFlags {
  readonly masquePs?: boolean;
  readonly invisiblePatient?: boolean;
  readonly invisibleRepLegaux?: boolean;
  readonly connexionSecrete?: boolean;
  readonly destDmp?: boolean;
}

export interface MessageOptions extends ReportOptions {
  readonly request?: DemoRequest;
  readonly flags?: DemoFlags;
  readonly application?: string;
  readonly facility?: string;
  readonly controlId?: string;
  /** PID-32. */
  readonly identityStatus?: string;
}

const requests = {
  publish: { orderControl: 'NW', status: 'F', event: 'T02' },
  replace: { orderControl: 'RO', status: 'C', event: 'T10' },
  visibility: { orderControl: 'RO', status: 'C', event: 'T10' },
  unpublish: { orderControl: 'CA', status: 'D', event: 'T04' },
} as const;

/** ORU^R01 (2.5) that carries the report of one or several studies of one patient. */
export function makeOru(studies: DemoStudy | readonly DemoStudy[], options: MessageOptions = {}): Buffer {
  const list = [studies].flat();
  const { orderControl, status } = requests[options.request ?? 'publish'];
  return segments([
    msh('ORU^R01^ORU_R01', '2.5', options),
    pid(list[0], options),
    'PV1|1|I|RADIO',
    `ORC|${orderControl}|`,
    `OBR|1|${list[0].orderNumber}|${list[0].accessionNumber}|18748-4^CR d'imagerie médicale^LN`,
    `OBX|1|ED|18748-4^CR d'imagerie médicale^LN||^TEXT^XML^Base64^${cda(list, options)}||||||${status}|`,
    prt(),
    ...flags('CE', options),
  ]);
}

/** MDM^T02, T10 or T04 (2.6) that carries the same. */
export function makeMdm(studies: DemoStudy | readonly DemoStudy[], options: MessageOptions = {}): Buffer {
  const list = [studies].flat();
  const { orderControl, status, event } = requests[options.request ?? 'publish'];
  const id = options.documentId ?? documentIdOf(list[0], options.version);
  return segments([
    msh(`MDM^${event}^MDM_T02`, '2.6', options),
    `EVN||${now()}`,
    pid(list[0], options),
    'PV1|1|I|RADIO',
    `ORC|${orderControl}|`,
    "OBR|1|||18748-4^CR d'imagerie médicale^LN|",
    `TXA|1|18748-4|TEXT|${now()}||||||||${id}|${options.replaces ?? ''}||||AU|||||${demoRadiologist.id}`,
    `OBX|1|ED|18748-4^CR d'imagerie médicale^LN||^text^XML^Base64^${cda(list, options)}||||||${status}|`,
    prt(),
    ...flags('CWE', options),
  ]);
}

/** OMI^O23 (2.5.1): the images of a study have changed, or are gone. */
export function makeOmi(study: DemoStudy, options: MessageOptions & { readonly cancelled?: boolean } = {}): Buffer {
  const { patient } = study;
  return segments([
    msh('OMI^O23^OMI_O23', '2.5.1', options),
    `PID|||${patient.ins}^^^ASIP-SANTE-INS-NIR&${patient.oid}&ISO^INS||${patient.family}^${patient.given}|||${patient.gender}`,
    'PV1|1|I|RADIO',
    `ORC|${options.cancelled ? 'CA' : 'NW'}|${study.orderNumber}|${study.accessionNumber}||SC`,
    `TQ1|||||||${now()}||`,
    `OBR|1|${study.orderNumber}|${study.accessionNumber}|${study.act.code}^^LN`,
    `OBX|1|ST|${study.accessionNumber}^Modification Examen Imagerie||||||||O`,
    `IPC|${study.accessionNumber}|RP1|${study.studyInstanceUid}|SPS1|${study.modality.code}||||PACS`,
  ]);
}

function msh(type: string, version: string, options: MessageOptions): string {
  const { application = 'RIS_SANDBOX', facility = 'SANDBOX', controlId = randomUUID() } = options;
  const to = 'DRIMBOX|SANDBOX';
  return `MSH|^~\\&|${application}|${facility}|${to}|${now()}||${type}|${controlId}|P|${version}|||||FRA|UNICODE UTF-8|||2.1^CISIS_CDA_HL7_V2`;
}

function pid({ patient }: DemoStudy, options: MessageOptions): string {
  const ins = `${patient.ins}^^^ASIP-SANTE-INS-NIR&${patient.oid}&ISO^INS^^`;
  const local = `${patient.patientId}^^^HOSPITAL&${patient.patientIdIssuer}&ISO^PI`;
  const name = `${patient.family}^${patient.given}^${patient.given}^^^^L`;
  const birth = `${patient.birthDate}|${patient.gender}|||^^^^^^BDL^^${patient.birthPlace}`;
  const status = options.identityStatus ?? 'VALI';
  return `PID|||${ins}~${local}||${name}||${birth}${'|'.repeat(20)}N|${status}`;
}

function prt(): string {
  const person = `${demoRadiologist.id}^${demoRadiologist.family}^${demoRadiologist.given}^^^^^^ASIP-SANTE-PS&1.2.250.1.71.4.2.1&ISO^D^^^RPPS`;
  const structure = `${demoStructure.name}^^^^^ASIP-SANTE-ST&1.2.250.1.71.4.2.2&ISO^FINEG^^^${demoStructure.finess}`;
  return `PRT||UC||SB^Send by^participation|${person}|||${structure}`;
}

function flags(type: 'CE' | 'CWE', options: MessageOptions): string[] {
  const { masquePs, invisiblePatient, invisibleRepLegaux, connexionSecrete, destDmp = true } = options.flags ?? {};
  const values: ReadonlyArray<readonly [string, boolean]> = [
    ['MASQUE_PS', masquePs ?? false],
    ['INVISIBLE_PATIENT', invisiblePatient ?? false],
    ['INVISIBLE_REP_LEGAUX', invisibleRepLegaux ?? false],
    ['CONNEXION_SECRETE', connexionSecrete ?? false],
    ['MODIF_CONF_CODE', options.request === 'visibility'],
    ['DESTDMP', destDmp],
    ['DESTMSSANTEPS', false],
    ['DESTMSSANTEPAT', false],
    ['ACK_RECEPTION', false],
    ['ACK_LECTURE_MSS', false],
  ];
  return values.map(
    ([name, value], index) =>
      `OBX|${index + 2}|${type}|${name}^${name}^MetaDMPMSS||${value ? 'Y' : 'N'}^^expandedYes-NoIndicator||||||F|`,
  );
}

function cda(studies: readonly DemoStudy[], options: ReportOptions): string {
  return Buffer.from(makeReport(studies, options), 'utf8').toString('base64');
}

function segments(lines: readonly string[]): Buffer {
  return Buffer.from(`${lines.join('\r')}\r`, 'utf8');
}

function now(): string {
  return `${new Date().toISOString().replace(/\D/g, '').slice(0, 14)}+0000`;
}
