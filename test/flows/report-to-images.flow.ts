import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { LoadedStudy } from '../../sandbox/load-studies';
import { risStudy } from '../../sandbox/publish-studies';
import { ackCode, documentIdOf, makeOru, sendOnce } from '../../sandbox/ris';
import { Sandbox, startSandbox } from '../../sandbox/start-sandbox';
import { splitParts, WadoClient } from '../support/wado-client';

/** Real: both gateways' processes, Orthanc, HL7 over TCP, the sandbox's record, WADO-RS over mutual TLS. */
describe('from a report in the RIS to images at another gateway', () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'drimbox-report-flow-'));
  let sandbox: Sandbox;
  let peer: WadoClient;

  beforeAll(async () => {
    sandbox = await startSandbox({
      portBase: 0,
      dataDir,
      pacs: 'orthanc',
      database: 'embedded',
      demoData: true,
      remote: true,
      publish: 'report',
    });
    const { cert, key } = sandbox.ready.peers.listed;
    peer = new WadoClient({ url: sandbox.ready.source.url, ca: sandbox.ready.exchangeCa, cert, key });
  }, 480_000);

  afterAll(async () => {
    peer?.close();
    await sandbox?.stop();
    rmSync(dataDir, { recursive: true, force: true });
  });

  const ask = async (study: { studyInstanceUid: string }, kos: string | undefined) => {
    const token = await sandbox.neighbours.psc.token('radiologue');
    const accept = 'multipart/related; type="application/dicom"; transfer-syntax=*';
    return peer.get(`/studies/${study.studyInstanceUid}`, { accept, kos, token });
  };

  it('publishes what the report names, and serves it by the published manifest', async () => {
    for (const study of sandbox.home.studies) {
      const answer = await ask(study, study.kosSopInstanceUid);
      expect(answer.status).toBe(200);
      expect(splitParts(answer)).toHaveLength(study.objects.length);
    }
    expect(sandbox.remote?.studies.length).toBe(2);
  });

  it('stops serving at once what the RIS withdraws, and the record shows it deleted', async () => {
    const study = sandbox.home.studies.find(({ modality }) => modality === 'US') as LoadedStudy & {
      kosSopInstanceUid: string;
    };
    const report = risStudy(study);
    const message = makeOru(report, { request: 'unpublish', documentId: documentIdOf(report) });
    expect(ackCode(await sendOnce(sandbox.ready.hl7, message))).toBe('AA');
    expect((await ask(study, study.kosSopInstanceUid)).status).toBe(404);
    const { registry } = sandbox.neighbours.dmp;
    const status = () => registry.documentByUniqueId(study.kosSopInstanceUid)?.status;
    for (let tries = 0; tries < 450 && status() !== 'Deleted'; tries++) await pause(200);
    expect(status()).toBe('Deleted');
  });
});
