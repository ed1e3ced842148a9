import { copyFileSync } from 'node:fs';
import { createServer, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { ManifestArchive, ManifestRecord } from '../../src/source/archive';
import { absentStudy, demoObjects, DemoObjects, instancePath, seriesPath } from '../support/demo-objects';
import { OrthancServer } from '../support/orthanc';
import { PublishedStudy, TestSandbox, until } from '../support/sandbox';
import { TamperingProxy } from '../support/tampering-proxy';
import { anySyntax, splitParts, WadoAnswer, WadoClient, WadoHeaders } from '../support/wado-client';

/** Real: the gateway process, PostgreSQL, Orthanc over DIMSE, TLS, the sandbox's authorities, white list and PSC. */

type PacsId = 'orthanc' | 'dead' | 'mute' | 'cutting' | 'busy';

describe('answers of the exchange listener', () => {
  let sandbox: TestSandbox;
  let orthanc: OrthancServer;
  let mute: TamperingProxy;
  let cutting: TamperingProxy;
  let busy: Server;
  let demo: DemoObjects;
  const published = new Map<PacsId | 'absent' | 'withdrawn', PublishedStudy>();
  let held: PublishedStudy[];

  const pacsList = () => [
    { id: 'orthanc', kind: 'dimse' as const, host: '127.0.0.1', port: orthanc.dicomPort, aeTitle: 'PACS' },
    { id: 'dead', kind: 'dimse' as const, host: '127.0.0.1', port: 1, aeTitle: 'PACS' },
    { id: 'mute', kind: 'dimse' as const, host: '127.0.0.1', port: mute.port, aeTitle: 'PACS' },
    { id: 'cutting', kind: 'dimse' as const, host: '127.0.0.1', port: cutting.port, aeTitle: 'PACS', retrieve: 'get' },
    { id: 'busy', kind: 'dicomweb' as const, url: `http://127.0.0.1:${(busy.address() as AddressInfo).port}` },
  ];
  const study = (id: PacsId | 'absent' | 'withdrawn') => published.get(id) as PublishedStudy;
  const ofHeld = (at = 0) => held[at];
  /** The manifest that another one has replaced. */
  let replacedKos = '';

  beforeAll(async () => {
    [sandbox, demo] = await Promise.all([TestSandbox.open(), demoObjects({ instances: 12, columns: 128 })]);
    const modalities = { us: ['DRIMBOX', '127.0.0.1', sandbox.ports.dicom] as [string, string, number] };
    orthanc = await OrthancServer.start({ noDelay: true, modalities });
    await orthanc.load(demo.files.values());
    [mute, cutting] = await Promise.all([TamperingProxy.start(1), TamperingProxy.start(orthanc.dicomPort)]);
    mute.tampering = { silent: true };
    busy = createServer((_, answer) => answer.writeHead(503, { 'Retry-After': '7' }).end());
    await new Promise<void>((resolve) => busy.listen(0, '127.0.0.1', resolve));
    await sandbox.startGateway(pacsList(), { DRIMBOX_DICOM_SILENCE_MS: '4000' });
    held = await sandbox.publish(
      demo.studies.filter((_, at) => at !== 1),
      'orthanc',
    );
    const partly = { ...absentStudy(9), patient: ofHeld(0).patient };
    const [absent] = await sandbox.publish([partly], 'orthanc');
    published.set('absent', absent);
    for (const [at, id] of (['dead', 'mute', 'busy'] as const).entries()) {
      published.set(id, (await sandbox.publish([absentStudy(at + 1)], id))[0]);
    }
    // In the same Orthanc, reached through the proxy.
    published.set('cutting', (await sandbox.publish([demo.studies[1]], 'cutting'))[0]);
    // Of the second one, a manifest with an instance less becomes the current one.
    replacedKos = ofHeld(1).kosSopInstanceUid;
    const [replacing] = await sandbox.publish([{ ...ofHeld(1), objects: ofHeld(1).objects.slice(0, -1) }], 'orthanc');
    held[1] = replacing;
    published.set(
      'withdrawn',
      (await sandbox.publish([{ ...absentStudy(4), patient: ofHeld().patient }], 'orthanc'))[0],
    );
  });
  afterAll(async () => {
    await sandbox?.stop();
    busy?.close();
    await Promise.all([orthanc?.stop(), mute?.stop(), cutting?.stop()]);
  });

  const asked = async (of: PublishedStudy, more: WadoHeaders = {}): Promise<WadoHeaders> => ({
    accept: anySyntax,
    kos: of.kosSopInstanceUid,
    token: await sandbox.token(),
    ...more,
  });
  const jsonOf = (answer: WadoAnswer) => JSON.parse(answer.body.toString()) as Record<string, unknown>;

  interface Row {
    readonly situation: string;
    readonly status: number;
    readonly code: string;
    /** What is asked, and how. */
    readonly ask: () => Promise<{ path: string; headers: WadoHeaders; peer?: 'listed' | 'unlisted' }>;
    readonly header?: [string, RegExp];
  }
  const rows: Row[] = [
    {
      situation: 'a valid certificate that is not in the white list',
      status: 403,
      code: 'serving.peer-not-listed',
      ask: async () => ({ path: seriesPath(ofHeld()), headers: await asked(ofHeld()), peer: 'unlisted' }),
    },
    {
      situation: 'an unlisted peer with an address that cannot be read',
      status: 403,
      code: 'serving.peer-not-listed',
      ask: async () => ({ path: '/studies/abc', headers: await asked(ofHeld()), peer: 'unlisted' }),
    },
    {
      situation: 'an unlisted peer with an unknown address',
      status: 403,
      code: 'serving.peer-not-listed',
      ask: async () => ({ path: '/elsewhere', headers: await asked(ofHeld()), peer: 'unlisted' }),
    },
    {
      situation: 'an unlisted peer that asks for the healthcheck',
      status: 403,
      code: 'serving.peer-not-listed',
      ask: async () => ({ path: '', headers: { accept: 'application/json' }, peer: 'unlisted' }),
    },
    {
      situation: 'no token',
      status: 401,
      code: 'serving.token-absent',
      header: ['www-authenticate', /^Bearer/],
      ask: async () => ({ path: seriesPath(ofHeld()), headers: await asked(ofHeld(), { token: undefined }) }),
    },
    {
      situation: 'a token of another scheme',
      status: 401,
      code: 'serving.token-absent',
      header: ['www-authenticate', /^Bearer/],
      ask: async () => ({
        path: seriesPath(ofHeld()),
        headers: await asked(ofHeld(), { token: undefined, more: [['Authorization', 'Basic YTpi']] }),
      }),
    },
    {
      situation: 'an unknown token',
      status: 401,
      code: 'psc.token-inactive',
      header: ['www-authenticate', /^Bearer/],
      ask: async () => ({ path: seriesPath(ofHeld()), headers: await asked(ofHeld(), { token: 'unknownToken' }) }),
    },
    {
      situation: 'no Accept',
      status: 400,
      code: 'serving.header-invalid',
      ask: async () => ({ path: seriesPath(ofHeld()), headers: await asked(ofHeld(), { accept: undefined }) }),
    },
    {
      situation: 'an Accept that cannot be read',
      status: 400,
      code: 'serving.header-invalid',
      ask: async () => ({
        path: seriesPath(ofHeld()),
        headers: await asked(ofHeld(), { accept: 'multipart/related; type="' }),
      }),
    },
    {
      situation: 'no KOS-SOPInstanceUID',
      status: 400,
      code: 'serving.header-invalid',
      ask: async () => ({ path: seriesPath(ofHeld()), headers: await asked(ofHeld(), { kos: undefined }) }),
    },
    {
      situation: 'a KOS-SOPInstanceUID that is no UID',
      status: 400,
      code: 'serving.header-invalid',
      ask: async () => ({ path: seriesPath(ofHeld()), headers: await asked(ofHeld(), { kos: '1..2' }) }),
    },
    {
      situation: 'an address that holds no UID',
      status: 400,
      code: 'serving.path-invalid',
      ask: async () => ({ path: '/studies/abc', headers: await asked(ofHeld()) }),
    },
    {
      situation: 'an unknown manifest',
      status: 404,
      code: 'serving.not-in-manifest',
      ask: async () => ({ path: seriesPath(ofHeld()), headers: await asked(ofHeld(), { kos: '2.25.404' }) }),
    },
    {
      situation: 'the manifest of another study',
      status: 404,
      code: 'serving.not-in-manifest',
      ask: async () => ({ path: seriesPath(ofHeld()), headers: await asked(ofHeld(2)) }),
    },
    {
      situation: 'a manifest that another one has replaced',
      status: 404,
      code: 'serving.not-in-manifest',
      ask: async () => ({ path: seriesPath(ofHeld(1)), headers: await asked(ofHeld(1), { kos: replacedKos }) }),
    },
    {
      situation: 'a manifest that was withdrawn',
      status: 404,
      code: 'serving.not-in-manifest',
      ask: async () => {
        await withdraw(study('withdrawn'));
        return { path: seriesPath(study('withdrawn')), headers: await asked(study('withdrawn')) };
      },
    },
    {
      situation: 'a series that is not in the manifest',
      status: 404,
      code: 'serving.not-in-manifest',
      ask: async () => ({
        path: `/studies/${ofHeld().studyInstanceUid}/series/2.25.9`,
        headers: await asked(ofHeld()),
      }),
    },
    {
      situation: 'an instance that is not in the manifest',
      status: 404,
      code: 'serving.not-in-manifest',
      ask: async () => ({ path: `${seriesPath(ofHeld())}/instances/2.25.9`, headers: await asked(ofHeld()) }),
    },
    {
      situation: 'a frame that the object does not have',
      status: 404,
      code: 'serving.frame-absent',
      ask: async () => ({
        path: `${instancePath(ofHeld())}/frames/7`,
        headers: await asked(ofHeld(), {
          accept: 'multipart/related; type="application/octet-stream"; transfer-syntax=*',
        }),
      }),
    },
    {
      situation: 'an instance in the manifest that the PACS does not hold',
      status: 410,
      code: 'serving.gone',
      ask: async () => ({ path: instancePath(study('absent')), headers: await asked(study('absent')) }),
    },
    {
      situation: 'a transfer syntax that nothing can be converted to',
      status: 406,
      code: 'serving.not-acceptable',
      ask: async () => ({
        path: seriesPath(ofHeld()),
        headers: await asked(ofHeld(), {
          accept: 'multipart/related; type="application/dicom"; transfer-syntax=1.2.840.10008.1.2.4.102',
        }),
      }),
    },
    {
      situation: 'a PACS that cannot be reached',
      status: 502,
      code: 'pacs.unreachable',
      ask: async () => ({ path: seriesPath(study('dead')), headers: await asked(study('dead')) }),
    },
    {
      situation: 'a PACS that says nothing',
      status: 504,
      code: 'pacs.too-slow',
      ask: async () => ({ path: seriesPath(study('mute')), headers: await asked(study('mute')) }),
    },
    {
      situation: 'a PACS that has too much to do',
      status: 503,
      code: 'pacs.too-many',
      header: ['retry-after', /^7$/],
      ask: async () => ({ path: seriesPath(study('busy')), headers: await asked(study('busy')) }),
    },
  ];

  /** As another process of the gateway does it when the RIS withdraws the report. */
  async function withdraw({ studyInstanceUid, kosSopInstanceUid }: PublishedStudy): Promise<void> {
    const dataSource = await sandbox.openDatabase([ManifestRecord]);
    try {
      const archive = new ManifestArchive(dataSource, sandbox.databaseAddress);
      const status = async () =>
        (await sandbox.client().get(seriesPath(study('withdrawn')), await asked(study('withdrawn')))).status;
      // Admitted until then, though the PACS holds nothing of it.
      expect(await status()).toBe(410);
      expect(await archive.withdraw(studyInstanceUid)).toBe(kosSopInstanceUid);
      await until('the gateway to hear of it', async () => (await status()) === 404);
    } finally {
      await dataSource.destroy();
    }
  }

  it.each(rows)('$situation: $status $code', async ({ status, code, ask, header }) => {
    const { path, headers, peer } = await ask();
    let answer: WadoAnswer | undefined;
    const [record, ...others] = await sandbox.audited(async () => {
      answer = await sandbox.client(peer).get(path, headers);
    });
    expect(answer).toMatchObject({ status, cut: false });
    expect(answer?.headers).toMatchObject({
      'content-type': 'application/problem+json',
      'cache-control': 'no-store',
      'x-correlation-id': expect.stringMatching(/^[\w.-]{8,}$/),
    });
    if (header) expect(answer?.headers[header[0]]).toMatch(header[1]);
    const problem = jsonOf(answer as WadoAnswer);
    expect(problem).toMatchObject({ status, code, correlationId: answer?.headers['x-correlation-id'] });
    expect(Object.keys(problem).sort()).toEqual(['code', 'correlationId', 'status', 'title', 'type']);
    expect(others).toEqual([]);
    expect(record).toMatchObject({
      kind: status < 500 ? 'serving.refused' : 'serving.failed',
      error_code: code,
      correlation_id: answer?.headers['x-correlation-id'],
    });
    expect(record?.actor.peerCertificateSha256).toMatch(/^[0-9a-f]{64}$/);
  });

  it('a complete answer: 200, every part, one audit record with who, whom, what and how much', async () => {
    let answer: WadoAnswer | undefined;
    const rowsLeft = await sandbox.audited(async () => {
      answer = await sandbox.client().get(seriesPath(ofHeld()), await asked(ofHeld()));
    });
    expect(answer).toMatchObject({ status: 200, cut: false });
    expect(answer?.headers['x-correlation-id']).toBeDefined();
    expect(splitParts(answer as WadoAnswer)).toHaveLength(ofHeld().objects.length);
    expect(rowsLeft).toHaveLength(1);
    expect(rowsLeft[0]).toMatchObject({
      kind: 'serving.delivered',
      outcome: 'success',
      correlation_id: answer?.headers['x-correlation-id'],
      patient_matricule: ofHeld().patient.ins,
      study_instance_uid: ofHeld().studyInstanceUid,
      instances: ofHeld().objects.length,
    });
    expect(rowsLeft[0]?.actor).toMatchObject({
      peer: expect.stringContaining('db3.test.mesimagesmedicales.fr'),
      professionalId: expect.stringMatching(/^\d{12}$/),
    });
    expect(Math.abs(Number(rowsLeft[0]?.bytes) - (answer?.body.length ?? 0))).toBeLessThan(200);
  });

  it('a failure after the first byte: the connection is reset, the answer never looks complete', async () => {
    const half =
      demo.studies[1].objects.reduce((sum, { sopInstanceUid }) => sum + demo.files.get(sopInstanceUid)!.length, 0) / 2;
    const before = cutting.bytesFromTarget;
    cutting.tampering = { fromTarget: (pdu) => (cutting.bytesFromTarget - before > half ? 'cut' : pdu) };
    let answer: WadoAnswer | undefined;
    const left = await sandbox.audited(async () => {
      answer = await sandbox.client().get(seriesPath(study('cutting')), await asked(study('cutting')));
    });
    cutting.tampering = {};
    expect(answer).toMatchObject({ status: 200, cut: true });
    expect(() => splitParts(answer as WadoAnswer)).toThrow();
    expect(answer?.error).toMatch(/ECONNRESET|aborted/);
    expect(left).toHaveLength(1);
    expect(left[0]).toMatchObject({
      kind: 'serving.failed',
      outcome: 'failure',
      error_code: expect.stringMatching(/^pacs\./),
    });
    expect(sandbox.isRunning).toBe(true);
    const again = await sandbox.client().get(seriesPath(study('cutting')), await asked(study('cutting')));
    expect(splitParts(again)).toHaveLength(study('cutting').objects.length);
  });

  it.each(['HEAD', 'POST', 'PUT', 'DELETE'])('%s is not a method of WADO-RS: 405 with Allow', async (method) => {
    const answer = await sandbox.client().get(seriesPath(ofHeld()), await asked(ofHeld(), { method }));
    expect(answer.status).toBe(405);
    expect(answer.headers.allow).toMatch(/GET/);
  });

  it('an unknown address: 404', async () => {
    const answer = await sandbox.client().get('/elsewhere', await asked(ofHeld()));
    expect(answer.status).toBe(404);
    expect(jsonOf(answer)).toMatchObject({ code: 'platform.not-found' });
  });

  it('the manifest that replaced another one serves what it lists, and no more', async () => {
    const answer = await sandbox.client().get(`/studies/${ofHeld(1).studyInstanceUid}`, await asked(ofHeld(1)));
    expect(answer).toMatchObject({ status: 200, cut: false });
    expect(splitParts(answer)).toHaveLength(ofHeld(1).objects.length);
  });

  it('the healthcheck and OPTIONS need the white list and no token', async () => {
    const health = await sandbox.client().get('', { accept: 'application/json' });
    // One of the PACS answers: there are images to be had.
    expect([health.status, jsonOf(health)]).toEqual([200, { status: 'UP' }]);
    const options = await sandbox.client().get('/studies', { method: 'OPTIONS' });
    expect(options.status).toBe(200);
    expect(options.headers['content-type']).toContain('wadl');
    expect(options.body.toString()).toContain('{study}');
  });

  describe('TLS', () => {
    it.each([undefined, 'foreign', 'expired', 'revoked'] as const)(
      'refuses %s in the handshake, with one record',
      async (peer) => {
        const left = await sandbox.audited(async () => {
          await expect(sandbox.clientWith(peer).get(seriesPath(ofHeld()), await asked(ofHeld()))).rejects.toThrow();
        });
        expect(left).toHaveLength(1);
        expect(left[0]).toMatchObject({ kind: 'pki.certificate-refused', outcome: 'refused' });
      },
    );

    it('refuses TLS 1.1', async () => {
      await expect(sandbox.client('listed', 'TLSv1.1').get('', {})).rejects.toThrow();
    });

    it.each(['TLSv1.2', 'TLSv1.3'] as const)(
      'serves over %s, and to a peer of the other authority',
      async (version) => {
        const client = sandbox.client('listedEc', version);
        const answer = await client.get(instancePath(ofHeld()), await asked(ofHeld()));
        expect(answer.status).toBe(200);
      },
    );
  });

  it('Pro Santé Connect down: 503 with Retry-After, and images again once it is back', async () => {
    const token = await sandbox.neighbours.psc.token('generaliste');
    sandbox.neighbours.psc.behave({ down: true });
    const answer = await sandbox.client().get(seriesPath(ofHeld()), await asked(ofHeld(), { token }));
    sandbox.neighbours.psc.behave({});
    expect(answer.status).toBe(503);
    expect(answer.headers['retry-after']).toMatch(/^\d+$/);
    expect((await sandbox.client().get(seriesPath(ofHeld()), await asked(ofHeld(), { token }))).status).toBe(200);
  });

  describe('limits of requests under way, and changes without a restart', () => {
    const live = (name: string) => join(sandbox.dir, name);
    beforeAll(async () => {
      const { gateway } = sandbox.neighbours.pki.members;
      copyFileSync(gateway.cert, live('live-cert.pem'));
      copyFileSync(gateway.key, live('live-key.pem'));
      await sandbox.startGateway(pacsList(), {
        DRIMBOX_DICOM_SILENCE_MS: '8000',
        DRIMBOX_CERTIFICATE_POLL_SECONDS: '1',
        DRIMBOX_WHITELIST_LOOK_SECONDS: '1',
        DRIMBOX_EXCHANGE_REQUESTS_MAX: '3',
        DRIMBOX_EXCHANGE_REQUESTS_PER_PEER_MAX: '2',
        DRIMBOX_EXCHANGE_CERT_FILE: live('live-cert.pem'),
        DRIMBOX_EXCHANGE_KEY_FILE: live('live-key.pem'),
      });
    });

    it('429 beyond the limit of a peer, 503 beyond that of the gateway, both with Retry-After', async () => {
      const waiting = async (peer: 'listed' | 'listedEc') =>
        sandbox.client(peer).get(seriesPath(study('mute')), await asked(study('mute')));
      const underWay = [waiting('listed'), waiting('listed')];
      await new Promise((resolve) => setTimeout(resolve, 1_500));
      const tooMany = await sandbox.client().get(seriesPath(ofHeld()), await asked(ofHeld()));
      expect(tooMany.status).toBe(429);
      expect(tooMany.headers['retry-after']).toMatch(/^\d+$/);
      expect(jsonOf(tooMany)).toMatchObject({ code: 'serving.too-many-requests' });
      underWay.push(waiting('listedEc'));
      await new Promise((resolve) => setTimeout(resolve, 1_000));
      const busy = await sandbox.client('listedEc').get(seriesPath(ofHeld()), await asked(ofHeld()));
      expect(busy.status).toBe(503);
      expect(busy.headers['retry-after']).toMatch(/^\d+$/);
      expect((await Promise.all(underWay)).map(({ status }) => status)).toEqual([504, 504, 504]);
      expect((await sandbox.client().get(seriesPath(ofHeld()), await asked(ofHeld()))).status).toBe(200);
    });

    /** The connection that a client keeps, once it has been used. */
    async function connectionOf(client: WadoClient): Promise<{ ended: Promise<void>; isEnded: boolean }> {
      const answer = await client.open('', { accept: 'application/json' });
      const { socket } = answer;
      answer.resume();
      const connection = {
        ended: new Promise<void>((resolve) => socket.once('close', () => resolve())),
        isEnded: false,
      };
      void connection.ended.then(() => (connection.isEnded = true));
      return connection;
    }

    it('refuses a peer that left the white list and admits one that entered it', async () => {
      const { whiteList, pki } = sandbox.neighbours;
      const entry = (dn: string) => ({ db: 'db9.test.mesimagesmedicales.fr', denomination: 'Essai', dn });
      const status = async (peer: 'listed' | 'unlisted') =>
        (await sandbox.client(peer).get(instancePath(ofHeld()), await asked(ofHeld()))).status;
      expect([await status('listed'), await status('unlisted')]).toEqual([200, 403]);
      const kept = sandbox.client();
      const onKept = async () => (await kept.get(instancePath(ofHeld()), await asked(ofHeld()))).status;
      expect(await onKept()).toBe(200);
      const connection = await connectionOf(kept);
      whiteList.publish([entry(pki.members.unlisted.dn)]);
      await sandbox.operator('whitelist', 'refresh');
      const end = Date.now() + 90_000;
      while (Date.now() < end && (await status('unlisted')) !== 200) {
        // In use until then, so that it is not ended for being idle.
        if (!connection.isEnded) await kept.get('', { accept: 'application/json' }).catch(() => undefined);
        await new Promise((r) => setTimeout(r, 500));
      }
      expect([await status('listed'), await status('unlisted')]).toEqual([403, 200]);
      // The connection opened before was ended, not only refused; the next one on the same client is refused.
      await connection.ended;
      expect(await onKept()).toBe(403);
      const ended = await sandbox.query<{ actor: { peer: string } }>(
        `SELECT actor FROM audit_record WHERE kind = 'pki.certificate-refused' AND facts->>'reason' = 'no-longer-admitted'`,
      );
      expect(ended.length).toBeGreaterThan(0);
      expect(ended.every(({ actor }) => actor.peer.includes('db3.test.mesimagesmedicales.fr'))).toBe(true);
      whiteList.publish([entry(pki.members.listed.dn)]);
    });

    const certificateSeen = async (): Promise<string> => {
      const socket = await sandbox.client().raw();
      const { fingerprint256 } = socket.getPeerCertificate();
      socket.destroy();
      return fingerprint256;
    };

    it('presents another certificate once the files have changed', async () => {
      const before = await certificateSeen();
      const { gatewayEc } = sandbox.neighbours.pki.members;
      copyFileSync(gatewayEc.key, live('live-key.pem'));
      copyFileSync(gatewayEc.cert, live('live-cert.pem'));
      const end = Date.now() + 70_000;
      // The other authority signed it: the client that trusts only the first one now refuses to talk.
      let refused = '';
      while (!refused && Date.now() < end) {
        await certificateSeen().then(
          (seen) => expect(seen).toBe(before),
          (error: Error) => (refused = error.message),
        );
        await new Promise((resolve) => setTimeout(resolve, 200));
      }
      expect(refused).toMatch(/issuer certificate|self.signed|verify/);
      const { gateway } = sandbox.neighbours.pki.members;
      copyFileSync(gateway.key, live('live-key.pem'));
      copyFileSync(gateway.cert, live('live-cert.pem'));
      while (Date.now() < end + 70_000 && (await certificateSeen().catch(() => '')) !== before)
        await new Promise((resolve) => setTimeout(resolve, 200));
      expect(await certificateSeen()).toBe(before);
    });
  });

  describe('a PACS under another name, then stopped', () => {
    beforeAll(async () => {
      const [found, dead] = pacsList();
      await sandbox.startGateway([dead, { ...found, id: 'renamed' }]);
    });

    it.each([
      ['images', anySyntax, ''],
      ['a frame', 'multipart/related; type="application/octet-stream"; transfer-syntax=*', '/frames/1'],
      ['metadata', 'application/dicom+json', '/metadata'],
    ])('%s of what it held under the former one are served', async (_what, accept, tail) => {
      const answer = await sandbox.client().get(`${instancePath(ofHeld())}${tail}`, await asked(ofHeld(), { accept }));
      expect(answer).toMatchObject({ status: 200, cut: false });
    });

    it('the healthcheck says UP, and DOWN once no PACS answers', async () => {
      const health = async () => {
        const answer = await sandbox.client().get('', { accept: 'application/json' });
        return [answer.status, jsonOf(answer).status];
      };
      expect(await health()).toEqual([200, 'UP']);
      await orthanc.stop();
      await until('the healthcheck to say so', async () => (await health())[0] === 503);
      expect(await health()).toEqual([503, 'DOWN']);
    });
  });
});
