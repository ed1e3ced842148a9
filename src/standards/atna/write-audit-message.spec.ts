import { DOMParser } from '@xmldom/xmldom';
import {
  AuditMessage,
  auditEvents,
  auditEventTypes,
  objectIdTypes,
  participantRoles,
  writeAuditMessage,
} from './index';

const message: AuditMessage = {
  event: auditEvents.query,
  types: [auditEventTypes.iti18],
  action: 'E',
  at: new Date('2026-11-21T05:06:07.089Z'),
  outcome: '0',
  participants: [
    {
      userId: 'gateway',
      isRequestor: true,
      roles: [participantRoles.source],
      networkAccessPoint: { id: '192.0.2.7', type: 'address' },
    },
  ],
  source: { id: 'DRIMbox', enterpriseSiteId: '750000001' },
  objects: [
    {
      id: '299999999999989^^^&1.2.250.1.213.1.4.10&ISO^NH',
      type: '1',
      role: '1',
      idType: objectIdTypes.patientNumber,
      content: { name: 'INS' },
      details: [{ type: 'who', value: 'é' }],
    },
    { id: 'q', type: '2', idType: objectIdTypes.storedQuery, content: { query: Buffer.from('<a/>') }, details: [] },
  ],
};
const read = (xml: string) => new DOMParser({ onError: () => undefined }).parseFromString(xml, 'text/xml');

describe('an audit message (DICOM PS3.15, A.5.1)', () => {
  it('is one line of XML with everything in its place', () => {
    expect(writeAuditMessage(message)).toBe(
      '<AuditMessage><EventIdentification EventActionCode="E" EventDateTime="2026-11-21T05:06:07.089Z" EventOutcomeIndicator="0">' +
        '<EventID csd-code="110112" codeSystemName="DCM" originalText="Query"/>' +
        '<EventTypeCode csd-code="ITI-18" codeSystemName="IHE Transactions" originalText="Registry Stored Query"/></EventIdentification>' +
        '<ActiveParticipant UserID="gateway" UserIsRequestor="true" NetworkAccessPointID="192.0.2.7" NetworkAccessPointTypeCode="2">' +
        '<RoleIDCode csd-code="110153" codeSystemName="DCM" originalText="Source Role ID"/></ActiveParticipant>' +
        '<AuditSourceIdentification AuditEnterpriseSiteID="750000001" AuditSourceID="DRIMbox"><AuditSourceTypeCode csd-code="4"/></AuditSourceIdentification>' +
        '<ParticipantObjectIdentification ParticipantObjectID="299999999999989^^^&amp;1.2.250.1.213.1.4.10&amp;ISO^NH" ParticipantObjectTypeCode="1" ParticipantObjectTypeCodeRole="1">' +
        '<ParticipantObjectIDTypeCode csd-code="2" codeSystemName="RFC-3881" originalText="Patient Number"/><ParticipantObjectName>INS</ParticipantObjectName>' +
        '<ParticipantObjectDetail type="who" value="w6k="/></ParticipantObjectIdentification>' +
        '<ParticipantObjectIdentification ParticipantObjectID="q" ParticipantObjectTypeCode="2">' +
        '<ParticipantObjectIDTypeCode csd-code="ITI-18" codeSystemName="IHE Transactions" originalText="Registry Stored Query"/>' +
        '<ParticipantObjectQuery>PGEvPg==</ParticipantObjectQuery></ParticipantObjectIdentification></AuditMessage>',
    );
  });

  it.each(['"><EventID/>', '</AuditMessage>', 'a\u0000\u001b\ud800b', 'l1\r\nl2', ']]>', '&lt;'])(
    'takes %j as text, whoever wrote it',
    (hostile) => {
      const participants: AuditMessage['participants'] = [{ userId: hostile, isRequestor: false, roles: [] }];
      const xml = writeAuditMessage({ ...message, participants, outcomeDescription: hostile });
      const root = read(xml);
      expect(xml).not.toContain('\n');
      expect(root.getElementsByTagName('EventID')).toHaveLength(1);
      const kept = [...hostile].map((c) => ('\u0000\u001b\ud800'.includes(c) ? '\ufffd' : c)).join('');
      expect(root.getElementsByTagName('ActiveParticipant')[0]?.getAttribute('UserID')).toBe(kept);
      expect(root.getElementsByTagName('EventOutcomeDescription')[0]?.textContent).toBe(kept);
    },
  );

  it('stays below what every repository must take (A.6: 32768 octets)', () => {
    const long = '\u20ac'.repeat(100_000);
    const objects = [1, 2].map(() => ({
      id: long,
      type: '2' as const,
      idType: objectIdTypes.uri,
      content: { name: long },
      details: Array.from({ length: 9 }, () => ({ type: 'x', value: long })),
    }));
    const xml = writeAuditMessage({ ...message, outcomeDescription: long, objects });
    expect(Buffer.byteLength(xml)).toBeLessThan(32_768);
  });
});
