import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CountingPacs,
  dataSetOf,
  manifestOf,
  metadataDefaults,
  metadataText,
  seriesUids,
  startMetadata,
} from '../../../../test/support/metadata-bench';
import { InstanceSink, pacsErrors } from '../../../connectors/pacs';
import { GatewayError } from '../../../platform/errors';
import { configureLogging } from '../../../platform/logging';
import { ManifestArchive, ServableManifest } from '../../archive';
import { RequestsUnderWay } from '../delivery/requests-under-way';
import { servingErrors } from '../serving.errors';
import { MetadataByTheWay } from './metadata-by-the-way';
import { MetadataCollector } from './metadata-collector';

/** What the collector asks of the archive, with the newest first. */
class Archive {
  served: ServableManifest[] = [];
  changed: () => void = () => undefined;

  onChange = (listener: () => void) => {
    this.changed = listener;
    return () => undefined;
  };
  servedSince = () => Promise.resolve(this.served);
  servedAmong = (uids: readonly string[]) =>
    Promise.resolve(new Set(this.served.map((one) => one.kosSopInstanceUid).filter((uid) => uids.includes(uid))));
  admit = ({ kosSopInstanceUid }: { kosSopInstanceUid: string }) => {
    const manifest = this.served.find((one) => one.kosSopInstanceUid === kosSopInstanceUid);
    return Promise.resolve(manifest ? { ok: true, manifest } : { ok: false, reason: 'withdrawn' });
  };
}

const times = { quietMs: 30, patienceMs: 60_000, portionPauseMs: 5, soonMs: 10, everyMs: 50, retryMs: 100 };

