import { attributeOf, element, elementAt, type XmlFragment } from '../soap';
import { textOf, type XmlElement } from '../xmlsec';

/**
 * TD0.2 of the DMP: does this patient have a DMP, and may this professional read it? HL7 v3 patient registry query
 * PRPA_IN201307UV02 (IHE PDQv3/ITI-47 family). Identity traits in the answer are not read: they must not be shown
 * (DMP guide, rule RG_0320).
 */

const HL7_NS = 'urn:hl7-org:v3';
/** Reason "test of existence" and its value set. */
const REASON = { code: 'TEST_EXST', codeSystem: '1.2.250.1.213.1.1.4.11', displayName: "Test d'existence de dossier" };
const DMP_DEVICE = '1.2.250.1.213.4.1.1.1';

export interface DmpStatusRequest {
  ins: { matricule: string; oid: string };
  /** UUIDs below the OID of our system; new for each call. */
  messageId: string;
  queryId: string;
  /** DTM, UTC. */
  creationTime: string;
  /** OID of our system. */
  senderOid: string;
  /** `P` production, `D` debugging, as the service address asks. */
  processingCode: 'P' | 'D' | 'T';
}

const device = (role: 'receiver' | 'sender', typeCode: 'RCV' | 'SND', root: string, name: string): XmlFragment =>
  element(
    role,
    { typeCode },
    element(
      'device',
      { classCode: 'DEV', determinerCode: 'INSTANCE' },
      element('id', { root }),
      element('softwareName', {}, name),
    ),
  );

/** The body of the request. */
export function dmpStatusRequest(request: DmpStatusRequest): XmlFragment {
  return element(
    'PRPA_IN201307UV02',
    { xmlns: HL7_NS, ITSVersion: 'XML_1.0' },
    element('id', { root: `${request.senderOid}.1`, extension: request.messageId }),
    element('creationTime', { value: request.creationTime }),
    element('interactionId', { root: '2.16.840.1.113883.1.6', extension: 'PRPA_IN201307UV02' }),
    element('processingCode', { code: request.processingCode }),
    element('processingModeCode', { code: 'T' }),
    element('acceptAckCode', { code: 'AL' }),
    device('receiver', 'RCV', DMP_DEVICE, 'DMP'),
    device('sender', 'SND', request.senderOid, 'DRIMbox'),
    element(
      'controlActProcess',
      { classCode: 'CACT', moodCode: 'EVN' },
      element('reasonCode', REASON),
      element(
        'queryByParameter',
        {},
        element('queryId', { root: `${request.senderOid}.2`, extension: request.queryId }),
        element('statusCode', { code: 'new' }),
        element(
          'parameterList',
          {},
          element(
            'patientIdentifier',
            {},
            element('value', { root: request.ins.oid, extension: request.ins.matricule }),
            element('semanticsText', {}, 'Patient.id'),
          ),
        ),
      ),
    ),
  );
}

/** Authorisation codes seen; another value is kept as it came. */
export type DmpAuthorisation = 'VALIDE' | 'INTERDIT' | 'INEXISTANTE' | (string & {});

export interface DmpStatus {
  exists: boolean;
  /** Status of the record (`active`, `nullified`…) when it exists. */
  recordStatus?: string;
  authorisation?: DmpAuthorisation;
}

export type DmpStatusReading =
  | { ok: true; acknowledgement: 'AA'; status: DmpStatus }
  | { ok: true; acknowledgement: 'AE' | 'AR'; detail: string }
  | { ok: false; reason: string };

/** Reads PRPA_IN201308UV02. */
export function readDmpStatusResponse(body: XmlElement): DmpStatusReading {
  if (body.localName !== 'PRPA_IN201308UV02' || body.namespaceURI !== HL7_NS) {
    return { ok: false, reason: 'the body is not a PRPA_IN201308UV02' };
  }
  // HL7 v3 writes the type as an element, the DMP as an attribute: both are read.
  const holder = elementAt(body, HL7_NS, 'acknowledgement');
  const acknowledgement =
    attributeOf(holder, 'typeCode') ?? attributeOf(holder && elementAt(holder, HL7_NS, 'typeCode'), 'code');
  if (acknowledgement === 'AE' || acknowledgement === 'AR') {
    const detail = elementAt(body, HL7_NS, 'acknowledgement', 'acknowledgementDetail', 'code');
    return { ok: true, acknowledgement, detail: (attributeOf(detail, 'code') ?? '').slice(0, 200) };
  }
  if (acknowledgement !== 'AA') return { ok: false, reason: 'the answer carries no acknowledgement' };
  const process = elementAt(body, HL7_NS, 'controlActProcess');
  const response = process && attributeOf(elementAt(process, HL7_NS, 'queryAck', 'queryResponseCode'), 'code');
  if (process === undefined || response === undefined)
    return { ok: false, reason: 'the answer carries no query response' };
  if (response === 'NF') return { ok: true, acknowledgement, status: { exists: false } };
  if (response !== 'OK') return { ok: true, acknowledgement: 'AE', detail: response.slice(0, 200) };
  const patient = elementAt(process, HL7_NS, 'subject', 'registrationEvent', 'subject1', 'patient');
  const recordStatus = attributeOf(patient && elementAt(patient, HL7_NS, 'statusCode'), 'code');
  return { ok: true, acknowledgement, status: { exists: true, recordStatus, authorisation: authorisationOf(body) } };
}

/** `attentionLine` whose key word is AUTORISATION carries the right of access of the caller as its value. */
function authorisationOf(body: XmlElement): DmpAuthorisation | undefined {
  for (const line of Array.from(body.getElementsByTagNameNS(HL7_NS, 'attentionLine'))) {
    const keyWord = elementAt(line, HL7_NS, 'keyWordText');
    if ((attributeOf(keyWord, 'code') ?? textOf(keyWord)) !== 'AUTORISATION') continue;
    const value = elementAt(line, HL7_NS, 'value');
    const found = attributeOf(value, 'code') ?? attributeOf(value, 'value') ?? textOf(value);
    return found === '' ? undefined : found.slice(0, 64);
  }
  return undefined;
}
