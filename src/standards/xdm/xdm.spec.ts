import { createHash } from 'node:crypto';
import { readRegistryObjects, NS, type DocumentEntry } from '../xds';
import { parseXmlRoot } from '../xmlsec';
import { findEntry, xdmFiles, type XdmArchive, type XdmDocument } from './index';

const entry = (over: Partial<DocumentEntry> = {}): DocumentEntry => ({
  entryUuid: 'urn:uuid:11111111-2222-3333-4444-555555555555',
  uniqueId: '1.2.3',
  patientId: '279035121518989^^^&1.2.250.1.213.1.4.10&ISO^NH',
  mimeType: 'application/dicom',
  authors: [],
  confidentialityCode: [],
  eventCodeList: [],
  sourcePatientInfo: ['PID-5|PAT-TROIS^DOMINIQUE^^^^^L'],
  referenceIdList: [],
  repositoryUniqueId: '1.2.250.99',
  hash: 'of the registry',
  size: 1,
  ...over,
});

const manifest: XdmDocument = { kind: 'manifest', entry: entry(), bytes: Buffer.from('a manifest') };
const report: XdmDocument = {
  kind: 'report',
  entry: entry({ uniqueId: '1.2.4', mimeType: 'text/xml', title: 'CR <b> & co' }),
  bytes: Buffer.from('<ClinicalDocument/>'),
};

function archive(over: Partial<XdmArchive> = {}, documents: readonly XdmDocument[] = [manifest, report]): XdmArchive {
  const set = {
    uniqueId: '2.25.7',
    patientId: entry().patientId,
    author: { authorPerson: '8999^DOC', authorInstitution: ['CH'], authorRole: [], authorSpecialty: [] },
    contentTypeCode: { code: '97', scheme: '1.2.250.1.213.2.2', display: 'x' },
    title: 'Scanner <thorax>',
    documents,
    report: {
      root: '1.2.250.1.213.1.1.6',
      extension: 'A7_6',
      ins: { matricule: '279035121518989', oid: '1.2.250.1.213.1.4.10' },
      localId: { value: 'IPP;7', issuerOid: '1.2.9' },
    },
  };
  return {
    sender: {
      professional: 'Jeanne TEST',
      structure: 'CH <Test>',
      structureId: '1999900001',
      software: { name: 'DRIMbox', version: '1.0', publisher: 'DRIMbox' },
    },
    sourceId: '1.2.250.1.999',
    madeAt: new Date('2026-11-21T06:12:00Z'),
    sets: [set, { ...set, uniqueId: '2.25.8' }],
    ...over,
  };
}

const textOf = (files: ReturnType<typeof xdmFiles>, name: string) =>
  files.find((file) => file.name === name)?.bytes.toString('utf8') ?? '';

