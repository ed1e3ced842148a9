import { readFileSync } from 'node:fs';
import { describeWithShared, sharedPath } from '../../../test/support/shared-data';
import { parseXmlRoot, select, selectText } from '../xmlsec';
import {
  adhocQueryRequest,
  dmpStatusRequest,
  NS,
  readAdhocQueryResponse,
  readDmpStatusResponse,
  readRegistryResponse,
  readRetrieveDocumentSetResponse,
  retrieveDocumentSetRequest,
  STATUS,
  type StoredQuery,
} from './index';

const slotsOf = (query: StoredQuery): [string, string][] =>
  select('//r:Slot', parseXmlRoot(adhocQueryRequest(query).text), { r: NS.rim }).map((slot) => [
    slot.getAttribute('name') ?? '',
    slot.textContent ?? '',
  ]);

describe('stored queries', () => {
  it('writes codes as alternatives in one slot, event codes of several slots as all required', () => {
    const query: StoredQuery = {
      query: 'findDocuments',
      patientId: "1^^^&1.2&ISO^N'H",
      status: [STATUS.approved, STATUS.deprecated],
      eventCodeList: [
        [
          { code: 'CT', scheme: '1.2' },
          { code: 'MR', scheme: '1.2' },
        ],
        [{ code: '67734004', scheme: '1.3' }],
      ],
      creationTime: { from: '20240101', to: '2025' },
      typeCode: [],
    };
    expect(slotsOf(query)).toEqual([
      ['$XDSDocumentEntryPatientId', "'1^^^&1.2&ISO^N''H'"],
      ['$XDSDocumentEntryStatus', `('${STATUS.approved}','${STATUS.deprecated}')`],
      ['$XDSDocumentEntryCreationTimeFrom', '20240101'],
      ['$XDSDocumentEntryCreationTimeTo', '2025'],
      ['$XDSDocumentEntryEventCodeList', "('CT^^1.2','MR^^1.2')"],
      ['$XDSDocumentEntryEventCodeList', "('67734004^^1.3')"],
    ]);
  });

  it.each<[StoredQuery, string, string[]]>([
    [
      { query: 'getDocuments', uniqueId: ['1.2'] },
      'urn:uuid:5c4f972b-d56b-40ac-a5fc-c8ca9b40b9d4',
      ['$XDSDocumentEntryUniqueId'],
    ],
    [
      { query: 'getDocumentsAndAssociations', entryUuid: ['urn:uuid:1'] },
      'urn:uuid:bab9529a-4a10-40b3-a01f-f68a615d247a',
      ['$XDSDocumentEntryEntryUUID'],
    ],
    [{ query: 'getAssociations', uuid: ['urn:uuid:1'] }, 'urn:uuid:a7ae438b-4bc2-4642-93e9-be891f7bb155', ['$uuid']],
    [
      { query: 'findSubmissionSets', patientId: 'p', status: [STATUS.approved] },
      'urn:uuid:f26abbcb-ac74-4422-8a30-edb644bbc1a9',
      ['$XDSSubmissionSetPatientId', '$XDSSubmissionSetStatus'],
    ],
    [
      { query: 'getAll', patientId: 'p', status: [STATUS.approved] },
      'urn:uuid:10b545ea-725c-446d-9b95-8aeb444eddf3',
      ['$patientId', '$XDSDocumentEntryStatus', '$XDSSubmissionSetStatus', '$XDSFolderStatus'],
    ],
    [
      {
        query: 'findDocumentsByReferenceId',
        patientId: 'p',
        status: [STATUS.approved],
        referenceIdList: [['a'], ['b']],
      },
      'urn:uuid:12941a89-e02e-4be5-967c-ce4bfc8fe492',
      [
        '$XDSDocumentEntryPatientId',
        '$XDSDocumentEntryStatus',
        '$XDSDocumentEntryReferenceIdList',
        '$XDSDocumentEntryReferenceIdList',
      ],
    ],
  ])('%j', (query, id, names) => {
    expect(slotsOf(query).map(([name]) => name)).toEqual(names);
    expect(adhocQueryRequest(query).text).toContain(id);
  });
});

