import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { connect, createServer, Server, Socket } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { DimseListener, defaultDimseSettings, StoreRequest } from '../../src/connectors/pacs';
import { splitPart10 } from '../../src/standards/dicom';
import { DimseGateway } from '../support/dimse-gateway';
import { RecordingSink } from '../support/recording-sink';
import { describeWithShared, sharedPath } from '../support/shared-data';

/** Real: TCP, dcmtk's echoscu and storescu. Doubled: the hostile PACS, a plain server that misbehaves. */
const run = promisify(execFile);
const isPart10 = (path: string) => readFileSync(path).toString('latin1', 128, 132) === 'DICM';
const fails = (program: string, parameters: string[]) => expect(run(program, parameters)).rejects.toThrow();

describe('our DICOM listener', () => {
  let gateway: DimseGateway;
  const received = new Map<string, { request: StoreRequest; dataSet: Buffer }>();
  beforeAll(async () => {
    gateway = await DimseGateway.open({ callers: ['FRIEND', 'DRIMBOX'], settings: { artimMs: 3_000 } });
    gateway.listener.handlers.register({
      name: 'test',
      open: (request) => {
        const pieces: Buffer[] = [];
        return {
          write: (piece) => pieces.push(piece) % 3 !== 0,
          drained: () => new Promise((resolve) => setImmediate(resolve)),
          end: async () => {
            received.set(request.sopInstanceUid, { request, dataSet: Buffer.concat(pieces) });
            return 0;
          },
          cut: () => undefined,
        };
      },
    });
  });
  afterAll(() => gateway.close());
  const to = (called: string, calling: string) => [
    '-aec',
    called,
    '-aet',
    calling,
    '127.0.0.1',
    String(gateway.listener.port),
  ];

  it('answers C-ECHO to callers it knows, under its own title only', async () => {
    await run('echoscu', to('DRIMBOX', 'FRIEND'));
    await fails('echoscu', to('OTHER', 'FRIEND'));
    await fails('echoscu', to('DRIMBOX', 'STRANGER'));
  });

  it('stays closed without a handler', async () => {
    const options = { host: '127.0.0.1', port: 0, aeTitle: 'A', allowedCallingAeTitles: [], maxAssociations: 1 };
    await expect(new DimseListener({ ...options, settings: defaultDimseSettings }).open()).rejects.toThrow('handler');
  });

  it.each([
    ['an HTTP request', Buffer.from('GET / HTTP/1.1\r\n\r\n')],
    ['a PDU of 4 GiB', Buffer.from([4, 0, 0xff, 0xff, 0xff, 0xff])],
    ['data before any association', Buffer.from([4, 0, 0, 0, 0, 8, 0, 0, 0, 4, 1, 3, 0, 0])],
    ['silence', Buffer.alloc(0)],
  ])('drops a peer that sends %s', async (_what, bytes) => {
    const socket = connect(gateway.listener.port, '127.0.0.1');
    socket.on('error', () => undefined).resume();
    if (bytes.length > 0) socket.write(bytes);
    await new Promise((resolve) => socket.once('close', resolve));
    await run('echoscu', to('DRIMBOX', 'FRIEND'));
  });

  it('refuses a sub-operation of a C-MOVE that is not under way', () => {
    const request = {
      sopClassUid: '1.2',
      sopInstanceUid: '1.3',
      transferSyntaxUid: '1.2.840.10008.1.2',
      calledAeTitle: '',
      peerAddress: '',
    };
    const own = { ...request, callingAeTitle: 'PACS', moveOriginatorAeTitle: 'DRIMBOX', moveOriginatorMessageId: 9 };
    expect(gateway.destinations.open(own)).toBe(0x0124);
    expect(gateway.destinations.open({ ...own, moveOriginatorAeTitle: 'OTHER' })).toBeUndefined();
  });

  describeWithShared('with real files', () => {
    const folder = sharedPath('data/dicom');
    const names = readdirSync(folder).filter((name) => name.endsWith('.dcm') && isPart10(join(folder, name)));

    it('receives what our client sends byte for byte, in every transfer syntax', async () => {
      const self = gateway.client(gateway.listener.port, { pacsAeTitle: 'DRIMBOX' });
      for (const name of names) {
        const { meta, dataSet } = splitPart10(readFileSync(join(folder, name)));
        const [outcome] = await self.store([
          {
            sopClassUid: meta.mediaStorageSopClassUid ?? '',
            sopInstanceUid: meta.mediaStorageSopInstanceUid ?? '',
            transferSyntaxUid: meta.transferSyntaxUid,
            open: async function* () {
              for (let at = 0; at < dataSet.length; at += 7_777) yield dataSet.subarray(at, at + 7_777);
            },
          },
        ]);
        expect([name, outcome.status]).toEqual([name, 0]);
        const got = received.get(outcome.sopInstanceUid);
        expect([name, got?.dataSet.equals(dataSet)]).toEqual([name, true]);
        expect(got?.request.transferSyntaxUid).toBe(meta.transferSyntaxUid);
      }
    });

    it('receives from storescu', async () => {
      const path = join(folder, 'CT_small.dcm');
      const uid = splitPart10(readFileSync(path)).meta.mediaStorageSopInstanceUid ?? '';
      received.delete(uid);
      await run('storescu', [...to('DRIMBOX', 'FRIEND'), path]);
      expect(received.get(uid)?.request.callingAeTitle).toBe('FRIEND');
    });
  });
});

describe('a hostile PACS', () => {
  let server: Server;
  let gateway: DimseGateway;
  const sockets = new Set<Socket>();
  let behave: (socket: Socket) => void;
  beforeAll(async () => {
    gateway = await DimseGateway.open({ settings: { artimMs: 2_000, silenceMs: 2_000, connectTimeoutMs: 20_000 } });
    server = createServer((socket) => {
      sockets.add(socket);
      behave(socket.on('error', () => undefined));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
  afterAll(async () => {
    await gateway.close();
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  const port = () => (server.address() as { port: number }).port;
  const retrieve = (sink: RecordingSink) =>
    gateway.client(port(), { retrieve: 'get' }).retrieve(
      {
        studyInstanceUid: '1.2',
        instances: [{ seriesInstanceUid: '1.3', sopInstanceUid: '1.4', sopClassUid: '1.2.840.10008.5.1.4.1.1.2' }],
      },
      sink,
    );

  it.each<[string, (socket: Socket) => void, string]>([
    ['closes at once', (socket) => socket.end(), 'pacs.lost'],
    ['says nothing', () => undefined, 'pacs.too-slow'],
    ['rejects', (socket) => socket.write(Buffer.from([3, 0, 0, 0, 0, 4, 0, 1, 1, 7])), 'pacs.refused'],
    [
      'has too many associations',
      (socket) => socket.write(Buffer.from([3, 0, 0, 0, 0, 4, 0, 2, 3, 2])),
      'pacs.too-many',
    ],
    ['lies about a length', (socket) => socket.write(Buffer.from([2, 0, 0x7f, 0xff, 0xff, 0xff])), 'pacs.malformed'],
    ['speaks another protocol', (socket) => socket.write('HTTP/1.1 400\r\n'), 'pacs.malformed'],
  ])('%s: a named error, nothing delivered', async (_what, act, code) => {
    behave = act;
    const sink = new RecordingSink();
    await expect(retrieve(sink)).rejects.toMatchObject({ code });
    expect(sink.received.size).toBe(0);
    expect(sink.faults).toEqual([]);
  });

  it('is unreachable', async () => {
    const pacs = gateway.client(1);
    await expect(pacs.echo()).rejects.toMatchObject({ code: 'pacs.unreachable' });
  });
});
