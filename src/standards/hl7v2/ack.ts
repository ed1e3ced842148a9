import { Hl7Charset } from './charset';
import { usualDelimiters } from './delimiters';
import { escapeText } from './escape';
import type { Hl7Message } from './message';

/** MSA-1 (table 0008, original mode): accepted, wrong in the message, or not now. */
export type AckCode = 'AA' | 'AE' | 'AR';

/** ERR-3, table HL7 0357 (message error condition codes) as the French profile of CDA transmission lists it. */
export const errorConditions = {
  0: 'Message accepted',
  100: 'Segment sequence error',
  101: 'Required field missing',
  102: 'Data type error',
  103: 'Table value not found',
  198: 'Non-conformant cardinality',
  199: 'Other HL7 error',
  200: 'Unsupported message type',
  201: 'Unsupported event code',
  202: 'Unsupported processing id',
  203: 'Unsupported version id',
  207: 'Application internal error',
} as const;
export type ErrorCondition = keyof typeof errorConditions;

/** ERR-5, application error codes of the same profile: they refine condition 207. */
export const applicationErrors = {
  900: 'Version du document incorrecte',
  901: 'Auteur non autorisé à remplacer ou supprimer le document',
  902: 'Identifiant patient inconnu',
  903: 'INS non présent dans le document',
  904: "L'INS transmis ne correspond pas",
  905: "L'INS transmis n'est pas complet",
} as const;
export type ApplicationErrorCode = keyof typeof applicationErrors;

/** ERR-4, table HL7 0516. */
export type ErrorSeverity = 'E' | 'F' | 'I' | 'W';

/** Where the fault is (ERL): segment, its number among its like from 1, field, repetition and component from 1. */
export interface ErrorLocation {
  readonly segment: string;
  readonly sequence?: number;
  readonly field?: number;
  readonly repetition?: number;
  readonly component?: number;
}

export interface AckFault {
  readonly condition: ErrorCondition;
  readonly severity?: ErrorSeverity;
  readonly location?: ErrorLocation;
  readonly application?: ApplicationErrorCode;
  /** Sentence for the sender's operator (ERR-8); never an identity. */
  readonly text?: string;
}

/** What an acknowledgement repeats of the message that it answers. All '' when the header could not be read. */
export interface AckSubject {
  readonly sendingApplication: string;
  readonly sendingFacility: string;
  readonly receivingApplication: string;
  readonly receivingFacility: string;
  readonly messageControlId: string;
  readonly triggerEvent: string;
  readonly processingId: string;
  readonly version: string;
}

export interface AckInput {
  readonly subject: AckSubject;
  readonly code: AckCode;
  readonly faults?: readonly AckFault[];
  readonly at: Date;
  /** MSH-10 of the acknowledgement itself. */
  readonly controlId: string;
  readonly charset: Hl7Charset;
}

const unknownSubject: AckSubject = {
  sendingApplication: '',
  sendingFacility: '',
  receivingApplication: '',
  receivingFacility: '',
  messageControlId: '',
  triggerEvent: '',
  processingId: 'P',
  version: '2.5',
};
const knownVersions: ReadonlySet<string> = new Set([
  '2.1',
  '2.2',
  '2.3',
  '2.3.1',
  '2.4',
  '2.5',
  '2.5.1',
  '2.6',
  '2.7',
  '2.8',
]);
const fieldLengthMax = 180;
const textLengthMax = 250;

/** Reads from a header what its acknowledgement needs; a message that could not be parsed gives an anonymous subject. */
export function ackSubjectOf(message: Hl7Message | undefined): AckSubject {
  if (!message) return unknownSubject;
  const header = message.header;
  const field = (number: number) => header.text(number).slice(0, fieldLengthMax);
  const version = field(12);
  return {
    sendingApplication: field(3),
    sendingFacility: field(4),
    receivingApplication: field(5),
    receivingFacility: field(6),
    messageControlId: field(10),
    triggerEvent: header.text(9, 2).slice(0, 3),
    processingId: field(11) || 'P',
    version: knownVersions.has(version) ? version : '2.5',
  };
}

/**
 * Writes an acknowledgement, original mode (HL7 2.5 chapter 2.9.2). Before 2.5 there is no ERR-3: the fault goes to ERR-1 (CM)
 * and to MSA-3. Accept acknowledgements (MSH-15, CA/CE/CR) are not made: the national profiles ask for AA, AE, AR only.
 */
export function writeAck(input: AckInput): string {
  const { subject } = input;
  const old = subject.version < '2.5';
  const faults = input.faults ?? [];
  const type = subject.triggerEvent ? ['ACK', subject.triggerEvent] : ['ACK'];
  if (!old && subject.triggerEvent) type.push('ACK');
  const header = [
    'MSH',
    '^~\\&',
    esc(subject.receivingApplication),
    esc(subject.receivingFacility),
    esc(subject.sendingApplication),
    esc(subject.sendingFacility),
    digits(input.at),
    '',
    type.map((part) => esc(part)).join('^'),
    esc(input.controlId),
    esc(subject.processingId),
    subject.version,
    ...['', '', '', ''],
    'FRA',
    input.charset,
  ];
  const text = old && faults[0] ? [esc(sentence(faults[0]).slice(0, 80))] : [];
  const msa = ['MSA', input.code, esc(subject.messageControlId), ...text];
  const errors = faults.map((fault) => (old ? oldError(fault) : error(fault)));
  return [header, msa, ...errors].map((fields) => `${fields.join('|')}\r`).join('');
}

function error(fault: AckFault): string[] {
  const { application } = fault;
  const code = application ? `${application}^${esc(applicationErrors[application])}^HL70533` : '';
  const condition = `${fault.condition}^${errorConditions[fault.condition]}^HL70357`;
  const text = fault.text ? esc(fault.text.slice(0, textLengthMax)) : '';
  const fields = ['ERR', '', place(fault.location), condition, fault.severity ?? 'E', code, '', '', text];
  while (fields.at(-1) === '') fields.pop();
  return fields;
}

function oldError(fault: AckFault): string[] {
  const { segment = '', sequence = '', field = '' } = fault.location ?? {};
  return ['ERR', `${segment}^${sequence}^${field}^${fault.condition}&${errorConditions[fault.condition]}&HL70357`];
}

function place(location: ErrorLocation | undefined): string {
  if (!location) return '';
  const parts = [
    location.segment,
    location.sequence ?? 1,
    location.field ?? '',
    location.field ? (location.repetition ?? 1) : '',
    location.component ?? '',
  ];
  return parts.join('^').replace(/\^+$/, '');
}

function sentence(fault: AckFault): string {
  return fault.text ?? errorConditions[fault.condition];
}

function digits(at: Date): string {
  return `${at.toISOString().replace(/\D/g, '').slice(0, 14)}+0000`;
}

function esc(text: string): string {
  return escapeText(text, usualDelimiters);
}