describe('an XDM archive', () => {
  it('has the tree of the profile, with names of eight characters and three', () => {
    const names = xdmFiles(archive()).map(({ name }) => name);
    expect(names).toEqual([
      'INDEX.HTM',
      'README.TXT',
      ...[1, 2].flatMap((set) =>
        ['METADATA.XML', 'CR.TXT', `KOS_${set}_1.DCM`, `CR_${set}_1.XML`].map(
          (name) => `IHE_XDM/SS00000${set}/${name}`,
        ),
      ),
    ]);
    for (const name of names)
      for (const part of name.split('/')) expect(part).toMatch(/^[A-Z0-9_]{1,8}(\.[A-Z0-9]{1,3})?$/);
  });

  it('keeps the bytes of its documents', () => {
    const files = xdmFiles(archive());
    expect(files.find(({ name }) => name.endsWith('KOS_1_1.DCM'))?.bytes).toBe(manifest.bytes);
    expect(files.find(({ name }) => name.endsWith('CR_2_1.XML'))?.bytes).toBe(report.bytes);
  });

  it('tells each document in METADATA.XML by its own hash, size and URI, and nothing of the registry it came from', () => {
    const root = parseXmlRoot(Buffer.from(textOf(xdmFiles(archive()), 'IHE_XDM/SS000001/METADATA.XML')));
    const list = root.getElementsByTagNameNS(NS.rim, 'RegistryObjectList').item(0);
    const { submissionSets, documentEntries, associations } = readRegistryObjects(list!);
    expect([root.namespaceURI, root.localName]).toEqual([NS.lcm, 'SubmitObjectsRequest']);
    expect(submissionSets).toMatchObject([
      { uniqueId: '2.25.7', sourceId: '1.2.250.1.999', submissionTime: '20261121061200', title: 'Scanner <thorax>' },
    ]);
    expect(documentEntries).toMatchObject([
      {
        uniqueId: '1.2.3',
        uri: 'KOS_1_1.DCM',
        size: manifest.bytes.length,
        hash: createHash('sha1').update(manifest.bytes).digest('hex'),
        sourcePatientInfo: ['PID-5|PAT-TROIS^DOMINIQUE^^^^^L'],
      },
      { uniqueId: '1.2.4', uri: 'CR_1_1.XML', title: 'CR <b> & co' },
    ]);
    expect(documentEntries.every(({ repositoryUniqueId }) => repositoryUniqueId === undefined)).toBe(true);
    expect(associations.map(({ targetObject }) => targetObject)).toEqual(documentEntries.map((one) => one.entryUuid));
  });

  it('says who made it, and nothing of the patient, where everybody looks first', () => {
    const files = xdmFiles(archive());
    const seen = textOf(files, 'INDEX.HTM') + textOf(files, 'README.TXT');
    expect(seen).toContain('CH &lt;Test&gt; (1999900001)');
    expect(seen).toContain('Jeanne TEST');
    expect(seen).toContain('CR_2_1.XML');
    expect(seen).not.toMatch(/PAT-TROIS|279035|IPP/);
    expect(textOf(files, 'IHE_XDM/SS000001/CR.TXT')).toBe(
      '1.2.250.1.213.1.1.6;A7_6;279035121518989;1.2.250.1.213.1.4.10;IPP 7;1.2.9',
    );
  });

  it.each([
    ['no set', archive({ sets: [] })],
    ['too many sets', archive({ sets: Array.from({ length: 100 }, () => archive().sets[0]) })],
    ['an empty set', archive({}, [])],
    ['too many documents', archive({}, Array<XdmDocument>(100).fill(report))],
  ])('is refused with %s', (_case, asked) => {
    expect(() => xdmFiles(asked)).toThrow(RangeError);
  });
});

describe('the entry of an archived file', () => {
  const bytes = Buffer.from('a manifest');
  const hash = createHash('sha1').update(bytes).digest('hex');
  const file = { name: 'KA202401/IHE_XDM/SS000002/KOS_1.DCM', bytes };
  const metadata = (
    uri: string | undefined,
    over: Partial<DocumentEntry> = {},
    folder = 'KA202401/IHE_XDM/SS000002/',
  ) => ({
    name: `${folder}METADATA.XML`,
    entries: [entry({ uri, hash, size: bytes.length, ...over })],
  });

  it.each(['KOS_1.DCM', 'SS000002/KOS_1.DCM', './KOS_1.DCM', 'kos_1.dcm'])('is found by its URI %s', (uri) => {
    const found = findEntry(file, [metadata(uri)]);
    expect(found.ok && found.entry?.uri).toBe(uri);
    expect(findEntry(file, [metadata(uri, { hash: 'ff' })])).toMatchObject({ ok: false, reason: 'hash' });
    expect(findEntry(file, [metadata(uri, { size: 3 })])).toMatchObject({ ok: false, reason: 'size' });
  });

  it('is that of its own folder when two sets use one name', () => {
    const other = metadata('KOS_1.DCM', { uniqueId: '9.9', hash: 'ff' }, 'KA202401/IHE_XDM/SS000001/');
    const found = findEntry(file, [other, metadata('KOS_1.DCM')]);
    expect(found.ok && found.entry?.uniqueId).toBe('1.2.3');
  });

  it('is found by its hash without URI, and is none without either', () => {
    const byHash = findEntry(file, [metadata(undefined, { hash: hash.toUpperCase() })]);
    expect(byHash.ok && byHash.entry?.uniqueId).toBe('1.2.3');
    expect(findEntry(file, [metadata(undefined, { hash: undefined })])).toEqual({ ok: true, entry: undefined });
  });
});
