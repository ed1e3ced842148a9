import { copyFile, mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, Server } from 'node:https';
import { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, TLSSocket } from 'node:tls';
import { Agent, request } from 'undici';
import { createSandboxPki, MemberName, PkiServer, SandboxPki, startPkiServer } from '../../sandbox/pki';
import { configureLogging } from '../../src/platform/logging';
import { PeerGuard, PeerRefusal, Revocation, TlsMaterial } from '../../src/platform/pki';

/** Real: TLS on both sides, the sandbox authority with its lists over HTTP. Doubled: the clock of the revocation check. */
const hourMs = 3_600_000;

interface Answer {
  readonly outcome: 'answered' | 'refused';
  readonly subjectSeen?: string;
}

describe('a listener that asks for client certificates', () => {
  let dir: string;
  let http: PkiServer;
  let pki: SandboxPki;
  let material: TlsMaterial;
  let revocation: Revocation;
  let server: Server;
  let guard: PeerGuard;
  let port: number;
  let now: () => Date = () => new Date();
  let handled = 0;
  const refusals: PeerRefusal[] = [];

  const newRevocation = (cacheDir = join(dir, 'crl-cache')) =>
    new Revocation({
      mode: 'required',
      urls: [`${http.url}/CRL/ACI-EL-ORG-RACINE.crl`, `${http.url}/CRL/ACI-EC-ORG-RACINE.crl`],
      cacheDir,
      toleranceMs: 2 * hourMs,
      refreshMs: hourMs,
      timeoutMs: 30_000,
      now: () => now(),
    });

  async function call(name: MemberName | undefined, version: 'TLSv1.2' | 'TLSv1.3' = 'TLSv1.3'): Promise<Answer> {
    const files = name && pki.members[name];
    const key = files && (await readFile(files.key));
    const cert = files && (await readFile(files.cert));
    const ca = await readFile(pki.exchangeCa);
    return new Promise((resolve) => {
      const socket: TLSSocket = connect({
        host: '127.0.0.1',
        port,
        servername: 'localhost',
        key,
        cert,
        ca,
        minVersion: version,
        maxVersion: version,
      });
      let received = '';
      const end = () => {
        socket.destroy();
        resolve(
          received.startsWith('HTTP/1.1 200') ? { outcome: 'answered', subjectSeen: received } : { outcome: 'refused' },
        );
      };
      socket.on('secureConnect', () => socket.write('GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n'));
      socket.on('data', (chunk: Buffer) => (received += chunk.toString()));
      socket.on('error', end);
      socket.on('close', end);
    });
  }

  beforeAll(async () => {
    configureLogging({ level: 'silent' });
    dir = await mkdtemp(join(tmpdir(), 'pki-listener-'));
    http = await startPkiServer({ dir });
    pki = await createSandboxPki({ dir, baseUrl: http.url });
    await copyFile(pki.members.gateway.cert, join(dir, 'live-cert.pem'));
    await copyFile(pki.members.gateway.key, join(dir, 'live-key.pem'));
    await copyFile(pki.exchangeEcCa, join(dir, 'live-ca.pem'));
    material = await TlsMaterial.load(
      {
        name: 'exchange',
        certificateFile: join(dir, 'live-cert.pem'),
        keyFile: join(dir, 'live-key.pem'),
        anchorFiles: [pki.exchangeCa, join(dir, 'live-ca.pem')],
      },
      { use: 'serverAndClient', pollMs: 50, hostNames: ['localhost'] },
    );
    revocation = newRevocation();
    revocation.trust(material.anchors);
    revocation.trust([material.pair.certificate]);
    await revocation.start();
    server = createServer(
      { ...material.contextOptions(), requestCert: true, rejectUnauthorized: true },
      (_, response) => {
        handled += 1;
        response.end('ok');
      },
    );
    material.bindServer(server);
    guard = new PeerGuard(server, {
      anchors: () => material.anchors,
      revocation,
      now: () => now(),
      waitMs: 3_000,
      sweepMs: 50,
      onRefused: (refusal) => refusals.push(refusal),
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    port = (server.address() as AddressInfo).port;
  });

  afterAll(async () => {
    revocation.stop();
    material.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    await http.close();
    await rm(dir, { recursive: true });
  });

  beforeEach(() => {
    now = () => new Date();
    refusals.length = 0;
    handled = 0;
  });

  describe.each(['TLSv1.2', 'TLSv1.3'] as const)('over %s', (version) => {
    it.each(['listed', 'unlisted', 'remote', 'listedEc'] as const)(
      'answers %s, which an authority of ours signed',
      async (name) => {
        await expect(call(name, version)).resolves.toMatchObject({ outcome: 'answered' });
      },
    );

    it.each([undefined, 'foreign', 'expired', 'revoked'] as const)(
      'refuses %s before any request is read',
      async (name) => {
        await expect(call(name, version)).resolves.toEqual({ outcome: 'refused' });
        expect(handled).toBe(0);
      },
    );
  });

  it('says why a revoked peer was refused', async () => {
    await call('revoked');
    expect(refusals).toEqual(['revoked']);
  });

  it('refuses older protocol versions', async () => {
    const tooOld = new Promise((resolve, reject) => {
      const socket = connect(
        {
          host: '127.0.0.1',
          port,
          minVersion: 'TLSv1',
          maxVersion: 'TLSv1.1',
          ciphers: 'DEFAULT@SECLEVEL=0',
          rejectUnauthorized: false,
        },
        () => resolve('secure'),
      );
      socket.on('error', reject);
    });
    await expect(tooOld).rejects.toThrow();
  });

  it.each(['TLSv1.2', 'TLSv1.3'] as const)(
    'never resumes a session over %s: the certificate is shown each time',
    async (version) => {
      const { key, cert } = pki.members.listed;
      const [keyPem, certPem, ca] = await Promise.all([readFile(key), readFile(cert), readFile(pki.exchangeCa)]);
      const once = (session?: Buffer) =>
        new Promise<{ isReused: boolean; session?: Buffer }>((resolve, reject) => {
          const options = { host: '127.0.0.1', port, servername: 'localhost', key: keyPem, cert: certPem, ca, session };
          const socket = connect({ ...options, minVersion: version, maxVersion: version }, () => {
            isReused = socket.isSessionReused();
            latest = socket.getSession();
            socket.write('GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
          });
          let isReused = true;
          let latest = socket.getSession();
          socket.on('session', (ticket) => (latest = ticket));
          socket.on('data', () => undefined);
          socket.on('error', reject);
          socket.on('close', () => resolve({ isReused, session: latest }));
        });
      const first = await once();
      expect(first.session).toBeDefined();
      expect((await once(first.session)).isReused).toBe(false);
    },
  );

  it('cuts the open connection of a peer that is revoked, and refuses it from then on', async () => {
    const agent = new Agent({
      connect: {
        key: await readFile(pki.members.syslogClient.key),
        cert: await readFile(pki.members.syslogClient.cert),
        ca: await readFile(pki.exchangeCa),
        servername: 'localhost',
      },
    });
    const ask = () => request(`https://127.0.0.1:${port}/`, { dispatcher: agent });
    const first = await ask();
    await first.body.dump();
    expect(first.statusCode).toBe(200);
    await pki.revoke('syslogClient');
    await revocation.refresh();
    expect(refusals).toEqual(['revoked']);
    await expect(ask()).rejects.toThrow();
    await agent.destroy();
  });

  describe('looks at open connections again', () => {
    /** A connection that has been answered once and waits. */
    async function hold(name: MemberName) {
      const { key, cert } = pki.members[name];
      const [keyPem, certPem, ca] = await Promise.all([readFile(key), readFile(cert), readFile(pki.exchangeCa)]);
      const socket = connect({ host: '127.0.0.1', port, servername: 'localhost', key: keyPem, cert: certPem, ca });
      const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
      socket.on('error', () => undefined);
      await new Promise<void>((resolve) => {
        socket.once('data', () => resolve());
        socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
      });
      return { socket, closed };
    }
    afterEach(async () => {
      now = () => new Date();
      http.behave({});
      await copyFile(pki.exchangeEcCa, join(dir, 'live-ca.pem'));
      await material.reload();
    });

    it('when the certificate of the peer ends', async () => {
      const { closed } = await hold('listed');
      now = () => new Date(Date.now() + 3 * 366 * 24 * hourMs);
      await closed;
      expect(refusals).toEqual(['expired']);
    });

    it('when the lists become too old', async () => {
      const { socket, closed } = await hold('listed');
      const ends = revocation.status().lists.map((list) => new Date(list.nextUpdate).getTime());
      now = () => new Date(Math.min(...ends) + hourMs);
      await new Promise((resolve) => setTimeout(resolve, 200));
      expect([socket.destroyed, refusals]).toEqual([false, []]);
      now = () => new Date(Math.max(...ends) + 3 * hourMs);
      await closed;
      expect(refusals).toEqual(['revocation-unknown']);
    });

    it('when its authority is no longer configured, and leaves those of others alone', async () => {
      const [ec, other] = await Promise.all([hold('listedEc'), hold('listed')]);
      await copyFile(pki.exchangeCa, join(dir, 'live-ca.pem'));
      await ec.closed;
      expect(refusals).toEqual(['not-trusted']);
      expect(other.socket.destroyed).toBe(false);
      other.socket.destroy();
    });

    it('when the room above no longer admits it', async () => {
      const [dropped, other] = await Promise.all([hold('remote'), hold('listed')]);
      guard.endWhere(({ subject }) => subject.includes('db2.test'));
      await dropped.closed;
      expect(refusals).toEqual(['no-longer-admitted']);
      expect(other.socket.destroyed).toBe(false);
      other.socket.destroy();
    });
  });

  it('still believes a list past its end within the tolerance, and nobody after it', async () => {
    const endOfList = new Date(revocation.status().lists[0].nextUpdate).getTime();
    http.behave({ down: true });
    now = () => new Date(endOfList + hourMs);
    await expect(call('listed')).resolves.toMatchObject({ outcome: 'answered' });
    expect(revocation.status().level).toBe('tolerated');
    await expect(call('revoked')).resolves.toEqual({ outcome: 'refused' });
    now = () => new Date(endOfList + 3 * hourMs);
    await expect(call('listed')).resolves.toEqual({ outcome: 'refused' });
    expect(refusals).toEqual(['revoked', 'revocation-unknown']);
    http.behave({});
  });

  it('starts from the lists on disk when the network is down', async () => {
    http.behave({ down: true });
    const offline = newRevocation();
    offline.trust(material.anchors);
    offline.trust([material.pair.certificate]);
    await offline.start();
    expect(offline.status().lists.map((list) => list.level)).toContain('fresh');
    expect(offline.status().problems.length).toBeGreaterThan(0);
    offline.stop();
    http.behave({});
  });

  it('takes a new certificate without restart, in both directions, and keeps the old one while files do not fit', async () => {
    const agent = material.createAgent({ connect: { servername: 'localhost' } });
    const ask = async () => {
      const { statusCode, body } = await request(`https://127.0.0.1:${port}/`, { dispatcher: agent });
      await body.dump();
      return statusCode;
    };
    expect(await ask()).toBe(200);
    const before = await servedSubject();
    const changed = new Promise<void>((resolve) => material.onChange(resolve));
    await copyFile(pki.members.remote.cert, join(dir, 'live-cert.pem'));
    await expect(material.reload()).resolves.toBe(false);
    expect(material.status().faults.map((fault) => fault.code)).toEqual(['key-does-not-match']);
    expect(await servedSubject()).toBe(before);
    await copyFile(pki.members.remote.key, join(dir, 'live-key.pem'));
    await changed;
    expect(await servedSubject()).toContain('db2.test.mesimagesmedicales.fr');
    expect(await ask()).toBe(200);
    expect(material.status()).toMatchObject({ level: 'up', faults: [] });
    await agent.close();
  });

  it('does not send a request to a server whose certificate is revoked', async () => {
    let asked = 0;
    const { key, cert } = pki.members.revoked;
    const revokedServer = createServer({ key: await readFile(key), cert: await readFile(cert) }, (_, response) => {
      asked += 1;
      response.end();
    });
    await new Promise<void>((resolve) => revokedServer.listen(0, '127.0.0.1', resolve));
    const url = `https://localhost:${(revokedServer.address() as AddressInfo).port}/`;
    const trusting = material.createAgent();
    const careful = material.createAgent({ revocation });
    await (await request(url, { dispatcher: trusting })).body.dump();
    await expect(request(url, { dispatcher: careful })).rejects.toMatchObject({ refusal: 'revoked' });
    expect(asked).toBe(1);
    const good = await request(`https://localhost:${port}/`, { dispatcher: careful });
    await good.body.dump();
    expect(good.statusCode).toBe(200);
    await Promise.all([trusting.close(), careful.close()]);
    revokedServer.closeAllConnections();
    await new Promise((resolve) => revokedServer.close(resolve));
  });

  it.each(['TLSv1.2', 'TLSv1.3'] as const)(
    'has a server that would resume a session show its certificate with each connection, %s',
    async (version) => {
      const [key, cert] = await Promise.all([readFile(pki.members.remote.key), readFile(pki.members.remote.cert)]);
      const resumed: boolean[] = [];
      const sparing = createServer({ key, cert, minVersion: version, maxVersion: version }, (_, response) => {
        response.setHeader('connection', 'close').end();
      });
      sparing.on('secureConnection', (socket) => resumed.push(socket.isSessionReused()));
      await new Promise<void>((resolve) => sparing.listen(0, '127.0.0.1', resolve));
      const careful = material.createAgent({ revocation });
      const url = `https://localhost:${(sparing.address() as AddressInfo).port}/`;
      const answers: unknown[] = [];
      for (let number = 0; number < 3; number++)
        answers.push(
          await request(url, { dispatcher: careful }).then(
            ({ statusCode, body }) => body.dump().then(() => statusCode),
            (error: Error) => error.message,
          ),
        );
      await careful.close();
      sparing.closeAllConnections();
      await new Promise((resolve) => sparing.close(resolve));
      expect(answers).toEqual([200, 200, 200]);
      expect(resumed).toEqual([false, false, false]);
    },
  );

  async function servedSubject(): Promise<string> {
    const { key, cert } = pki.members.listed;
    const [keyPem, certPem, ca] = await Promise.all([readFile(key), readFile(cert), readFile(pki.exchangeCa)]);
    return new Promise((resolve, reject) => {
      const socket = connect(
        { host: '127.0.0.1', port, servername: 'localhost', key: keyPem, cert: certPem, ca },
        () => {
          resolve(socket.getPeerX509Certificate()!.subject);
          socket.destroy();
        },
      );
      socket.on('error', reject);
    });
  }
});
