import { InstanceSink, RetrievalOutcome } from '../../src/connectors/pacs';
import { DimseGateway } from '../support/dimse-gateway';
import { ctImage, FakeGet, FakePacs, FakeScript } from '../support/fake-pacs';
import { RecordingSink } from '../support/recording-sink';

/** Real: TCP, our client. Doubled: the PACS, which answers C-GET by a script, bytes included. */
const study = '1.2.3';
const series = '1.2.3.1';
const uidOf = (number: number) => `${series}.${number}`;
const dataSetOf = (uid: string, bytes = 40_000) => Buffer.alloc(bytes, uid.at(-1));
const instances = (count: number) =>
  Array.from({ length: count }, (_, index) => ({
    seriesInstanceUid: series,
    sopInstanceUid: uidOf(index + 1),
    sopClassUid: ctImage,
  }));

describe('a PACS in the middle of a transfer', () => {
  let pacs: FakePacs;
  let gateway: DimseGateway;

  beforeEach(async () => {
    pacs = await FakePacs.open();
    gateway = await DimseGateway.open({ settings: { artimMs: 2_000, silenceMs: 2_000, cancelGraceMs: 2_000 } });
  });
  afterEach(async () => {
    await gateway.close();
    await pacs.close();
  });

  const client = () => gateway.client(pacs.port, { retrieve: 'get', maxAssociations: 1 });
  const retrieve = (count: number, sink: InstanceSink, signal?: AbortSignal): Promise<RetrievalOutcome> =>
    client().retrieve(
      { studyInstanceUid: study, seriesInstanceUid: series, instances: instances(count) },
      sink,
      signal,
    );
  const sendAll: FakeScript = async (get) => {
    for (const uid of get.asked) await get.send(uid, dataSetOf(uid));
    get.end(0, { completed: get.asked.length });
  };

  it('dies inside an instance: the answer is cut, never ended as if whole', async () => {
    pacs.script = async (get) => {
      await get.send(get.asked[0] ?? '', dataSetOf(get.asked[0] ?? ''));
      void get.send(get.asked[1] ?? '', dataSetOf(get.asked[1] ?? ''), 20_000);
      setTimeout(() => get.socket.destroy(), 50);
    };
    const sink = new RecordingSink();
    await expect(retrieve(3, sink)).rejects.toMatchObject({ code: 'pacs.lost' });
    expect([...sink.received.keys()]).toEqual([uidOf(1)]);
    expect(sink.cutReason).toBeDefined();
    expect(sink.faults).toEqual([]);
  });

  it('dies between two instances: what is missing is asked for again on a fresh association', async () => {
    pacs.script = async (get, number) => {
      if (number > 1) return sendAll(get, number);
      await get.send(get.asked[0] ?? '', dataSetOf(get.asked[0] ?? ''));
      get.socket.destroy();
    };
    const sink = new RecordingSink();
    await expect(retrieve(3, sink)).resolves.toMatchObject({ delivered: 3, undelivered: [] });
    expect(sink.faults).toEqual([]);
    for (const [uid, { dataSet }] of sink.received) expect(dataSet.equals(dataSetOf(uid))).toBe(true);
  });

  it('falls silent inside an instance: too slow, and cut', async () => {
    pacs.script = (get) => void get.send(get.asked[0] ?? '', dataSetOf(get.asked[0] ?? ''), 20_000);
    const sink = new RecordingSink();
    await expect(retrieve(2, sink)).rejects.toMatchObject({ code: 'pacs.too-slow' });
    expect(sink.received.size).toBe(0);
    expect(sink.cutReason).toBeDefined();
  });

  it.each<[string, { completed?: number; failed?: number }]>([
    ['more than it sent', { completed: 99 }],
    ['none', { completed: 0 }],
    ['failures', { failed: 3 }],
  ])('counts %s: what came decides', async (_what, counts) => {
    pacs.script = async (get) => {
      for (const uid of get.asked) await get.send(uid, dataSetOf(uid));
      get.end(0, counts);
    };
    await expect(retrieve(3, new RecordingSink())).resolves.toMatchObject({ delivered: 3, undelivered: [] });
  });

  it('says success and keeps one back: it is asked again, then named', async () => {
    pacs.script = async (get) => {
      for (const uid of get.asked) if (uid !== uidOf(2)) await get.send(uid, dataSetOf(uid));
      get.end(0, { completed: get.asked.length });
    };
    const outcome = await retrieve(3, new RecordingSink());
    expect(outcome.delivered).toBe(2);
    expect(outcome.undelivered).toEqual([expect.objectContaining({ sopInstanceUid: uidOf(2) })]);
    // The first list, the rest of the series, and what is missing once more.
    expect(pacs.requests).toBeLessThanOrEqual(3);
  });

  it('sends somebody else’s instance and one twice: neither reaches the reader', async () => {
    const statuses: number[] = [];
    pacs.script = async (get) => {
      statuses.push(await get.send('9.9.9', dataSetOf('9.9.9')));
      for (const uid of get.asked) await get.send(uid, dataSetOf(uid));
      await get.send(uidOf(1), Buffer.alloc(10, 'x'));
      get.end(0, { completed: get.asked.length });
    };
    const sink = new RecordingSink();
    await expect(retrieve(2, sink)).resolves.toMatchObject({ delivered: 2, undelivered: [] });
    expect(statuses[0]).not.toBe(0);
    expect([...sink.received.keys()].sort()).toEqual([uidOf(1), uidOf(2)]);
    expect(sink.faults).toEqual([]);
  });

  it('sends under an expected name an object that says it is another one, or of another study: refused and named', async () => {
    const element = (tag: string, uid: string): Buffer => {
      const value = uid.length % 2 === 0 ? uid : `${uid}\0`;
      const head = Buffer.from(`${tag}55490000`, 'hex');
      head.writeUInt16LE(value.length, 6);
      return Buffer.concat([head, Buffer.from(value, 'latin1')]);
    };
    const objectOf = (uid: string, of: string): Buffer =>
      Buffer.concat([
        element('08001800', uid),
        element('20000d00', of),
        Buffer.from('e07f10004f42000004000000beefbeef', 'hex'),
      ]);
    const statuses = new Map<string, number>();
    pacs.script = async (get) => {
      for (const uid of get.asked) {
        const said = uid === uidOf(1) ? objectOf('9.9.9', study) : objectOf(uid, uid === uidOf(2) ? '9.9' : study);
        statuses.set(uid, await get.send(uid, said));
      }
      get.end(0, { completed: get.asked.length });
    };
    const sink = new RecordingSink();
    const { delivered, undelivered } = await retrieve(3, sink);
    expect(delivered).toBe(1);
    expect(undelivered.map(({ sopInstanceUid, reason }) => [sopInstanceUid, reason])).toEqual([
      [uidOf(1), 'foreign'],
      [uidOf(2), 'foreign'],
    ]);
    expect([...sink.received.keys()]).toEqual([uidOf(3)]);
    expect([...statuses.values()]).toEqual([0xc000, 0xc000, 0]);
    expect(sink.faults).toEqual([]);
  });

  it('refuses everything for a while: C-MOVE is asked again; C-GET is kept to once it delivered, for ten minutes', async () => {
    let nowMs = 0;
    const auto = gateway.client(pacs.port, { maxAssociations: 1, now: () => nowMs });
    const asked = { studyInstanceUid: study, seriesInstanceUid: series, instances: instances(2) };
    pacs.script = sendAll;
    pacs.rejects = true;
    await expect(auto.retrieve(asked, new RecordingSink())).rejects.toMatchObject({ code: 'pacs.refused' });
    pacs.rejects = false;
    const movesAfter = async (atMs: number): Promise<number> => {
      nowMs = atMs;
      const sink = new RecordingSink();
      await expect(auto.retrieve(asked, sink)).resolves.toMatchObject({ method: 'get', delivered: 2 });
      expect([...sink.received.keys(), sink.faults]).toEqual([uidOf(1), uidOf(2), []]);
      return pacs.moves;
    };
    expect(await movesAfter(0)).toBe(1);
    expect(await movesAfter(599_000)).toBe(1);
    expect(await movesAfter(601_000)).toBe(2);
  });

  it('is told to stop when the reader leaves (C-CANCEL on the wire)', async () => {
    const leave = new AbortController();
    const cancelled = new Promise<void>((resolve) => {
      pacs.script = async (get) => {
        await get.send(get.asked[0] ?? '', dataSetOf(get.asked[0] ?? ''));
        leave.abort(new Error('the reader left'));
        await get.cancelled;
        get.end(0xfe00);
        resolve();
      };
    });
    await expect(retrieve(3, new RecordingSink(), leave.signal)).rejects.toThrow('left');
    await cancelled;
    expect(pacs.cancels).toBe(1);
  });

  it('is slowed down by a reader that does not read: it cannot fill our memory', async () => {
    let sent = 0;
    const bytes = 1_000_000;
    pacs.script = async (get) => {
      for (const uid of get.asked) {
        await get.send(uid, dataSetOf(uid, bytes));
        sent += 1;
      }
      get.end(0, { completed: get.asked.length });
    };
    let release: () => void = () => undefined;
    const opened = new Promise<void>((resolve) => (release = resolve));
    const sink: InstanceSink & { ends: number } = {
      ends: 0,
      begin: () => undefined,
      write: () => false,
      drained: () => opened,
      end: () => void (sink.ends += 1),
      cut: () => undefined,
    };
    const done = retrieve(60, sink);
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    expect(sent * bytes).toBeLessThan(24_000_000);
    release();
    await expect(done).resolves.toMatchObject({ delivered: 60 });
    expect(sink.ends).toBe(60);
  });
});