const response = (status: string, errors = '') =>
  `<r:RegistryResponse xmlns:r="${NS.rs}" status="${status}">${errors}</r:RegistryResponse>`;
const FAILURE = 'urn:oasis:names:tc:ebxml-regrep:ResponseStatusType:Failure';

describe('registry answers', () => {
  it('tells errors from warnings, with code, context and location', () => {
    const error = (severity: string, code: string) =>
      `<r:RegistryError errorCode="${code}" codeContext="contexte" location="ligne 3" severity="urn:oasis:names:tc:ebxml-regrep:ErrorSeverityType:${severity}"/>`;
    const read = readRegistryResponse(
      parseXmlRoot(
        response(FAILURE, `<r:RegistryErrorList>${error('Error', 'A')}${error('Warning', 'B')}</r:RegistryErrorList>`),
      ),
    );
    expect(read).toEqual({
      status: 'failure',
      errors: [{ code: 'A', context: 'contexte', location: 'ligne 3', severity: 'error' }],
      warnings: [{ code: 'B', context: 'contexte', location: 'ligne 3', severity: 'warning' }],
    });
  });

  it('bounds what a hostile registry may say', () => {
    const many = `<r:RegistryErrorList>${`<r:RegistryError errorCode="${'x'.repeat(5000)}"/>`.repeat(1500)}</r:RegistryErrorList>`;
    const read = readRegistryResponse(parseXmlRoot(response(FAILURE, many)));
    expect(read?.errors).toHaveLength(1000);
    expect(read?.errors[0].code).toHaveLength(2000);
  });

  it.each(['', 'Success', 'urn:oasis:names:tc:ebxml-regrep:ResponseStatusType:Unavailable'])(
    'believes no status %j',
    (status) => {
      expect(readRegistryResponse(parseXmlRoot(response(status)))).toBeUndefined();
    },
  );

  it('refuses an answer of another transaction', () => {
    expect(readAdhocQueryResponse(parseXmlRoot('<a/>'))).toMatchObject({ ok: false });
    expect(readRetrieveDocumentSetResponse(parseXmlRoot('<a/>'))).toMatchObject({ ok: false });
    expect(readDmpStatusResponse(parseXmlRoot('<a/>'))).toMatchObject({ ok: false });
    expect(
      readAdhocQueryResponse(parseXmlRoot(`<q:AdhocQueryResponse xmlns:q="${NS.query}" status="odd"/>`)),
    ).toMatchObject({ ok: false });
  });

  it('finds retrieved documents by content id or inline, and refuses one without content', () => {
    const document = (content: string) =>
      `<x:RetrieveDocumentSetResponse xmlns:x="${NS.xdsb}">${response('urn:oasis:names:tc:ebxml-regrep:ResponseStatusType:Success')}` +
      `<x:DocumentResponse><x:RepositoryUniqueId>1.2</x:RepositoryUniqueId><x:DocumentUniqueId>1.3</x:DocumentUniqueId><x:mimeType>text/xml</x:mimeType>${content}</x:DocumentResponse></x:RetrieveDocumentSetResponse>`;
    const include =
      '<x:Document><i:Include xmlns:i="http://www.w3.org/2004/08/xop/include" href="cid:a%40b"/></x:Document>';
    const read = (content: string) => readRetrieveDocumentSetResponse(parseXmlRoot(document(content)));
    expect(read(include)).toMatchObject({
      ok: true,
      documents: [{ documentUniqueId: '1.3', content: { contentId: 'a@b' } }],
    });
    expect(read('<x:Document>QUJD\n REVG</x:Document>')).toMatchObject({
      documents: [{ content: { base64: 'QUJDREVG' } }],
    });
    for (const bad of ['', '<x:Document/>', include.replace('cid:', 'http://x/'), include.replace('%40', '%zz')])
      expect(read(bad)).toMatchObject({ ok: false });
  });

  it('asks for documents by repository and uniqueId', () => {
    const { text } = retrieveDocumentSetRequest([{ repositoryUniqueId: '1.2', documentUniqueId: '1.3&' }]);
    expect(text).toContain(
      '<xds:RepositoryUniqueId>1.2</xds:RepositoryUniqueId><xds:DocumentUniqueId>1.3&amp;</xds:DocumentUniqueId>',
    );
  });
});

