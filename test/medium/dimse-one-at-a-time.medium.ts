import { AddressInfo, connect, createServer, Server, Socket } from 'node:net';
import { instancesOf, DimseGateway } from '../support/dimse-gateway';
import { demoObjects } from '../support/demo-objects';
import { OrthancServer } from '../support/orthanc';
import { RecordingSink } from '../support/recording-sink';

/** What an Orthanc with one thread says to the next caller is silence; other PACS reject it (PS3.8 9.3.4, local limit exceeded). */
const rejectBusy = Buffer.from('03000000000400020302', 'hex');

/** Lets one connection at a time through, and rejects the association of any other. */
class OneAtATime {
  private current: Socket | undefined;
  rejected = 0;

  private constructor(
    private readonly server: Server,
    private readonly targetPort: number,
  ) {}

  static async start(targetPort: number): Promise<OneAtATime> {
    const server = createServer((socket) => door.accept(socket));
    const door = new OneAtATime(server, targetPort);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return door;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  stop(): Promise<void> {
    this.current?.destroy();
    return new Promise((resolve) => this.server.close(() => resolve()));
  }

  private accept(caller: Socket): void {
    caller.on('error', () => undefined);
    if (this.current) {
      this.rejected += 1;
      caller.once('data', () => caller.end(rejectBusy));
      return;
    }
    this.current = caller;
    const target = connect({ port: this.targetPort, host: '127.0.0.1', noDelay: true });
    target.on('error', () => undefined);
    caller.once('close', () => {
      this.current = undefined;
      target.destroy();
    });
    caller.pipe(target).pipe(caller);
  }
}

/** Real: Orthanc with a single DICOM thread, our client that believes in four. */
describe('a PACS that serves one association at a time', () => {
  let orthanc: OrthancServer;
  let gateway: DimseGateway;
  let study: string;
  const count = 3;

  beforeAll(async () => {
    orthanc = await OrthancServer.start({ noDelay: true, more: { DicomThreadsCount: 1 } });
    const { studies, files } = await demoObjects({ instances: count, columns: 64 });
    study = studies[0].studyInstanceUid;
    await orthanc.load(studies[0].objects.map(({ sopInstanceUid }) => files.get(sopInstanceUid)!));
    // An association that waits behind an idle one of ours would wait until it is given up: twenty seconds.
    gateway = await DimseGateway.open({ settings: { warmMs: 600_000, artimMs: 20_000 } });
  });
  afterEach(() => gateway.closeClients());
  afterAll(async () => {
    await gateway?.close();
    await orthanc?.stop();
  });

  async function readThrough(port: number): Promise<number> {
    const pacs = gateway.client(port, { retrieve: 'get' });
    const startedMs = performance.now();
    for (let round = 0; round < 2; round++) {
      // A query, then a retrieval: two kinds of association, the first still warm when the second is wanted.
      const instances = await instancesOf(pacs, study);
      const sink = new RecordingSink();
      const outcome = await pacs.retrieve({ studyInstanceUid: study, instances }, sink);
      expect(outcome).toMatchObject({ delivered: instances.length, undelivered: [] });
      expect(sink.faults).toEqual([]);
    }
    return performance.now() - startedMs;
  }

  it('by silence: what is idle is released when another association waits', async () => {
    expect(await readThrough(orthanc.dicomPort)).toBeLessThan(15_000);
  });

  it('by rejection: what is idle is released, and the association asked for again', async () => {
    const door = await OneAtATime.start(orthanc.dicomPort);
    try {
      await readThrough(door.port);
      expect(door.rejected).toBeGreaterThan(0);
    } finally {
      await gateway.closeClients();
      await door.stop();
    }
  });

  it('with other callers: an association without work is released at once when told so', async () => {
    const polite = await DimseGateway.open({ settings: { warmMs: 0 } });
    try {
      await polite.client(orthanc.dicomPort).echo();
      // Somebody else's association, on the only thread.
      await expect(gateway.client(orthanc.dicomPort).echo()).resolves.toBeLessThan(15_000);
    } finally {
      await polite.close();
    }
  });
});
