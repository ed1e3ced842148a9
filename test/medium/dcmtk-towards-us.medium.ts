import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls, TLSSocket } from 'node:tls';
import { promisify } from 'node:util';
import { createSandboxPki, SandboxPki } from '../../sandbox/pki';
import { MemoryAuditTrail } from '../../src/audit';
import {
  clientTls,
  defaultDimseSettings,
  DimseListener,
  DimsePacs,
  listenerTls,
  makeListener,
  MaterialLoader,
  pacsConfig,
  RefusedCallers,
  TlsOptionsNow,
} from '../../src/connectors/pacs';
import { checkListener } from '../../src/connectors/pacs/listener/listener-health';
import { ConfigOf, loadConfig, Slice } from '../../src/platform/config';
import { GatewayError } from '../../src/platform/errors';
import { configureLogging } from '../../src/platform/logging';
import { TlsMaterial } from '../../src/platform/pki';
import { DimseGateway } from '../support/dimse-gateway';
import { ctImage, FakePacs } from '../support/fake-pacs';
import { RecordingSink } from '../support/recording-sink';
import { until } from '../support/sandbox';

/**
 * Real: dcmtk's programs towards our DICOM listener, which is a destination (C-ECHO, C-STORE) and no archive: whoever asks it for
 * something else must learn so at once, and nothing may be harmed by it.
 */
const run = promisify(execFile);

interface Told {
  readonly code: number;
  readonly text: string;
}

describe('dcmtk towards our DICOM listener', () => {
  let gateway: DimseGateway;
  const trail = new MemoryAuditTrail();
  const dir = mkdtempSync(join(tmpdir(), 'dcmtk-towards-us-'));
  const opened: string[] = [];

  beforeAll(async () => {
    configureLogging({ level: 'silent' });
    gateway = await DimseGateway.open({
      callers: ['FRIEND'],
      maxAssociations: 2,
      settings: { artimMs: 5_000 },
      refused: new RefusedCallers(trail).record,
    });
    gateway.listener.handlers.register({
      name: 'test',
      open: ({ sopInstanceUid }) => {
        opened.push(sopInstanceUid);
        return undefined;
      },
    });
  });
  afterAll(async () => {
    await gateway.close();
    rmSync(dir, { recursive: true, force: true });
  });
  afterEach(async () => {
    // Whatever was asked for: nothing was taken, nothing written, and the next caller is served.
    expect(opened).toEqual([]);
    expect(readdirSync(dir)).toEqual([]);
    expect((await dcmtk('echoscu', [])).code).toBe(0);
  });

  async function dcmtk(program: string, words: string[], called = 'DRIMBOX', calling = 'FRIEND'): Promise<Told> {
    const address = ['-aec', called, '-aet', calling, '127.0.0.1', String(gateway.listener.port)];
    try {
      const { stdout, stderr } = await run(program, ['-v', ...words, ...address], { cwd: dir, timeout: 90_000 });
      return { code: 0, text: stdout + stderr };
    } catch (error) {
      const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
      return { code, text: stdout + stderr };
    }
  }

  const study = ['-S', '-k', 'QueryRetrieveLevel=STUDY', '-k', 'StudyInstanceUID=1.2.3'];
  const worklist = ['-W', '-k', 'PatientName=*'];
  const allOfPatients = ['-P', '-k', 'QueryRetrieveLevel=PATIENT', '-k', 'PatientID=*'];

  it.each<[string, string, string[]]>([
    ['a query for a study', 'findscu', study],
    ['a query for every patient', 'findscu', allOfPatients],
    ['a query of a worklist', 'findscu', worklist],
    ['a C-MOVE to a third party', 'movescu', ['-aem', 'ELSEWHERE', ...study]],
    ['a C-GET', 'getscu', ['-od', dir, ...study]],
  ])('%s: no presentation context is accepted, and the caller learns it', async (_what, program, words) => {
    const startedMs = Date.now();
    const { code, text } = await dcmtk(program, words);
    expect(code).not.toBe(0);
    expect(text).toMatch(/No (acceptable |adequate |valid )?Presentation Context/i);
    expect(text).not.toMatch(/I: (Received Final Find|Find Response|Move Response)/);
    expect(Date.now() - startedMs).toBeLessThan(30_000);
  });

  it.each([
    ['under another title of ours', 'OTHER', 'FRIEND', /Called AE Title Not Recognized/i, 'called-ae-title'],
    ['from a title nobody allowed', 'DRIMBOX', 'STRANGER', /Calling AE Title Not Recognized/i, 'calling-ae-title'],
  ])('%s: refused with the reason of the standard, and recorded', async (_what, called, calling, answer, reason) => {
    trail.events.length = 0;
    const { code, text } = await dcmtk('echoscu', [], called, calling);
    expect(code).not.toBe(0);
    expect(text).toMatch(answer);
    expect(trail.events).toEqual([
      {
        kind: 'pacs.association-refused',
        outcome: 'refused',
        actor: { address: '127.0.0.1', peer: calling },
        facts: { reason },
      },
    ]);
    // These say less of it.
    for (const [program, words] of [
      ['findscu', study],
      ['movescu', ['-aem', 'ELSEWHERE', ...study]],
      ['getscu', ['-od', dir, ...study]],
    ] as [string, string[]][]) {
      const told = await dcmtk(program, words, called, calling);
      expect(told.code).not.toBe(0);
      expect(told.text).toMatch(/Rejected/i);
    }
  });

  it('accepts a C-ECHO in any syntax of commands, many times on one association', async () => {
    const { code, text } = await dcmtk('echoscu', ['--repeat', '20', '--propose-pc', '20', '--propose-ts', '3']);
    expect(code).toBe(0);
    expect(text.match(/Received Echo Response \(Success\)/g)).toHaveLength(20);
  });

  it('tells callers beyond the limit of associations so', async () => {
    const held = await Promise.all(Array.from({ length: 6 }, () => dcmtk('echoscu', ['--repeat', '60'])));
    const refused = held.filter(({ code }) => code !== 0);
    expect(refused.length).toBeGreaterThan(0);
    for (const { text } of refused) expect(text).toMatch(/Local Limit Exceeded/i);
  });

  it('one that aborts, or goes without a word, leaves nothing behind', async () => {
    expect((await dcmtk('echoscu', ['--abort'])).code).toBe(0);
    await Promise.all(
      Array.from({ length: 2 }, async () => {
        const child = execFile('echoscu', [
          '--repeat',
          '100000',
          '-aec',
          'DRIMBOX',
          '-aet',
          'FRIEND',
          '127.0.0.1',
          String(gateway.listener.port),
        ]);
        await new Promise((resolve) => setTimeout(resolve, 150));
        const gone = new Promise((resolve) => child.once('exit', resolve));
        child.kill('SIGKILL');
        await gone;
      }),
    );
    await until('both places are free again', async () => (await dcmtk('echoscu', [])).code === 0);
  });
});

