import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodedPixels, storedFragments } from '../support/dicom-tools';
import { demoObjects, DemoObjects } from '../support/demo-objects';
import { SandboxPacs, startSandboxPacs } from '../../sandbox/pacs';
import { PublishedStudy, TestSandbox } from '../support/sandbox';
import { describeWithShared, sharedIsPresent, sharedPath } from '../support/shared-data';
import { readPartTen, splitParts, WadoPart } from '../support/wado-client';

/** Every request sample of ANS, sent byte by byte as written but for its UIDs, its token and its base. Real: gateway, PACS by DIMSE. */

const folder = sharedPath('reference/drim-m-data/wado-rs-requests');
const samples = sharedIsPresent
  ? readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.txt') && !name.includes('Reponse'))
      .sort()
  : [];

/** A chunked or counted answer read by hand. */
function readAnswer(text: string): { status: number; headers: Record<string, string>; body: Buffer } {
  const headEnd = text.indexOf('\r\n\r\n');
  const [line, ...lines] = text.slice(0, headEnd).split('\r\n');
  const headers = Object.fromEntries(
    lines.map((one) => [one.slice(0, one.indexOf(':')).toLowerCase(), one.slice(one.indexOf(':') + 1).trim()]),
  );
  let rest = text.slice(headEnd + 4);
  if (headers['transfer-encoding'] !== 'chunked')
    return { status: Number(line?.split(' ')[1]), headers, body: Buffer.from(rest, 'latin1') };
  const chunks: string[] = [];
  for (;;) {
    const end = rest.indexOf('\r\n');
    const size = parseInt(rest.slice(0, end), 16);
    if (!Number.isInteger(size)) throw new Error('the answer is cut');
    if (size === 0) break;
    chunks.push(rest.slice(end + 2, end + 2 + size));
    rest = rest.slice(end + 2 + size + 2);
  }
  return { status: Number(line?.split(' ')[1]), headers, body: Buffer.from(chunks.join(''), 'latin1') };
}

describeWithShared('request samples of ANS over the real listener', () => {
  let sandbox: TestSandbox;
  let pacs: SandboxPacs;
  let demo: DemoObjects;
  let mr: PublishedStudy;

  beforeAll(async () => {
    [sandbox, demo] = await Promise.all([TestSandbox.open(), demoObjects()]);
    const peers = [{ aet: 'DRIMBOX', host: '127.0.0.1', port: sandbox.ports.dicom }];
    pacs = await startSandboxPacs({
      kind: 'embedded',
      dataDir: join(sandbox.dir, 'pacs'),
      port: 0,
      aeTitle: 'PACS',
      peers,
    });
    await pacs.storeFiles(demo.files.values());
    await sandbox.startGateway([{ id: 'pacs', kind: 'dimse', host: '127.0.0.1', port: pacs.port, aeTitle: 'PACS' }]);
    mr = (await sandbox.publish(demo.studies))[2]!;
  });
  afterAll(async () => {
    await sandbox?.stop();
    await pacs?.stop();
  });

  /** The sample for our study: its lines, order, spacing, repeated headers and trailing commas as they are. */
  async function asOurs(sample: string, target: 'origin' | 'absolute'): Promise<string> {
    const { seriesInstanceUid, sopInstanceUid } = mr.objects[0];
    const token = await sandbox.token();
    const [first, ...lines] = sample.replace(/[\r\n]+$/, '').split(/\r?\n/);
    const tail = (/\/studies\/.*(?= HTTP)/.exec(first ?? '')?.[0] ?? '')
      .replace(/\/studies\/[0-9.]+/, `/studies/${mr.studyInstanceUid}`)
      .replace(/\/series\/[0-9.]+/, `/series/${seriesInstanceUid}`)
      .replace(/\/instances\/[0-9.]+/, `/instances/${sopInstanceUid}`);
    const { pathname, host } = new URL(sandbox.url);
    const ours = lines
      .filter((line) => line !== '' && !/^(host|connection):/i.test(line))
      .map((line) => line.replace(/^(Authorization: ?Bearer ).*/i, `$1${token}`))
      .map((line) => line.replace(/^(KOS-SOPInstanceUID: ?).*/i, `$1${mr.kosSopInstanceUid}`));
    const request = `GET ${target === 'absolute' ? `https://${host}` : ''}${pathname}${tail} HTTP/1.1`;
    return [request, ...ours, `Host: ${host}`, 'Connection: close', '', ''].join('\r\n');
  }

  const forms = samples.flatMap((name) => [[name, 'origin'] as const, [name, 'absolute'] as const]);
  it.each(forms)('%s, with an address in %s form', async (name, target) => {
    const sample = readFileSync(join(folder, name), 'utf8');
    const answer = readAnswer(await sandbox.client().exchange(await asOurs(sample, target), 20_000));
    expect([answer.status, answer.body.toString('latin1', 0, answer.status === 200 ? 0 : 400)]).toEqual([200, '']);
    const parts = splitParts({ headers: answer.headers, body: answer.body });
    const { seriesInstanceUid } = mr.objects[0];
    const level = /\/frames\//.test(sample)
      ? 'frames'
      : /\/instances\//.test(sample)
        ? 'instance'
        : /\/series\//.test(sample)
          ? 'series'
          : 'study';
    const expected = {
      frames: 1,
      instance: 1,
      series: mr.objects.filter((one) => one.seriesInstanceUid === seriesInstanceUid).length,
      study: mr.objects.length,
    }[level];
    expect(parts).toHaveLength(expected);
    if (level === 'frames') expectFrame(parts[0], sample);
    else for (const part of parts) expectAccepted(readPartTen(part.body).transferSyntaxUid, sample);
  });

  /** The frame says in which accepted syntax it is, and is what the PACS holds: its fragments, or its pixels. */
  function expectFrame(part: WadoPart, sample: string): void {
    const syntax = /; transfer-syntax=([0-9.]+)$/.exec(part.headers['content-type'])?.[1] ?? '';
    expectAccepted(syntax, sample);
    const file = demo.files.get(mr.objects[0].sopInstanceUid)!;
    const isStored = syntax === readPartTen(file).transferSyntaxUid;
    const fragments = storedFragments(file);
    const wanted = isStored && fragments.length > 0 ? Buffer.concat(fragments) : decodedPixels(file);
    expect([syntax, part.body.length]).toEqual([syntax, wanted.length]);
    expect(part.body.equals(wanted)).toBe(true);
  }

  /** The syntax is one that the sample accepts with a weight above zero; structured reports have the uncompressed one. */
  function expectAccepted(transferSyntaxUid: string, sample: string): void {
    const listed = [...sample.matchAll(/transfer-syntax=([0-9.]+)\s*;\s*q=([0-9.]+)/g)];
    const weight = listed.find(([, uid]) => uid === transferSyntaxUid)?.[2];
    expect([transferSyntaxUid, Number(weight) > 0]).toEqual([transferSyntaxUid, true]);
  }
});