describe('TD0.2', () => {
  const answer = (inside: string, acknowledgement = '<acknowledgement typeCode="AA"/>') =>
    readDmpStatusResponse(
      parseXmlRoot(`<PRPA_IN201308UV02 xmlns="urn:hl7-org:v3">${acknowledgement}${inside}</PRPA_IN201308UV02>`),
    );
  const queryAck = (code: string) =>
    `<controlActProcess><queryAck><queryResponseCode code="${code}"/></queryAck></controlActProcess>`;
  const line = (value: string) => `<attentionLine><keyWordText code="AUTORISATION"/>${value}</attentionLine>`;

  it('asks with fresh identifiers and the time of the call', () => {
    const { text } = dmpStatusRequest({
      ins: { matricule: '162018885045327', oid: '1.2.250.1.213.1.4.10' },
      messageId: 'm-1',
      queryId: 'q-1',
      creationTime: '20240101000000',
      senderOid: '1.2.3',
      processingCode: 'D',
    });
    const names = { h: 'urn:hl7-org:v3' };
    expect(selectText('//h:patientIdentifier/h:value/@extension', parseXmlRoot(text), names)).toBe('162018885045327');
    expect(selectText('//h:queryId/@extension', parseXmlRoot(text), names)).toBe('q-1');
    expect(selectText('//h:reasonCode/@code', parseXmlRoot(text), names)).toBe('TEST_EXST');
  });

  it.each([
    [line('<value code="VALIDE"/>') + queryAck('OK'), { exists: true, authorisation: 'VALIDE' }],
    [line('<value value="INTERDIT"/>') + queryAck('OK'), { exists: true, authorisation: 'INTERDIT' }],
    [queryAck('OK'), { exists: true, authorisation: undefined }],
    [line('<value/>') + queryAck('OK'), { exists: true, authorisation: undefined }],
    [queryAck('NF'), { exists: false }],
  ])('%s', (inside, status) => {
    expect(answer(inside)).toMatchObject({ ok: true, acknowledgement: 'AA', status });
  });

  it('tells an error of the service from an answer that cannot be read', () => {
    const refused =
      '<acknowledgement><typeCode code="AE"/><acknowledgementDetail><code code="DMPNotAllowed"/></acknowledgementDetail></acknowledgement>';
    expect(answer('', refused)).toEqual({ ok: true, acknowledgement: 'AE', detail: 'DMPNotAllowed' });
    expect(answer(queryAck('AE'))).toMatchObject({ acknowledgement: 'AE' });
    expect(answer('')).toMatchObject({ ok: false });
    expect(answer(queryAck('OK'), '')).toMatchObject({ ok: false });
  });
});

describeWithShared('response.xml of the ANS', () => {
  it('is a success', () => {
    const text = readFileSync(sharedPath('reference', 'ans-samples', 'XDS', 'response.xml'), 'utf8');
    const envelope = text.slice(text.indexOf('<soap:Envelope'), text.indexOf('</soap:Envelope>') + 16);
    const [body] = select('//rs:RegistryResponse', parseXmlRoot(envelope), { rs: NS.rs });
    expect(readRegistryResponse(body)).toEqual({ status: 'success', errors: [], warnings: [] });
  });
});