describe('readers of one retrieval', () => {
  let pacs: FakePacs;
  let gateway: DimseGateway;

  /** Small requests are not shared; a large one is asked for as a series after its first images. */
  const count = 24;
  const all = instances(count).map(({ sopInstanceUid }) => sopInstanceUid);
  const wantedBy = ({ asked }: FakeGet) => (asked.length > 0 ? asked : all);

  beforeEach(async () => {
    pacs = await FakePacs.open();
    gateway = await DimseGateway.open();
  });
  afterEach(async () => {
    await gateway.close();
    await pacs.close();
  });

  it('a late one gets the rest with the first, and fetches alone what it missed', async () => {
    const client = gateway.client(pacs.port, { retrieve: 'get', maxAssociations: 2 });
    let half: () => void = () => undefined;
    const halfway = new Promise<void>((resolve) => (half = resolve));
    pacs.script = async (get) => {
      for (const uid of wantedBy(get)) {
        await get.send(uid, dataSetOf(uid));
        if (uid === uidOf(10)) {
          half();
          await new Promise((resolve) => setTimeout(resolve, 100));
        }
      }
      get.end(0, { completed: count });
    };
    const request = { studyInstanceUid: study, seriesInstanceUid: series, instances: instances(count) };
    const [early, late] = [new RecordingSink(), new RecordingSink()];
    const first = client.retrieve(request, early);
    await halfway;
    const second = client.retrieve(request, late);
    await expect(first).resolves.toMatchObject({ delivered: count, undelivered: [] });
    await expect(second).resolves.toMatchObject({ delivered: count, undelivered: [], shared: true });
    for (const sink of [early, late]) {
      expect(sink.faults).toEqual([]);
      expect([...sink.received].every(([uid, { dataSet }]) => dataSet.equals(dataSetOf(uid)))).toBe(true);
    }
    // First images and the series for both; then, for the late one, what it had missed.
    expect(pacs.requests).toBeLessThanOrEqual(4);
  });

  it('one that leaves does not disturb the other', async () => {
    const client = gateway.client(pacs.port, { retrieve: 'get', maxAssociations: 2 });
    const leave = new AbortController();
    pacs.script = async (get) => {
      for (const uid of wantedBy(get)) {
        await get.send(uid, dataSetOf(uid));
        if (uid === uidOf(8)) leave.abort(new Error('left'));
      }
      get.end(0, { completed: count });
    };
    const request = { studyInstanceUid: study, seriesInstanceUid: series, instances: instances(count) };
    const stays = new RecordingSink();
    const left = client.retrieve(request, new RecordingSink(), leave.signal);
    const staying = client.retrieve(request, stays);
    await expect(left).rejects.toThrow('left');
    await expect(staying).resolves.toMatchObject({ delivered: count, undelivered: [] });
    expect(stays.faults).toEqual([]);
    expect(pacs.cancels).toBe(0);
  });
});
