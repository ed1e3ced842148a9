import { auditKinds, AuditOutcome, withoutPatient } from '../index';
import { adhocQueryRequest, formatPatientId, STATUS } from '../../standards/xds';
import { eventTable } from './event-table';
import { SpooledRecord } from './spooled-record';
import { AuditingNode, toAuditMessage } from './to-audit-message';

const node: AuditingNode = { source: { id: 'DRIMbox' }, hostName: 'db1.test', processId: '42' };
const record = (kind: string, more: Partial<SpooledRecord> = {}): SpooledRecord => ({
  id: '17',
  at: new Date('2026-11-21T05:06:07Z'),
  kind,
  outcome: 'success',
  actor: {},
  facts: {},
  ...more,
});
const doctor = { professionalId: '899900000017', professionalName: 'CAMILLE ESSAI', structureId: '999900000000019' };
const endpoint = 'https://dmp.test:8443/services/repository';
const codesOf = (kind: string, more: Partial<SpooledRecord> = {}) => {
  const { event, types, action, outcome } = toAuditMessage(record(kind, more), node);
  return [event.code, types[0]?.code, action, outcome];
};
const rolesOf = (kind: string, more: Partial<SpooledRecord> = {}) =>
  toAuditMessage(record(kind, more), node).participants.map(({ userId, roles, isRequestor }) => [
    userId,
    roles[0]?.meaning,
    isRequestor,
  ]);