describe('our DICOM listener over TLS', () => {
  let listener: DimseListener;
  let pki: SandboxPki;
  const trail = new MemoryAuditTrail();
  const dir = mkdtempSync(join(tmpdir(), 'dcmtk-tls-'));
  const materials: TlsMaterial[] = [];
  const pair = { cert: join(dir, 'listener.pem'), key: join(dir, 'listener-key.pem') };

  /** As `PkiService` does, but looks at the files more often. */
  const loader: MaterialLoader = {
    material: async (source, options) => {
      const made = await TlsMaterial.load(source, { ...options, pollMs: 50 });
      materials.push(made);
      return made;
    },
  };
  const put = (name: 'gateway' | 'listed' | 'foreign', to: typeof pair) => {
    copyFileSync(pki.members[name].cert, to.cert);
    copyFileSync(pki.members[name].encryptedKey, to.key);
  };

  beforeAll(async () => {
    configureLogging({ level: 'silent' });
    pki = await createSandboxPki({ dir, fast: true });
    put('gateway', pair);
    const files = { ca: pki.exchangeCa, ...pair, passphraseFile: pki.passphraseFile };
    listener = await listenerWith(files);
  });
  afterAll(async () => {
    await listener.close();
    for (const material of materials) material.close();
    rmSync(dir, { recursive: true, force: true });
  });

  async function listenerWith(files: Record<string, string>): Promise<DimseListener> {
    const { values } = loadConfig(
      [pacsConfig] as unknown as readonly Slice[],
      {
        DRIMBOX_DICOM_LISTEN: 'tls',
        DRIMBOX_DICOM_PORT: '0',
        DRIMBOX_DICOM_ALLOWED_AE_TITLES: 'FRIEND',
        DRIMBOX_DICOM_TLS: JSON.stringify(files),
      },
      { production: true },
    );
    const config = values.get(pacsConfig.token) as ConfigOf<typeof pacsConfig>;
    if (!config.listenTls) throw new Error('no files');
    const made = makeListener(config, await listenerTls(config.listenTls, loader), new RefusedCallers(trail).record);
    made.handlers.register({ name: 'test', open: () => undefined });
    await made.open();
    return made;
  }

  const echo = (...words: string[]) =>
    run('echoscu', [...words, '-aec', 'DRIMBOX', '-aet', 'FRIEND', 'localhost', String(listener.port)], {
      timeout: 90_000,
    });
  const tls = ({ leaf, key }: { leaf: string; key: string }) => ['+tls', key, leaf, '+cf', pki.exchangeCa];

  it('answers a caller with a certificate of a configured authority', async () => {
    await echo(...tls(pki.members.listed), '+cf', join(dir, 'authorities', 'exchange-issuing-cert.pem'));
  });

  it.each<[string, () => string[], RegExp]>([
    ['without a certificate', () => ['+tla', '+cf', pki.exchangeCa], /PEER_DID_NOT_RETURN_A_CERTIFICATE/],
    ['with one of another authority', () => tls(pki.members.foreign), /UNABLE_TO|SELF_SIGNED/],
    ['in clear text', () => [], /WRONG_VERSION|HTTP_REQUEST|ERR_SSL/],
  ])('refuses a caller %s, records it, and answers the next one', async (_who, words, detail) => {
    trail.events.length = 0;
    await expect(echo(...words())).rejects.toThrow();
    await until('the refusal is recorded', () => trail.events.length > 0);
    const facts = { reason: 'handshake', detail: expect.stringMatching(detail) };
    const address = expect.stringMatching(/127\.0\.0\.1$|^::1$/);
    expect(trail.events).toEqual([
      { kind: 'pacs.association-refused', outcome: 'refused', actor: { address, peer: undefined }, facts },
    ]);
    await echo(...tls(pki.members.listed));
  });

  it('is asked by the gateway itself without a trace', async () => {
    trail.events.length = 0;
    const finding = await checkListener(listener, defaultDimseSettings, AbortSignal.timeout(60_000));
    expect(finding.level).toBe('up');
    await echo(...tls(pki.members.listed));
    expect(trail.events).toEqual([]);
  });

  /** Our own client, for one question over a connection of its own. */
  async function ask(options: TlsOptionsNow, port = listener.port): Promise<string> {
    const client = new DimsePacs({
      id: 'self',
      peer: { host: 'localhost', port, tls: options },
      pacsAeTitle: 'DRIMBOX',
      ourAeTitle: 'FRIEND',
      retrieve: 'get',
      maxAssociations: 1,
      settings: defaultDimseSettings,
      destinations: undefined,
    });
    try {
      await client.echo();
      return 'answered';
    } catch (error) {
      return GatewayError.of(error)?.code ?? 'unknown';
    } finally {
      await client.close();
    }
  }

  it.each(['p12', 'legacyP12'] as const)('listens and calls with a PKCS#12 (%s)', async (kind) => {
    const { passphraseFile, exchangeCa: ca, members } = pki;
    const files = { ca, pkcs12: members.gateway[kind] ?? '', passphraseFile };
    const other = await listenerWith(files);
    expect(await ask(await clientTls('self', files, loader), other.port)).toBe('answered');
    await other.close();
  });

  it('calls with an encrypted key, and takes renewed files for the next connection; those that do not fit it leaves', async () => {
    const ours = { cert: join(dir, 'client.pem'), key: join(dir, 'client-key.pem') };
    put('listed', ours);
    const files = { ca: pki.exchangeCa, ...ours, passphraseFile: pki.passphraseFile };
    const options = await clientTls('self', files, loader);
    const answer = async (wanted: RegExp) => {
      let last = '';
      const isSo = async () => wanted.test((last = await ask(options)));
      await until(`${String(wanted)}, not ${last}`, isSo);
    };
    await answer(/^answered$/);
    // The certificate without its key: the pair in use stays.
    copyFileSync(pki.members.foreign.cert, ours.cert);
    await until('the files are refused', () => materials.at(-1)?.status().level === 'warning');
    await answer(/^answered$/);
    // Both: of an authority that the listener does not know.
    put('foreign', ours);
    await answer(/^pacs\./);
    put('listed', ours);
    await answer(/^answered$/);
  });

  it('shows a renewed certificate to the next caller; who is connected stays', async () => {
    const { cert, key } = pki.members.listed;
    const credentials = { ca: readFileSync(pki.exchangeCa), cert: readFileSync(cert), key: readFileSync(key) };
    const open = async () => {
      const socket = connectTls({ ...credentials, host: 'localhost', port: listener.port });
      await once(socket, 'secureConnect');
      return socket;
    };
    const shown = (socket: TLSSocket) => socket.getPeerCertificate().subject.CN;
    const before = await open();
    const name = shown(before);
    put('listed', pair);
    await until('the new certificate', async () => {
      const socket = await open();
      const isNew = shown(socket) !== name;
      socket.destroy();
      return isNew;
    });
    expect([before.destroyed, before.writable]).toEqual([false, true]);
    before.destroy();
    put('gateway', pair);
  });
});

