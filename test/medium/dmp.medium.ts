import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Agent, request } from 'undici';
import type { Fault } from '../../sandbox/dmp';
import { withPatient } from '../../src/audit';
import { dmpConfig, StructureDirectory } from '../../src/connectors/dmp';
import type { ConfigOf } from '../../src/platform/config';
import { TlsMaterial, type MaterialSource, type PkiService, type TlsMaterialOptions } from '../../src/platform/pki';
import {
  contentTypeCode,
  personAuthor,
  STATUS,
  STORED_QUERY,
  withdrawalFor,
  type StoredQuery,
} from '../../src/standards/xds';
import { dmpFixture, ins, professional, type DmpFixture } from '../support/dmp-fixture';
import { submissionOf } from '../support/submission-builder';

/** Our DMP clients against the sandbox registry over mutual TLS. Doubled: the registry. Real: TLS, signatures, xmlsec1. */

let on: DmpFixture;
beforeAll(async () => {
  on = await dmpFixture();
});
afterAll(() => on.close());
afterEach(() => on.dmp.faults.clear());

const publish = async (changes: Parameters<typeof submissionOf>[0] = {}, caller = on.caller) => {
  const made = submissionOf(changes);
  return { ...made, outcome: await on.iti41.send({ caller, submission: made.submission, document: made.document }) };
};
const patientId = `${ins.matricule}^^^&${ins.oid}&ISO^NH`;
const search = (more: Partial<Extract<StoredQuery, { query: 'findDocuments' }>> = {}) =>
  on.iti18.send({
    caller: on.caller,
    mode: 'INDIRECTE_RENFORCEE',
    query: { query: 'findDocuments', patientId, status: [STATUS.approved], ...more },
  });
const found = async (uniqueId: string) => {
  const outcome = await on.iti18.findEntry({ caller: on.caller, documentUniqueId: uniqueId });
  if (outcome.kind !== 'accepted') throw new Error(outcome.kind);
  return outcome.value;
};
const listed = async (): Promise<Record<string, unknown>[]> => {
  const dispatcher = new Agent({ connect: { ca: readFileSync(on.pki.exchangeCa, 'utf8') } });
  const answer = await request(on.dmp.documentsUrl, { dispatcher });
  const rows = (await answer.body.json()) as Record<string, unknown>[];
  await dispatcher.close();
  return rows;
};

const aMessageId = expect.stringMatching(/^urn:uuid:/) as string;