describe('metadata read ahead', () => {
  let dataDir: string;
  let pacs: CountingPacs;
  let archive: Archive;
  let requests: RequestsUnderWay;
  const started: MetadataCollector[] = [];

  beforeAll(() => configureLogging({ level: 'silent' }));
  beforeEach(() => {
    dataDir = mkdtempSync(join(tmpdir(), 'metadata-'));
    pacs = new CountingPacs();
    archive = new Archive();
    requests = new RequestsUnderWay({ all: 100, perPeer: 100 });
  });
  afterEach(async () => {
    await Promise.all(started.splice(0).map((collector) => collector.onApplicationShutdown()));
    rmSync(dataDir, { recursive: true, force: true });
  });

  function start(config: Partial<typeof metadataDefaults> = {}) {
    const { keeper, service } = startMetadata(dataDir, config);
    const collector = new MetadataCollector(
      { ...metadataDefaults, ...config },
      { enabled: true, basePath: '/rs' },
      pacs.directory,
      archive as unknown as ManifestArchive,
      keeper,
      requests,
    );
    collector.times = times;
    started.push(collector);
    return { collector, keeper, service };
  }

  const second = manifestOf([4], { kosSopInstanceUid: '1.2.10' });

  async function until(holds: () => boolean): Promise<void> {
    for (let waited = 0; !holds(); waited += 5) {
      if (waited > 5_000) throw new Error('it did not happen in five seconds');
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  it('is told without asking the PACS, even after a restart; nothing is read twice', async () => {
    archive.served = [manifestOf([5, 3]), second];
    await start().collector.look();
    expect(pacs.asked).toHaveLength(12);
    const { service, collector } = start();
    await collector.look();
    expect(JSON.parse(await metadataText(service, { manifest: manifestOf([5, 3]), pacs }))).toHaveLength(8);
    expect(pacs.asked).toHaveLength(12);
  });

  it('begins when a manifest becomes current, and goes when it is served no more', async () => {
    const { collector, keeper } = start();
    collector.onApplicationBootstrap();
    archive.served = [second];
    archive.changed();
    await until(() => keeper.store.seriesCount === 1);
    expect(existsSync(join(dataDir, 'metadata', '1.2.10'))).toBe(true);
    archive.served = [];
    archive.changed();
    await until(() => !existsSync(join(dataDir, 'metadata', '1.2.10')));
    expect(keeper.store.bytes).toBe(0);
  });

  it('gives way to a request, and goes on with what was lacking', async () => {
    archive.served = [manifestOf([40])];
    pacs.pause = () => new Promise((resolve) => setTimeout(resolve, 10));
    const { collector, keeper } = start();
    const round = collector.look();
    await until(() => pacs.asked.length > 3);
    const leave = requests.enter('peer');
    await new Promise((resolve) => setTimeout(resolve, 200));
    const readBefore = pacs.asked.length;
    expect(readBefore).toBeLessThan(35);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(pacs.asked).toHaveLength(readBefore);
    leave();
    await round;
    expect(keeper.store.seriesCount).toBe(1);
    expect(new Set(pacs.asked).size).toBe(40);
    expect(pacs.asked).toHaveLength(40);
  });

  it('is read in small portions, after a bounded wait, on a gateway that is never quiet', async () => {
    archive.served = [manifestOf([100])];
    const portions: number[] = [];
    const { retrieve } = pacs;
    const refusedOnce = new Set([1]);
    Object.assign(pacs, {
      retrieve: (...asked: Parameters<typeof retrieve>) => {
        portions.push(asked[0].instances.length);
        // Its places are taken by requests: another time.
        if (refusedOnce.delete(portions.length)) return Promise.reject(new GatewayError(pacsErrors.tooMany));
        return retrieve(...asked);
      },
    });
    const leave = requests.enter('peer');
    const { collector, keeper } = start();
    collector.times = { ...times, patienceMs: 100 };
    const startedMs = Date.now();
    await collector.look();
    leave();
    expect(Date.now() - startedMs).toBeGreaterThanOrEqual(100);
    expect(portions).toEqual([32, 32, 32, 32, 4]);
    expect(pacs.asked).toHaveLength(100);
    expect(keeper.store.seriesCount).toBe(1);
  });

  it('waits on disk until the series is whole, readable by its owner alone, and leaves no draft', async () => {
    archive.served = [manifestOf([400])];
    const drafts = () =>
      readdirSync(join(dataDir, 'metadata'))
        .filter((name) => name.startsWith('.draft-'))
        .map((name) => statSync(join(dataDir, 'metadata', name)));
    let seen: ReturnType<typeof drafts> = [];
    pacs.commentOf = (uid) => {
      if (uid.endsWith('.1')) seen = drafts();
      return uid.repeat(700);
    };
    pacs.pause = () => new Promise((resolve) => setImmediate(resolve));
    const { collector, keeper, service } = start();
    await collector.look();
    expect(seen.map(({ mode }) => mode & 0o777)).toEqual([0o600]);
    expect(seen[0].size).toBeGreaterThan(1_000_000);
    expect(drafts()).toEqual([]);
    expect(keeper.store.seriesCount).toBe(1);
    const { service: unkept } = startMetadata(dataDir, { isKept: false });
    const [manifest] = archive.served;
    expect(await metadataText(service, { manifest, pacs })).toBe(await metadataText(unkept, { manifest, pacs }));
  });

  it('of a withdrawn manifest is not kept, though it was being read', async () => {
    archive.served = [manifestOf([40])];
    pacs.pause = () => new Promise((resolve) => setTimeout(resolve, 5));
    const { collector, keeper } = start();
    const round = collector.look();
    await until(() => pacs.asked.length > 3);
    archive.served = [];
    await round;
    await collector.look();
    expect(keeper.store.seriesCount).toBe(0);
  });

  it('that failed is tried again later, a few times, and keeps nobody else waiting', async () => {
    archive.served = [manifestOf([5]), second];
    pacs.absent.add(`${seriesUids[0]}.5`);
    const { collector, keeper } = start();
    collector.times = { ...times, retryMs: 0 };
    for (let round = 0; round < 10; round++) await collector.look();
    expect(keeper.store.kosSopInstanceUids).toEqual(['1.2.10']);
    expect(pacs.asked).toHaveLength(4 + 4 * 4);
    pacs.absent.clear();
    const fresh = start();
    await fresh.collector.look();
    expect(fresh.keeper.store.seriesCount).toBe(2);
  });

  it('stops with the gateway, and when there is no room', async () => {
    archive.served = [manifestOf([40])];
    pacs.pause = () => new Promise((resolve) => setTimeout(resolve, 10));
    const { collector } = start();
    const round = collector.look();
    await until(() => pacs.asked.length > 1);
    await collector.onApplicationShutdown();
    await round;
    expect(pacs.asked.length).toBeLessThan(10);
    pacs.asked.length = 0;
    await start({ bytesMax: 0 }).collector.look();
    await start({ isCollected: false }).collector.look();
    expect(pacs.asked).toEqual([]);
  });

  it('waits for a PACS that is down', async () => {
    archive.served = [second];
    pacs.failure = new GatewayError(servingErrors.incomplete);
    const { collector, keeper } = start();
    collector.times = { ...times, retryMs: 0 };
    await collector.look();
    pacs.failure = undefined;
    await collector.look();
    expect(keeper.store.seriesCount).toBe(1);
  });
});

describe('metadata of images on their way', () => {
  let dataDir: string;
  const manifest = manifestOf([5, 3]);
  const requests = new RequestsUnderWay({ all: 100, perPeer: 100 });
  const sink = () => ({ begun: 0, bytes: 0 });
  beforeEach(() => void (dataDir = mkdtempSync(join(tmpdir(), 'metadata-'))));
  afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

  function open(counts: { begun: number; bytes: number }): InstanceSink {
    return {
      begin: () => void counts.begun++,
      write: (chunk) => ((counts.bytes += chunk.length), counts.bytes % 2 === 0),
      drained: () => Promise.resolve(),
      end: () => undefined,
      cut: () => undefined,
    };
  }

  it.each(['together', 'one by one'])('asked for %s are kept, and the images pass untouched', async (how) => {
    const { keeper, service } = startMetadata(dataDir);
    const byTheWay = new MetadataByTheWay({ basePath: '/rs' }, keeper, requests);
    const pacs = new CountingPacs();
    const counts = sink();
    const expected = manifest.expected({ studyInstanceUid: manifest.studyInstanceUid });
    const asked = how === 'together' ? [expected] : expected.map((one) => [one]);
    for (const instances of asked) {
      const request = { studyInstanceUid: manifest.studyInstanceUid, instances };
      await pacs.retrieve(request, byTheWay.alongside(open(counts), manifest, instances));
    }
    await byTheWay.idle();
    expect(counts.begun).toBe(8);
    expect(counts.bytes).toBe(
      expected.reduce((sum, one) => sum + dataSetOf(`comment of ${one.sopInstanceUid}`).length, 0),
    );
    pacs.asked.length = 0;
    const told = await metadataText(service, { manifest, pacs });
    expect(pacs.asked).toEqual([]);
    const unkept = startMetadata(dataDir, { isKept: false }).service;
    expect(told).toBe(await metadataText(unkept, { manifest, pacs }));
    const same = open(counts);
    expect(byTheWay.alongside(same, manifest, expected)).toBe(same);
  });

  it('are not looked at while many requests are under way', () => {
    const { keeper } = startMetadata(dataDir);
    const byTheWay = new MetadataByTheWay({ basePath: '/rs' }, keeper, requests);
    const expected = manifest.expected({ studyInstanceUid: manifest.studyInstanceUid });
    const plain = open(sink());
    const [first, ...others] = ['a', 'b', 'c'].map((peer) => requests.enter(peer));
    expect(byTheWay.alongside(plain, manifest, expected)).toBe(plain);
    first();
    expect(byTheWay.alongside(plain, manifest, expected)).not.toBe(plain);
    for (const leave of others) leave();
  });

  it('that cannot be read, or were cut, leave nothing behind', async () => {
    const { keeper } = startMetadata(dataDir);
    const byTheWay = new MetadataByTheWay({ basePath: '/rs' }, keeper, requests);
    const counts = sink();
    const expected = manifest.expected({
      studyInstanceUid: manifest.studyInstanceUid,
      seriesInstanceUid: seriesUids[1],
    });
    const passing = byTheWay.alongside(open(counts), manifest, expected);
    const [first, ...others] = expected.map((one) => ({ ...one, transferSyntaxUid: '1.2.840.10008.1.2.1' }));
    passing.begin(first);
    passing.write(Buffer.from('0800600043540002', 'hex'));
    passing.end();
    passing.begin({ ...first, transferSyntaxUid: '1.2.3' });
    passing.end();
    for (const header of others) {
      passing.begin(header);
      passing.write(dataSetOf('x').subarray(0, 8));
      passing.cut(new Error('gone'));
    }
    await byTheWay.idle();
    expect(keeper.store.seriesCount).toBe(0);
    expect(counts.begun).toBe(4);
  });
});