/** Explicit VR little endian: what identifies an object, and a body that nobody else has. */
function dataSetOf(study: string, series: string, uid: string, bytes: number): Buffer {
  const element = (group: number, number: number, vr: string, value: Buffer) => {
    const isLong = vr === 'OW';
    const head = Buffer.alloc(isLong ? 12 : 8);
    head.writeUInt16LE(group, 0);
    head.writeUInt16LE(number, 2);
    head.write(vr, 4, 'latin1');
    if (isLong) head.writeUInt32LE(value.length, 8);
    else head.writeUInt16LE(value.length, 6);
    return Buffer.concat([head, value]);
  };
  const text = (value: string) => Buffer.from(value.length % 2 === 0 ? value : `${value}\0`, 'latin1');
  const number = Number(uid.split('.').at(-1));
  const pixels = Buffer.alloc(bytes);
  for (let at = 0; at < bytes; at += 4) pixels.writeUInt32LE((number * 0x01000193 + at) >>> 0, at);
  return Buffer.concat([
    element(0x0008, 0x0016, 'UI', text(ctImage)),
    element(0x0008, 0x0018, 'UI', text(uid)),
    element(0x0020, 0x000d, 'UI', text(study)),
    element(0x0020, 0x000e, 'UI', text(series)),
    element(0x7fe0, 0x0010, 'OW', pixels),
  ]);
}