describe('publication', () => {
  it('is accepted by a registry that decodes and verifies by itself, and is listed', async () => {
    const { outcome, uniqueId } = await publish();
    expect(outcome).toMatchObject({ kind: 'accepted', warnings: [] });
    expect(await listed()).toContainEqual(
      expect.objectContaining({
        uniqueId,
        availabilityStatus: 'Approved',
        mimeType: 'application/dicom',
        typeCode: 'IMG-KOS',
        formatCode: '1.2.840.10008.5.1.4.1.1.88.59',
        patientId,
        confidentialityCodes: ['N'],
      }),
    );
    expect(on.audit.events.at(-1)).toMatchObject({
      kind: 'dmp.provide-and-register',
      outcome: 'success',
      documentUniqueId: uniqueId,
      actor: { professionalId: professional.nationalId, structureId: '999900000000019' },
      facts: {
        endpoint: `${on.dmp.url}/repository`,
        submissionSetUniqueId: expect.stringMatching(/^[0-9.]+$/) as string,
      },
    });
  });

  it('leaves in the trail what its audit message asks for, and the query without its patient', async () => {
    const { uniqueId, submission } = await publish();
    expect(on.audit.events.at(-1)?.facts?.submissionSetUniqueId).toBe(submission.submissionSet.uniqueId);
    await search();
    const { patient, facts } = on.audit.events.at(-1) ?? {};
    expect(facts).toMatchObject({ endpoint: `${on.dmp.url}/registry`, queryId: STORED_QUERY.findDocuments });
    expect(JSON.stringify(facts)).not.toContain(ins.matricule);
    // As it went over the wire.
    expect(on.dmp.received.at(-1)?.body.toString()).toContain(`>${withPatient(String(facts?.query), patient)}</`);
    const entry = await found(uniqueId);
    expect(on.audit.events.at(-1)?.facts?.query).toContain(uniqueId);
    if (!entry) throw new Error('not found');
    await on.iti43.send({ caller: on.caller, documents: [entry] });
    expect(on.audit.events.at(-1)).toMatchObject({
      documentUniqueId: uniqueId,
      facts: { repositoryUniqueId: entry.repositoryUniqueId },
    });
    await on.iti43.send({ caller: on.caller, documents: [entry, { ...entry, uniqueId: '1.2.3' }] });
    expect(on.audit.events.at(-1)?.facts?.documents).toBe(
      [uniqueId, '1.2.3'].map((one) => `${one} ${entry.repositoryUniqueId}`).join('\n'),
    );
  });

  it('carries a VIHF and a submission signature that xmlsec1 verifies', async () => {
    await publish();
    const message = on.dmp.received.at(-1);
    const boundary = /boundary="([^"]+)"/.exec(message?.contentType ?? '')?.[1] ?? '';
    const parts = (message?.body.toString('latin1') ?? '')
      .split(`--${boundary}`)
      .map((part) => part.slice(part.indexOf('\r\n\r\n') + 4, -2));
    const envelope = join(on.dir, 'envelope.xml');
    const signature = join(on.dir, 'signature.xml');
    writeFileSync(envelope, Buffer.from(parts[1], 'latin1'));
    writeFileSync(signature, Buffer.from(parts.find((part) => part.includes('IHEManifest')) ?? '', 'latin1'));
    const verify = (file: string, ...ids: string[]) =>
      execFileSync(
        'xmlsec1',
        [
          '--verify',
          '--ignore-manifests',
          ...ids,
          '--enabled-key-data',
          'x509',
          '--trusted-pem',
          on.pki.exchangeCa,
          file,
        ],
        { stdio: 'pipe' },
      );
    expect(() => verify(envelope, '--id-attr:ID', 'urn:oasis:names:tc:SAML:2.0:assertion:Assertion')).not.toThrow();
    const ids = [
      '--id-attr:Id',
      'http://www.w3.org/2000/09/xmldsig#:Manifest',
      '--id-attr:Id',
      'http://uri.etsi.org/01903/v1.1.1#:SignedProperties',
    ];
    expect(() => verify(signature, ...ids)).not.toThrow();
  });

  it('refuses a second document of the same uniqueId, for good', async () => {
    const { submission, document, outcome } = await publish();
    expect(outcome.kind).toBe('accepted');
    const again = await on.iti41.send({ caller: on.caller, submission, document });
    expect(again).toMatchObject({ kind: 'refused', code: 'XDSDuplicateUniqueIdInRegistry' });
    expect(on.audit.events.at(-1)).toMatchObject({ outcome: 'refused', errorCode: 'dmp.refused' });
  });

  it('replaces: the old entry becomes Deprecated, and cannot be replaced twice', async () => {
    const first = await publish();
    const entry = await found(first.uniqueId);
    const second = await publish({ replaces: entry?.entryUuid });
    expect(second.outcome.kind).toBe('accepted');
    expect((await found(first.uniqueId))?.availabilityStatus).toBe(STATUS.deprecated);
    const third = await publish({ replaces: entry?.entryUuid });
    expect(third.outcome).toMatchObject({ kind: 'refused', code: 'XDSRegistryDeprecatedDocumentError' });
  });

  it('deletes by availability status; the entry is then found no more', async () => {
    const { uniqueId } = await publish();
    const entry = await found(uniqueId);
    const submission = withdrawalFor({
      ins,
      entryUuid: entry?.entryUuid ?? '',
      author: personAuthor(
        { id: professional.nationalId, family: professional.familyName, given: professional.givenName },
        on.structure.published,
      ),
      contentTypeCode: contentTypeCode('O'),
      sourceId: '1.2.250.1.999.1.1.8121',
      ids: on.ids,
      clock: () => new Date(),
    });
    const done = await on.iti57.send({ caller: on.caller, submission, documentUniqueId: uniqueId });
    expect(done).toEqual({ kind: 'accepted', value: undefined, warnings: [], messageId: aMessageId });
    expect(await found(uniqueId)).toBeUndefined();
    expect(await listed()).toContainEqual(expect.objectContaining({ uniqueId, availabilityStatus: 'Deleted' }));
    expect(await on.iti57.send({ caller: on.caller, submission })).toMatchObject({ kind: 'refused' });
  });

  it('is refused when the document is not the one described, when the patient differs, or the seal is of another structure', async () => {
    const made = submissionOf();
    made.submission.documentEntries[0].hash = '0'.repeat(40);
    expect(
      await on.iti41.send({ caller: on.caller, submission: made.submission, document: made.document }),
    ).toMatchObject({ kind: 'refused' });
    const other = { ...on.caller, ins: { matricule: '279035121518989', oid: ins.oid } };
    expect((await publish({}, other)).outcome).toMatchObject({
      kind: 'refused',
      code: 'soap:Sender/FailedAuthentication',
    });
    const mixed = { ...on.caller, structure: on.structureWith('dmpClient', 'remoteSeal') };
    expect((await publish({}, mixed)).outcome).toMatchObject({
      kind: 'refused',
      code: 'soap:Sender/FailedAuthentication',
    });
  });

  it('survives a restart of the registry', async () => {
    const { uniqueId } = await publish();
    await on.restart();
    expect((await found(uniqueId))?.uniqueId).toBe(uniqueId);
  });

  it('does not reach the registry with a certificate of another authority', async () => {
    const foreign = { ...on.caller, structure: on.structureWith('foreign', 'seal') };
    const { outcome } = await publish({}, foreign);
    expect(outcome.kind).toBe('try-again');
  });
});

