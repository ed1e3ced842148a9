import { randomUUID } from 'node:crypto';
import type { Element } from '@xmldom/xmldom';
import { FaultAnswer } from './soap-io';
import { text, xmlEscape } from './xml';

/** TD0.2: existence of a record and right of access. */

export interface PatientStatus {
  exists: boolean;
  authorisation: string;
}

const OPEN: PatientStatus = { exists: true, authorisation: 'VALIDE' };

export class PatientStatuses {
  private readonly known = new Map<string, PatientStatus>();

  set(matricule: string, status: Partial<PatientStatus>): void {
    this.known.set(matricule, { ...OPEN, ...status });
  }
  /** A record nobody spoke of exists and is open. */
  get = (matricule: string): PatientStatus => this.known.get(matricule) ?? OPEN;
}

/** `<INS>^^^&<OID>&ISO^NH` of the patient asked for. */
export function askedPatient(request: Element): { matricule: string; oid: string } {
  const value = 'hl7:controlActProcess/hl7:queryByParameter/hl7:parameterList/hl7:patientIdentifier/hl7:value';
  const matricule = text(`${value}/@extension`, request);
  const oid = text(`${value}/@root`, request);
  const reason = text('hl7:controlActProcess/hl7:reasonCode/@code', request);
  if (!matricule || !oid || reason !== 'TEST_EXST')
    throw new FaultAnswer('Sender', 'the query is not a test of existence');
  for (const place of [
    'hl7:id/@root',
    'hl7:creationTime/@value',
    'hl7:receiver/hl7:device/hl7:id/@root',
    'hl7:sender/hl7:device/hl7:id/@root',
  ]) {
    if (text(place, request) === '') throw new FaultAnswer('Sender', 'the transmission wrapper is incomplete');
  }
  return { matricule, oid };
}

/** PRPA_IN201308UV02, identity traits included as the national service does, so that a client proves that it ignores them. */
export function statusAnswer(
  request: Element,
  patient: { matricule: string; oid: string },
  status: PatientStatus,
): string {
  const id = text('hl7:id/@root', request);
  const query = text('hl7:controlActProcess/hl7:queryByParameter/hl7:queryId/@root', request);
  const attention = status.exists
    ? `<attentionLine><keyWordText code="AUTORISATION"/><value xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="CE" code="${xmlEscape(status.authorisation)}"/></attentionLine>`
    : '';
  const subject = status.exists
    ? '<subject typeCode="SUBJ"><registrationEvent classCode="REG" moodCode="EVN"><statusCode code="active"/><subject1 typeCode="SBJ">' +
      `<patient classCode="PAT"><id root="${xmlEscape(patient.oid)}" extension="${xmlEscape(patient.matricule)}"/><statusCode code="active"/>` +
      '<patientPerson><name><family>TRAIT-A-NE-PAS-AFFICHER</family></name></patientPerson></patient></subject1></registrationEvent></subject>'
    : '';
  return (
    `<PRPA_IN201308UV02 xmlns="urn:hl7-org:v3" ITSVersion="XML_1.0"><id root="2.25.1" extension="${randomUUID()}"/>` +
    '<interactionId root="2.16.840.1.113883.1.6" extension="PRPA_IN201308UV02"/><processingCode code="D"/><processingModeCode code="T"/><acceptAckCode code="NE"/>' +
    `<acknowledgement typeCode="AA"><targetMessage><id root="${xmlEscape(id)}"/></targetMessage></acknowledgement>${attention}` +
    `<controlActProcess classCode="CACT" moodCode="EVN">${subject}<queryAck><queryId root="${xmlEscape(query)}"/><queryResponseCode code="${status.exists ? 'OK' : 'NF'}"/></queryAck></controlActProcess></PRPA_IN201308UV02>`
  );
}