describe('a reader far slower than another one of the same retrieval', () => {
  const study = '1.2.3';
  const series = '1.2.3.1';
  const count = 32;
  const bytes = 256 * 1_024;
  const uids = Array.from({ length: count }, (_, index) => `${series}.${index + 1}`);
  const dataSet = (uid: string) => dataSetOf(study, series, uid, bytes);

  it('is let go and fetches the rest alone: both get every byte, and neither waits for the other', async () => {
    const pacs = await FakePacs.open();
    const gateway = await DimseGateway.open();
    const asked: number[] = [];
    pacs.script = async (get) => {
      const wanted = get.asked.length > 0 ? get.asked : uids;
      asked.push(wanted.length);
      for (const uid of wanted) await get.send(uid, dataSet(uid));
      get.end(0, { completed: wanted.length });
    };
    try {
      const client = gateway.client(pacs.port, { retrieve: 'get', maxAssociations: 2 });
      const instances = uids.map((sopInstanceUid) => ({
        seriesInstanceUid: series,
        sopInstanceUid,
        sopClassUid: ctImage,
      }));
      const request = { studyInstanceUid: study, seriesInstanceUid: series, instances };
      const [fast, slow] = [new RecordingSink(), new RecordingSink({ fullEvery: 2, pauseMs: 40 })];
      const ended: string[] = [];
      const follow = (name: string, sink: RecordingSink) =>
        client.retrieve(request, sink).finally(() => ended.push(name));
      const [first, second] = await Promise.all([follow('fast', fast), follow('slow', slow)]);
      expect(first).toMatchObject({ delivered: count, undelivered: [], bytes: second.bytes });
      expect(second).toMatchObject({ delivered: count, undelivered: [], shared: true });
      expect(ended).toEqual(['fast', 'slow']);
      // One of the runs was for what the slow one had left.
      expect(asked.some((wanted) => wanted > 0 && wanted < count && wanted > 1)).toBe(true);
      for (const sink of [fast, slow]) {
        expect(sink.faults).toEqual([]);
        expect([...sink.received.keys()].sort()).toEqual([...uids].sort());
        const differs = [...sink.received].filter(([uid, got]) => !got.dataSet.equals(dataSet(uid)));
        expect(differs.map(([uid]) => uid)).toEqual([]);
      }
    } finally {
      await gateway.close();
      await pacs.close();
    }
  });
});