describe('consultation', () => {
  it('finds by patient, format, event codes (all slots met), times and references', async () => {
    const { uniqueId } = await publish({
      flags: { masquePs: false, invisiblePatient: true, invisibleRepresentantsLegaux: false },
    });
    const matches = async (more: Parameters<typeof search>[0]) => {
      const outcome = await search(more);
      if (outcome.kind !== 'accepted') throw new Error(outcome.kind);
      return outcome.value.documentEntries.some((entry) => entry.uniqueId === uniqueId);
    };
    const mr = { code: 'MR', scheme: '1.2.250.1.213.1.1.5.618' };
    const ct = { code: 'CT', scheme: '1.2.250.1.213.1.1.5.618' };
    const abdomen = { code: '63337009', scheme: '1.2.250.1.213.2.5' };
    expect(
      await matches({ formatCode: [{ code: '1.2.840.10008.5.1.4.1.1.88.59', scheme: '1.2.840.10008.2.6.1' }] }),
    ).toBe(true);
    expect(await matches({ eventCodeList: [[mr, ct], [abdomen]] })).toBe(true);
    expect(await matches({ eventCodeList: [[ct], [abdomen]] })).toBe(false);
    expect(await matches({ serviceStartTime: { from: '2021', to: '20210105' } })).toBe(true);
    expect(await matches({ serviceStartTime: { from: '20210105' } })).toBe(false);
    const reference = '7252295367250016^^^&1.2.840.113619.6.196&ISO^urn:ihe:iti:xds:2013:accession';
    const query: StoredQuery = {
      query: 'findDocumentsByReferenceId',
      patientId,
      status: [STATUS.approved],
      referenceIdList: [[reference]],
    };
    const outcome = await on.iti18.send({ caller: on.caller, mode: 'INDIRECTE_RENFORCEE', query });
    expect(outcome.kind === 'accepted' && outcome.value.documentEntries.map((entry) => entry.uniqueId)).toContain(
      uniqueId,
    );
  });

  it('hides a masked document from professionals of other structures', async () => {
    const { uniqueId } = await publish({
      flags: { masquePs: true, invisiblePatient: false, invisibleRepresentantsLegaux: false },
    });
    const activity = { id: '999900000000027', sector: { code: 'SA01', system: '1.2.250.1.71.4.2.4' } };
    const query: StoredQuery = { query: 'findDocuments', patientId, status: [STATUS.approved] };
    const seen = await on.iti18.send({ caller: { ...on.caller, activity }, mode: 'INDIRECTE_RENFORCEE', query });
    const own = await search();
    const ids = (outcome: typeof seen) =>
      outcome.kind === 'accepted' && outcome.value.documentEntries.map((entry) => entry.uniqueId);
    expect(ids(seen)).not.toContain(uniqueId);
    expect(ids(own)).toContain(uniqueId);
  });

  it('reads submission sets and associations', async () => {
    const { uniqueId, submission } = await publish();
    const entry = await found(uniqueId);
    const sets = await on.iti18.send({
      caller: on.caller,
      mode: 'INDIRECTE_RENFORCEE',
      query: { query: 'findSubmissionSets', patientId, status: [STATUS.approved] },
    });
    expect(sets.kind === 'accepted' && sets.value.submissionSets.map((set) => set.uniqueId)).toContain(
      submission.submissionSet.uniqueId,
    );
    const associations = await on.iti18.send({
      caller: on.caller,
      mode: 'INDIRECTE_RENFORCEE',
      query: { query: 'getAssociations', uuid: [entry?.entryUuid ?? ''] },
    });
    expect(
      associations.kind === 'accepted' && associations.value.associations.map((one) => one.targetObject),
    ).toContain(entry?.entryUuid);
  });

  it('retrieves a document byte for byte, and does not believe a damaged one', async () => {
    const { uniqueId, document } = await publish();
    const entry = await found(uniqueId);
    if (!entry) throw new Error('not found');
    const outcome = await on.iti43.send({ caller: on.caller, documents: [entry] });
    expect(outcome).toMatchObject({ kind: 'accepted' });
    expect(outcome.kind === 'accepted' && outcome.value[0].bytes.equals(Buffer.from(document))).toBe(true);
    const damaged = await on.iti43.send({ caller: on.caller, documents: [{ ...entry, hash: 'f'.repeat(40) }] });
    expect(damaged).toMatchObject({ kind: 'malformed', detail: 'a document that has not the hash of its entry' });
    const unproven = await on.iti43.send({ caller: on.caller, documents: [{ ...entry, hash: undefined }] });
    expect(unproven).toMatchObject({ kind: 'malformed', detail: 'a document whose entry tells no hash' });
    const unknown = await on.iti43.send({ caller: on.caller, documents: [{ ...entry, uniqueId: '1.2.3' }] });
    expect(unknown).toMatchObject({ kind: 'refused', code: 'XDSDocumentUniqueIdError' });
  });

  it('shows a report that its hospital sent by another way', async () => {
    const content = Buffer.from('<ClinicalDocument xmlns="urn:hl7-org:v3"/>');
    on.dmp.addReport({
      content,
      ins,
      title: "CR d'imagerie",
      author: { id: '899700367909', family: 'DOC', given: 'KIT' },
      structure: { id: '1750803447', name: 'Centre <A & B>' },
      creationTime: '20230101120000',
      serviceStartTime: '20230101110000',
      referenceIds: ['ACN1^^^&1.2.3&ISO^urn:ihe:iti:xds:2013:accession'],
    });
    const outcome = await search({ typeCode: [{ code: '18748-4', scheme: '2.16.840.1.113883.6.1' }] });
    expect(outcome.kind === 'accepted' && outcome.value.documentEntries[0]).toMatchObject({
      mimeType: 'text/xml',
      size: content.length,
    });
  });

  it('asks for the existence of the record and the right of access, without reading any trait', async () => {
    expect(await on.td02.send({ caller: on.caller })).toEqual({
      kind: 'accepted',
      value: { exists: true, recordStatus: 'active', authorisation: 'VALIDE' },
      warnings: [],
      messageId: aMessageId,
    });
    on.dmp.patients.set(ins.matricule, { authorisation: 'INTERDIT' });
    expect(await on.td02.send({ caller: on.caller })).toMatchObject({ value: { authorisation: 'INTERDIT' } });
    on.dmp.patients.set(ins.matricule, { exists: false });
    expect(await on.td02.send({ caller: on.caller })).toMatchObject({ value: { exists: false } });
  });
});

