import { X509Certificate } from 'node:crypto';
import { copyFileSync, readFileSync } from 'node:fs';
import { connect as connectTcp, Socket } from 'node:net';
import { connect } from 'node:tls';
import { DataSource } from 'typeorm';
import { GatewayLife } from '../../src/audit';
import { DimseListener } from '../../src/connectors/pacs';
import { HealthRegistry, HealthReport } from '../../src/platform/health';
import { PortalBench, startPortalBench } from '../support/portal-bench';
import { until } from '../support/sandbox';

/** Real: the whole gateway with its exchange, HL7 and DICOM listeners, and the sandbox's audit record repository. */
describe('the gateway asks its own listeners', () => {
  let bench: PortalBench;
  const names = ['exchange', 'hl7', 'dicom'];

  beforeAll(async () => {
    bench = await startPortalBench({
      DRIMBOX_CERTIFICATE_POLL_SECONDS: '1',
      DRIMBOX_EXCHANGE_CONNECTIONS_MAX: '4',
      DRIMBOX_HL7_CONNECTIONS_MAX: '2',
      DRIMBOX_ALARM_CHECK_SECONDS: '3600',
      DRIMBOX_PUBLICATION_ENABLED: 'false',
    });
    await bench.app.get(GatewayLife, { strict: false }).started();
  }, 180_000);
  afterAll(() => bench?.close());

  const rows = (kind: string) =>
    bench.app
      .get(DataSource)
      .query<{ facts: Record<string, string> }[]>('SELECT facts FROM audit_record WHERE kind = $1', [kind]);
  const internal = async (path: string) => (await fetch(`http://127.0.0.1:${bench.ports.internal}${path}`)).text();
  const report = async () => {
    const reports = await bench.app.get(HealthRegistry).report();
    const found = new Map<string, HealthReport>(reports.map((one) => [one.name, one]));
    return names.map((name) => found.get(name));
  };
  const levels = async () => (await report()).map((one) => `${one?.name} ${one?.level}`);
  const allUp = names.map((name) => `${name} up`);

  async function held<T>(port: number, number: number, work: () => Promise<T>): Promise<T> {
    const sockets: Socket[] = [];
    for (let i = 0; i < number; i++)
      sockets.push(
        await new Promise<Socket>((resolve, reject) => {
          const socket = connectTcp(port, '127.0.0.1', () => resolve(socket)).once('error', reject);
        }),
      );
    try {
      return await work();
    } finally {
      for (const socket of sockets) socket.destroy();
    }
  }

  it('by real connections that leave nothing in the trail', async () => {
    expect(await levels()).toEqual(allUp);
    expect(await levels()).toEqual(allUp);
    for (const one of await report()) expect(one?.facts).toMatchObject({ answerMs: expect.any(Number) });
    const { checks } = JSON.parse(await internal('/health/ready')) as { checks: HealthReport[] };
    expect(checks.filter(({ name, critical }) => names.includes(name) && critical).map(({ name }) => name)).toEqual([
      'exchange',
    ]);
    const metrics = await internal('/metrics');
    for (const name of names)
      expect(metrics).toMatch(new RegExp(`drimbox_listener_answer_seconds{listener="${name}"}`));
    expect(await rows('pki.certificate-refused')).toEqual([]);
    expect(await rows('intake.connection-refused')).toEqual([]);
    expect(bench.log.filter((line) => line.includes('association rejected'))).toEqual([]);
  });

  it('a stranger without a certificate is still recorded', async () => {
    await new Promise<void>((resolve) => {
      const socket = connect({ port: bench.ports.exchange, host: '127.0.0.1', rejectUnauthorized: false });
      socket.once('error', () => undefined).once('close', () => resolve());
      socket.once('secureConnect', () => socket.end()).resume();
    });
    await until('the refusal is recorded', async () => (await rows('pki.certificate-refused')).length === 1, 30_000);
  });

  it('tells a listener whose places are all taken from one that is closed, and what to do', async () => {
    await held(bench.ports.hl7, 2, () =>
      held(bench.ports.exchange, 4, async () => {
        const [exchange, hl7] = await report();
        expect([exchange?.level, hl7?.level]).toEqual(['warning', 'warning']);
        expect(exchange?.summary).toContain('ne prend plus de connexion');
        expect(hl7?.advice).toContain('connexions');
      }),
    );
    await until('the places are free again', async () => (await levels()).join() === allUp.join(), 30_000);
    await bench.app.get(DimseListener).close();
    const [, , dicom] = await report();
    expect(dicom).toMatchObject({ level: 'down', runbook: 'dicom', advice: expect.stringContaining('DICOM') });
    await bench.app.get(DimseListener).open();
    expect((await report())[2]).toMatchObject({ level: 'up', lastError: expect.stringContaining('n’est pas ouvert') });
  });

  it('a certificate replaced under the open listener is served, recorded, and told to the audit repository', async () => {
    const { gateway, remote } = bench.neighbours.pki.members;
    const sha256 = (file: string) => new X509Certificate(readFileSync(file)).fingerprint256;
    const before = sha256(gateway.cert);
    const served = () =>
      new Promise<string>((resolve) => {
        const socket = connect({ port: bench.ports.exchange, host: '127.0.0.1', rejectUnauthorized: false });
        socket.once('secureConnect', () => {
          resolve(socket.getPeerX509Certificate()?.fingerprint256 ?? '');
          socket.once('error', () => undefined).end();
        });
        socket.once('error', () => resolve(''));
      });
    await until('the first certificate is served', async () => (await served()) === before, 30_000);
    copyFileSync(remote.key, gateway.key);
    copyFileSync(remote.cert, gateway.cert);
    const after = sha256(gateway.cert);
    expect(after).not.toBe(before);
    await until('the new certificate is served', async () => (await served()) === after, 30_000);
    expect((await levels())[0]).toBe('exchange up');
    await bench.app.get(GatewayLife, { strict: false }).look();
    const plain = (fingerprint: string) => fingerprint.replaceAll(':', '').toLowerCase();
    const told = (await rows('certificate.changed')).map(({ facts }) => facts);
    expect(told).toEqual(
      expect.arrayContaining([
        expect.objectContaining({
          use: 'serving.certificateFile',
          before: plain(before),
          sha256: plain(after),
        }),
      ]),
    );
    const { syslog } = bench.neighbours;
    const received = () => syslog.messages.filter(({ record }) => record.kind === 'certificate.changed');
    await until('the audit repository is told', () => received().length === told.length, 30_000);
    for (const { event } of received()) expect([event.id, event.types[0]]).toEqual(['110113', '110129']);
    expect(syslog.faults).toEqual([]);
  }, 120_000);
});
