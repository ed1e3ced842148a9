import { element, XmlFragment } from '../soap';
import { ActiveParticipant, AuditMessage, CodedValue, ParticipantObject } from './audit-message';

/** Longest value that is written; what a caller chose cannot make a message that a repository would cut (A.6: 32768 octets). */
const valueLengthMax = 500;
const detailsMax = 20;
/** A detail is base64: a third longer than its octets. */
const detailLengthMax = 200;
const accessPointTypes = { name: '1', address: '2', uri: '5' } as const;

/**
 * The XML of an audit message (DICOM PS3.15, A.5.1), on one line and without declaration: syslog says that it is UTF-8.
 * Characters that XML cannot hold become U+FFFD; values are cut at 500 characters, details at 200.
 */
export function writeAuditMessage(message: AuditMessage): string {
  const { source } = message;
  return element(
    'AuditMessage',
    {},
    eventIdentification(message),
    message.participants.map(activeParticipant),
    element(
      'AuditSourceIdentification',
      {
        AuditEnterpriseSiteID: source.enterpriseSiteId && clean(source.enterpriseSiteId),
        AuditSourceID: clean(source.id),
      },
      // 4: application server process.
      element('AuditSourceTypeCode', { 'csd-code': '4' }),
    ),
    message.objects.map(participantObject),
  ).text;
}

function eventIdentification(message: AuditMessage): XmlFragment {
  return element(
    'EventIdentification',
    {
      EventActionCode: message.action,
      EventDateTime: message.at.toISOString(),
      EventOutcomeIndicator: message.outcome,
    },
    coded('EventID', message.event),
    message.types.map((type) => coded('EventTypeCode', type)),
    message.outcomeDescription && element('EventOutcomeDescription', {}, clean(message.outcomeDescription)),
  );
}

function activeParticipant(participant: ActiveParticipant): XmlFragment {
  const { userId, alternativeUserId, userName, isRequestor, roles, networkAccessPoint: point, media } = participant;
  return element(
    'ActiveParticipant',
    {
      UserID: clean(userId),
      AlternativeUserID: alternativeUserId && clean(alternativeUserId),
      UserName: userName && clean(userName),
      UserIsRequestor: String(isRequestor),
      NetworkAccessPointID: point && clean(point.id),
      NetworkAccessPointTypeCode: point && accessPointTypes[point.type],
    },
    roles.map((role) => coded('RoleIDCode', role)),
    media && element('MediaIdentifier', {}, coded('MediaType', media)),
  );
}

function participantObject(object: ParticipantObject): XmlFragment {
  const { content, instances } = object;
  return element(
    'ParticipantObjectIdentification',
    {
      ParticipantObjectID: clean(object.id),
      ParticipantObjectTypeCode: object.type,
      ParticipantObjectTypeCodeRole: object.role,
      ParticipantObjectDataLifeCycle: object.lifeCycle,
    },
    coded('ParticipantObjectIDTypeCode', object.idType),
    'name' in content
      ? element('ParticipantObjectName', {}, clean(content.name))
      : element('ParticipantObjectQuery', {}, content.query.toString('base64')),
    object.details
      .slice(0, detailsMax)
      .map(({ type, value }) => element('ParticipantObjectDetail', { type: clean(type), value: base64(value) })),
    instances &&
      element(
        'ParticipantObjectDescription',
        {},
        element('SOPClass', { UID: instances.sopClassUid, NumberOfInstances: instances.count }),
      ),
  );
}

const coded = (name: string, { code, system, meaning }: CodedValue): XmlFragment =>
  element(name, { 'csd-code': clean(code), codeSystemName: system, originalText: meaning });

/** Base64, because what is recorded may be what an attacker sent (A.5.1, ValuePair). */
const base64 = (value: string): string => Buffer.from(value.slice(0, detailLengthMax)).toString('base64');

/** The writer replaces what XML cannot hold and escapes line ends: one message is one line. */
const clean = (value: string): string => value.slice(0, valueLengthMax);
