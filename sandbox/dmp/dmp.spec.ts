import { mkdtempSync, rmSync, appendFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DOMParser } from '@xmldom/xmldom';
import { checkSubmission } from './check-metadata';
import { FaultSwitch } from './faults';
import { headerParameter, splitMultipart } from './multipart-splitter';
import { Registry } from './registry';
import { readSubmission, type ReceivedSubmission } from './registry-objects';
import { seedReport, type SeededReport } from './seed';
import { answerQuery } from './stored-queries';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'drimbox-sandbox-dmp-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const ins = { matricule: '162018885045327', oid: '1.2.250.1.213.1.4.10' };
const report = (more: Partial<SeededReport> = {}): SeededReport => ({
  content: Buffer.from('<cda/>'),
  ins,
  title: 'CR',
  author: { id: '1', family: 'A', given: 'B' },
  structure: { id: '1750803447', name: 'C' },
  creationTime: '20230101120000',
  serviceStartTime: '20230101110000',
  referenceIds: [],
  ...more,
});
const at = new Date('2024-01-01T00:00:00Z');

describe('multipart splitter', () => {
  it('keeps binary bytes and reads parameters, quoted or not', () => {
    const body = Buffer.concat([
      Buffer.from('--b\r\nContent-ID: <1>\r\n\r\n'),
      Buffer.from([13, 10, 0, 255]),
      Buffer.from('\r\n--b--'),
    ]);
    expect(splitMultipart(body, 'b')).toEqual([
      { headers: { 'content-id': '<1>' }, bytes: Buffer.from([13, 10, 0, 255]) },
    ]);
    expect(headerParameter('multipart/related; boundary="a b"; type=x', 'boundary')).toBe('a b');
    expect(headerParameter('multipart/related; type=x', 'type')).toBe('x');
    expect(() => splitMultipart(Buffer.from('--b\r\n\r\nx'), 'b')).toThrow();
  });
});

describe('registry', () => {
  it('finds everything again after a restart, also when the last line was cut', () => {
    const entryUuid = seedReport(new Registry(dir), report({ uniqueId: '1.2.3' }), at);
    appendFileSync(join(dir, 'registry.jsonl'), '{"event":"submitted","docu');
    const again = new Registry(dir);
    expect(again.document(entryUuid)).toMatchObject({ uniqueId: '1.2.3', status: 'Approved' });
    expect(again.content(again.allDocuments()[0])?.toString()).toBe('<cda/>');
    again.changeStatus(entryUuid, 'Deleted');
  });

  it('answers a query as XML that holds the status and the repository', () => {
    const registry = new Registry(dir);
    seedReport(registry, report({ title: 'a "b" <c>' }), at);
    const patient = `${ins.matricule}^^^&amp;${ins.oid}&amp;ISO^NH`;
    const slot = (name: string, value: string) =>
      `<Slot name="${name}"><ValueList><Value>${value}</Value></ValueList></Slot>`;
    const ask = (slots: string) => {
      const source = `<q:AdhocQueryRequest xmlns:q="urn:oasis:names:tc:ebxml-regrep:xsd:query:3.0" xmlns="urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0"><q:ResponseOption returnType="LeafClass"/><AdhocQuery id="urn:uuid:14d4debf-8f97-4251-9a74-a90016b0af0d">${slots}</AdhocQuery></q:AdhocQueryRequest>`;
      const root = new DOMParser().parseFromString(source, 'application/xml').documentElement;
      if (root === null) throw new Error('no root');
      return answerQuery(root, registry, { structureId: 'x', professional: true });
    };
    const status = slot('$XDSDocumentEntryStatus', "('urn:oasis:names:tc:ebxml-regrep:StatusType:Approved')");
    const answer = ask(slot('$XDSDocumentEntryPatientId', `'${patient}'`) + status);
    expect(answer).toContain('ResponseStatusType:Success');
    expect(answer).toContain('repositoryUniqueId');
    expect(ask(status)).toContain('XDSStoredQueryMissingParam');
  });
});

describe('checks of a submission', () => {
  const received = (): ReceivedSubmission => {
    const registry = new Registry(join(dir, 'source'));
    seedReport(registry, report(), at);
    const [document] = registry.allDocuments();
    const [set] = registry.allSets();
    return { documents: [document], sets: [set], associations: [...registry.allAssociations()] };
  };

  it('tell each thing that is missing', () => {
    const registry = new Registry(join(dir, 'target'));
    const faults = checkSubmission(received(), new Map(), registry).map((fault) => `${fault.code} ${fault.context}`);
    expect(faults).toEqual(
      expect.arrayContaining([
        'XDSRegistryMetadataError contentTypeCode',
        'XDSMissingDocument D',
        'XDSRegistryMetadataError signs',
        'XDSRegistryMetadataError D legalAuthenticator',
      ]),
    );
  });

  it('refuse a body without submission', () => {
    const root = new DOMParser().parseFromString('<a/>', 'application/xml').documentElement;
    expect(root && readSubmission(root)).toBeUndefined();
    expect(checkSubmission({ sets: [], documents: [], associations: [] }, new Map(), new Registry(dir))).toHaveLength(
      2,
    );
  });
});

describe('fault switch', () => {
  it('counts down, by transaction', () => {
    const faults = new FaultSwitch();
    faults.set({ kind: 'slow', transaction: 'iti41', times: 2 });
    expect(faults.take('iti18')).toBeUndefined();
    expect(faults.take('iti41')?.kind).toBe('slow');
    expect(faults.take('iti41')?.kind).toBe('slow');
    expect(faults.take('iti41')).toBeUndefined();
    faults.set({ kind: 'vanish', transaction: 'iti41', times: 1 });
    expect(faults.take('iti41')).toBeUndefined();
    expect(faults.takeVanish()?.kind).toBe('vanish');
    expect(faults.list()).toEqual([]);
    expect(() => faults.set({ kind: 'odd' as 'slow' })).toThrow();
  });
});