describe('a registry that misbehaves', () => {
  const table: [Fault, object][] = [
    [
      { kind: 'refuse', code: 'XDSRegistryMetadataError' },
      { kind: 'refused', code: 'XDSRegistryMetadataError' },
    ],
    [
      { kind: 'refuse', code: 'XDSRepositoryBusy' },
      { kind: 'try-again', reason: 'busy', mayHaveBeenDone: false },
    ],
    [{ kind: 'warn' }, { kind: 'accepted', warnings: [{ code: 'XDSExtraMetadataNotSaved' }] }],
    [{ kind: 'partial' }, { kind: 'partial', errors: [{ code: 'XDSRepositoryBusy' }] }],
    [{ kind: 'soap-fault' }, { kind: 'try-again', reason: 'server-error' }],
    [
      { kind: 'http', status: 503 },
      { kind: 'try-again', reason: 'busy', mayHaveBeenDone: false },
    ],
    [
      { kind: 'http', status: 502 },
      { kind: 'try-again', reason: 'server-error', mayHaveBeenDone: true },
    ],
    [
      { kind: 'http', status: 403 },
      { kind: 'refused', code: 'http-403' },
    ],
    [{ kind: 'malformed' }, { kind: 'malformed' }],
    [{ kind: 'half-answer' }, { kind: 'try-again', reason: 'cut', mayHaveBeenDone: true }],
    [{ kind: 'drop-after-accept' }, { kind: 'try-again', reason: 'cut', mayHaveBeenDone: true }],
    [{ kind: 'vanish' }, { kind: 'try-again', reason: 'cut', mayHaveBeenDone: true }],
    [
      { kind: 'slow', delayMs: 20_000 },
      { kind: 'try-again', reason: 'timeout', mayHaveBeenDone: true },
    ],
  ];

  it.each(table)('%j', async (fault, expected) => {
    on.dmp.faults.set({ ...fault, times: 1 });
    const { outcome } = await on.withPatience(fault.kind === 'slow' ? 3_000 : 30_000, () => publish());
    expect(outcome).toMatchObject(expected);
    expect(on.audit.events.at(-1)?.outcome === 'success').toBe(outcome.kind === 'accepted');
  });

  it('after a lost answer the registry tells whether it was done', async () => {
    on.dmp.faults.set({ kind: 'drop-after-accept', times: 1 });
    const lost = await publish();
    expect((await found(lost.uniqueId))?.availabilityStatus).toBe(STATUS.approved);
    on.dmp.faults.set({ kind: 'vanish', times: 1 });
    const never = await publish();
    expect(await found(never.uniqueId)).toBeUndefined();
  });

  it('nobody at the address', async () => {
    await on.dmp.close();
    const { outcome } = await publish({}, { ...on.caller, structure: on.structureWith('dmpClient', 'seal') });
    expect(outcome).toMatchObject({ kind: 'try-again', reason: 'unreachable', mayHaveBeenDone: false });
    await on.restart();
  });
});