describe('the trail as audit messages', () => {
  it('has a line for every kind of event (src/audit/atna/event-table.ts)', () => {
    expect(auditKinds.filter((kind) => eventTable[kind] === undefined)).toEqual([]);
  });

  it.each([
    ['dmp.stored-query', '110112', 'ITI-18', 'E'],
    ['dmp.provide-and-register', '110106', 'ITI-41', 'R'],
    ['dmp.retrieve', '110107', 'ITI-43', 'C'],
    ['dmp.update-document-set', '110106', 'ITI-57', 'U'],
    ['serving.delivered', '110104', 'RAD-107', 'R'],
    ['retrieval.series', '110104', 'RAD-107', 'C'],
    ['gateway.started', '110100', '110120', 'E'],
    ['gateway.stopped', '110100', '110121', 'E'],
    ['portal.login', '110114', '110122', 'E'],
    ['portal.logout', '110114', '110123', 'E'],
    ['pki.certificate-refused', '110113', '110126', 'E'],
    ['whitelist.refused', '110113', '110129', 'E'],
    ['exams.identity-differs', '110113', '110132', 'E'],
    ['portal.trail-consulted', '110101', undefined, 'R'],
    ['transfer.imported', '110107', 'transfer.imported', 'C'],
    ['transfer.archive-exported', '110106', 'transfer.archive-exported', 'R'],
    ['transfer.archive-read', '110107', 'transfer.archive-read', 'C'],
    ['of-a-later-release', 'of-a-later-release', undefined, 'E'],
  ])('%s is event %s, type %s, action %s', (kind, event, type, action) => {
    expect(codesOf(kind)).toEqual([event, type, action, '0']);
  });

  it.each([
    ['serving.peer-not-listed', '110113', '110126'],
    ['serving.token-absent', '110113', '110132'],
    ['psc.token-inactive', '110113', '110132'],
    ['serving.not-in-manifest', '110104', 'RAD-107'],
  ])('a request refused for %s is %s', (errorCode, event, type) => {
    expect(codesOf('serving.refused', { outcome: 'refused', errorCode })).toEqual([
      event,
      type,
      event === '110113' ? 'E' : 'R',
      '4',
    ]);
  });

  it.each([
    ['success', '0'],
    ['refused', '4'],
    ['failure', '8'],
  ] as [AuditOutcome, string][])('%s is outcome %s', (outcome, indicator) => {
    expect(codesOf('dmp.retrieve', { outcome })[3]).toBe(indicator);
  });

  it('names the account that gave a command on a machine of the gateway', () => {
    const facts = { by: 'command line', operator: 'exploitant', operatorHost: 'passerelle-1' };
    const { participants } = toAuditMessage(record('whitelist.refreshed', { actor: { peer: 'liste' }, facts }), node);
    expect(participants.filter(({ isRequestor }) => isRequestor)).toMatchObject([
      { userId: 'exploitant', networkAccessPoint: { id: 'passerelle-1', type: 'name' } },
    ]);
  });

  it('names source and destination from the side of each transaction, and one requestor at most', () => {
    expect(rolesOf('dmp.status', { actor: doctor })).toEqual([
      ['DRIMbox', 'Source Role ID', false],
      ['DMP', 'Destination Role ID', false],
      ['899900000017', undefined, true],
    ]);
    const anonymous = 'http://www.w3.org/2005/08/addressing/anonymous';
    expect(rolesOf('dmp.retrieve', { facts: { endpoint } })).toEqual([
      [endpoint, 'Source Role ID', false],
      [anonymous, 'Destination Role ID', true],
    ]);
    expect(rolesOf('serving.delivered', { actor: { peer: 'CN=db3' } })).toEqual([
      ['DRIMbox', 'Source Role ID', false],
      ['CN=db3', 'Destination Role ID', true],
    ]);
    expect(rolesOf('retrieval.series', { facts: { host: 'db2.test' }, actor: doctor })[0]).toEqual([
      'db2.test',
      'Source Role ID',
      false,
    ]);
    expect(rolesOf('transfer.imported', { facts: { pacs: 'main' } })[1]).toEqual([
      'main',
      'Destination Role ID',
      false,
    ]);
    const counts = auditKinds.map(
      (kind) =>
        toAuditMessage(record(kind, { actor: { ...doctor, peer: 'p' } }), node).participants.filter(
          (p) => p.isRequestor,
        ).length,
    );
    expect(Math.max(...counts)).toBe(1);
  });

  it('holds patient, study with its number of objects, document, query, and the line of the trail', () => {
    const { objects } = toAuditMessage(
      record('dmp.stored-query', {
        patient: { matricule: '299999999999989', oid: '1.2.250.1.213.1.4.10' },
        studyInstanceUid: '1.2.3',
        documentUniqueId: '1.2.4',
        instances: 3,
        correlationId: 'abc',
        facts: { messageId: 'urn:uuid:1' },
      }),
      node,
    );
    expect(objects.map(({ id, idType }) => [id, idType.code])).toEqual([
      ['299999999999989^^^&1.2.250.1.213.1.4.10&ISO^NH', '2'],
      ['1.2.3', '110180'],
      ['1.2.4', '9'],
      ['ITI-18', 'ITI-18'],
      ['17', 'trail-record'],
    ]);
    expect(objects[1].instances).toEqual({ count: 3 });
    expect(objects[4].details).toContainEqual({ type: 'correlationId', value: 'abc' });
  });

  describe('the transactions of ITI, as their tables ask', () => {
    const patient = { matricule: '299999999999989', oid: '1.2.250.1.213.1.4.10' };
    const cx = formatPatientId(patient);
    const objectOf = (kind: string, idType: string, more: Partial<SpooledRecord>) =>
      toAuditMessage(record(kind, { patient, ...more }), node).objects.filter((one) => one.idType.code === idType);

    it.each(['dmp.stored-query', 'dmp.provide-and-register', 'dmp.update-document-set', 'dmp.retrieve'])(
      '%s: the address called, and where answers go',
      (kind) => {
        const { participants } = toAuditMessage(record(kind, { facts: { endpoint } }), node);
        expect(participants.find(({ userId }) => userId === endpoint)?.networkAccessPoint).toEqual({
          id: 'dmp.test',
          type: 'name',
        });
        expect(participants.find(({ userId }) => userId.endsWith('/anonymous'))).toMatchObject({
          alternativeUserId: '42',
          isRequestor: true,
          networkAccessPoint: { id: 'db1.test', type: 'name' },
        });
      },
    );

    it.each([
      ['https://192.0.2.7/x', { id: '192.0.2.7', type: 'address' }],
      ['https://[2001:db8::7]:8443/x', { id: '2001:db8::7', type: 'address' }],
      ['no address', undefined],
    ])('of %s the access point is %o', (address, point) => {
      const { participants } = toAuditMessage(record('dmp.retrieve', { facts: { endpoint: address } }), node);
      expect(participants[0].networkAccessPoint).toEqual(point);
    });

    it('ITI-18: the query word for word, although the trail keeps it without its patient', () => {
      const sent = adhocQueryRequest({ query: 'findDocuments', patientId: cx, status: [STATUS.approved] }).text;
      const query = withoutPatient(sent, patient) ?? '';
      expect(query).not.toContain(patient.matricule);
      const queryId = 'urn:uuid:14d4debf-8f97-4251-9a74-a90016b0af0d';
      const [told] = objectOf('dmp.stored-query', 'ITI-18', { facts: { queryId, query } });
      expect(told).toMatchObject({ id: queryId, type: '2', role: '24' });
      expect(told.content).toEqual({ query: Buffer.from(sent) });
      expect(told.details).toEqual([{ type: 'QueryEncoding', value: 'UTF-8' }]);
      const [line] = objectOf('dmp.stored-query', 'trail-record', { facts: { queryId, query, outcome: 'accepted' } });
      expect(line.details).toEqual([{ type: 'outcome', value: 'accepted' }]);
      const [short] = objectOf('dmp.stored-query', 'ITI-18', { facts: { queryId } });
      expect(short).toMatchObject({ id: queryId, content: { name: 'Registry Stored Query' }, details: [] });
    });

    it.each([
      ['names the patient in another way', `<a>${patient.matricule}</a>`],
      ['holds our own mark', '<a>{patient}</a>'],
      ['is too long', `<a>${'x'.repeat(12_000)}</a>`],
    ])('a query that %s is not kept', (_what, xml) => {
      expect(withoutPatient(xml, patient)).toBeUndefined();
    });

    it.each(['dmp.provide-and-register', 'dmp.update-document-set'])('%s: its submission set', (kind) => {
      const node_ = 'urn:uuid:a54d6aa5-d40d-43f9-88c5-b4633d873bdd';
      expect(objectOf(kind, node_, { facts: { submissionSetUniqueId: '1.2.5' } })).toMatchObject([
        { id: '1.2.5', type: '2', role: '20', idType: { system: 'IHE XDS Metadata' } },
      ]);
    });

    it('ITI-43: each document with its repository and community', () => {
      const facts = { repositoryUniqueId: '1.2.9', homeCommunityId: 'urn:oid:1.2.8' };
      expect(objectOf('dmp.retrieve', '9', { documentUniqueId: '1.2.4', facts })).toMatchObject([
        {
          id: '1.2.4',
          role: '3',
          details: [
            { type: 'Repository Unique ID', value: '1.2.9' },
            { type: 'ihe:homeCommunityID', value: 'urn:oid:1.2.8' },
          ],
        },
      ]);
      const several = objectOf('dmp.retrieve', '9', { facts: { documents: '1.2.4 1.2.9\n1.2.5' } });
      expect(several.map(({ id, details }) => [id, details.map(({ value }) => value)])).toEqual([
        ['1.2.4', ['1.2.9']],
        ['1.2.5', []],
      ]);
    });
  });
});