describe('structures of the configuration', () => {
  const files = (name: 'dmpClient' | 'seal') => ({
    certificateFile: on.pki.members[name].cert,
    keyFile: on.pki.members[name].key,
  });
  const directory = async (more: object = {}) => {
    const text = JSON.stringify([
      {
        mode: 'EJ/EG',
        legal: { id: '999900000000019', name: 'CENTRE DE DEMONSTRATION' },
        geographic: { id: '1750803447', name: 'Site' },
        aliases: ['SITE-1'],
        sector: { code: 'SA01' },
        tls: files('dmpClient'),
        seal: files('seal'),
        ...more,
      },
    ]);
    const structures = dmpConfig.shape.structures.schema.parse(text);
    const config = {
      url: on.dmp.url,
      structures,
      anchorFiles: [on.pki.exchangeCa],
      timeoutMs: 30_000,
      connections: 2,
    } as unknown as ConfigOf<typeof dmpConfig>;
    const pki = {
      material: (source: MaterialSource, options: TlsMaterialOptions) =>
        TlsMaterial.load(source, { ...options, pollMs: 0 }),
    };
    const made = new StructureDirectory(config, pki as unknown as PkiService);
    await made.onModuleInit();
    return made;
  };

  it('are found by any of their names, and publish with the certificate of the legal entity', async () => {
    const structures = await directory();
    for (const name of ['1750803447', '750803447', ' 1750803447 ', 'site-1'])
      expect(structures.find(name)).toBeDefined();
    expect(structures.find('999999999')).toBeUndefined();
    expect(() => structures.get(undefined)).toThrow(expect.objectContaining({ code: 'dmp.unknown-structure' }));
    const structure = structures.get('750803447');
    const { outcome } = await publish({ structure: structure.published }, { ...on.caller, structure });
    expect(outcome).toMatchObject({ kind: 'accepted' });
    await structures.onApplicationShutdown();
  });

  it('may have a fallback', async () => {
    const structures = await directory({ fallback: true });
    expect(structures.find(undefined)?.published.id).toBe('1750803447');
    await structures.onApplicationShutdown();
  });
});

describe('control of the sandbox over HTTP', () => {
  it('sets and clears faults, statuses of patients, and takes reports', async () => {
    const dispatcher = new Agent({ connect: { ca: readFileSync(on.pki.exchangeCa, 'utf8') } });
    const call = async (method: 'GET' | 'POST' | 'DELETE', path: string, body?: object) => {
      const answer = await request(new URL(path, on.dmp.documentsUrl), {
        method,
        dispatcher,
        body: body && JSON.stringify(body),
      });
      return { status: answer.statusCode, text: await answer.body.text() };
    };
    expect(
      (await call('POST', '/control', { kind: 'refuse', code: 'XDSRegistryMetadataError', times: 1 })).status,
    ).toBe(201);
    expect((await publish()).outcome).toMatchObject({ kind: 'refused', code: 'XDSRegistryMetadataError' });
    expect((await call('POST', '/control', { kind: 'odd' })).status).toBe(400);
    await call('POST', '/control', { kind: 'slow' });
    expect((await call('DELETE', '/control')).text).toBe('[]');
    expect(
      (await call('POST', '/patients', { matricule: ins.matricule, authorisation: 'VALIDE', exists: true })).status,
    ).toBe(201);
    const { uniqueId, document } = await publish();
    const content = String((await listed()).find((row) => row.uniqueId === uniqueId)?.content);
    const answer = await request(content, { dispatcher });
    expect(Buffer.from(await answer.body.arrayBuffer()).equals(Buffer.from(document))).toBe(true);
    expect((await call('GET', '/documents/1.2.3/content')).status).toBe(404);
    await dispatcher.close();
  });
});
