import { DynamicModule, Injectable, Module, Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DataSource } from 'typeorm';
import { createSandboxPki, SandboxPki } from '../../sandbox/pki';
import { ackCode, demoStudy, makeOru, MllpSender, MllpTarget, sendOnce } from '../../sandbox/ris';
import { AuditModule } from '../../src/audit';
import { risConfig, RisListener } from '../../src/connectors/ris';
import { IntakeModule, intakeConfig, PublicationRequest, PublicationRequests } from '../../src/source/intake';
import { ConfigModule, ConfigOf, loadConfig, Slice } from '../../src/platform/config';
import { HealthModule, HealthRegistry } from '../../src/platform/health';
import { configureLogging } from '../../src/platform/logging';
import { persistenceConfig, PersistenceModule } from '../../src/platform/persistence';
import { pkiConfig, PkiModule } from '../../src/platform/pki';

/** Real: the rooms of the gateway put together by Nest, the embedded database, TLS. Doubled: the RIS (sandbox). */
const slices = [persistenceConfig, pkiConfig, risConfig, intakeConfig] as unknown as readonly Slice[];

async function start(environment: Record<string, string>, room: Type | DynamicModule = IntakeModule) {
  const config = loadConfig(slices, { DRIMBOX_CRL_MODE: 'off', ...environment }, { production: false });
  @Module({
    imports: [ConfigModule.of(config), PersistenceModule.forRoot(), HealthModule, AuditModule, PkiModule, room],
  })
  class TestModule {}
  return NestFactory.createApplicationContext(TestModule, { logger: false, abortOnError: false });
}

/** Stands for the publication room. */
@Injectable()
class CollectedRequests extends PublicationRequests {
  readonly kinds: string[] = [];
  override async submit(request: PublicationRequest): Promise<void> {
    this.kinds.push(request.kind);
  }
}
@Module({ providers: [CollectedRequests], exports: [CollectedRequests] })
class PublicationStandIn {}

describe('HL7 listener', () => {
  let dir: string;
  let pki: SandboxPki;

  beforeAll(async () => {
    configureLogging({ level: 'silent' });
    dir = mkdtempSync(join(tmpdir(), 'drimbox-ris-'));
    pki = await createSandboxPki({ dir: join(dir, 'pki'), fast: true });
  });
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  const environment = (more: Record<string, string> = {}) => ({
    DRIMBOX_DATA_DIR: mkdtempSync(join(dir, 'data-')),
    DRIMBOX_HL7_ENABLED: 'true',
    DRIMBOX_HL7_PORT: '0',
    DRIMBOX_HL7_TLS_PORT: '0',
    DRIMBOX_INTAKE_INS_NATURES: 'nirTest',
    ...more,
  });
  const tlsEnvironment = () =>
    environment({
      DRIMBOX_HL7_TLS_CERT_FILE: pki.members.gateway.cert,
      DRIMBOX_HL7_TLS_KEY_FILE: pki.members.gateway.key,
      DRIMBOX_HL7_TLS_CA_FILES: pki.exchangeCa,
    });
  const target = (port: number, client?: 'listed' | 'foreign'): MllpTarget => ({
    host: '127.0.0.1',
    port,
    timeoutMs: 60_000,
    tls: {
      ca: readFileSync(pki.exchangeCa),
      checkServerIdentity: () => undefined,
      ...(client ? { cert: readFileSync(pki.members[client].cert), key: readFileSync(pki.members[client].key) } : {}),
    },
  });

  it('takes a report in clear text and over TLS, and refuses senders without a certificate of its authorities', async () => {
    const app = await start(tlsEnvironment());
    try {
      const listener = app.get(RisListener, { strict: false });
      const clear = { host: '127.0.0.1', port: listener.port, timeoutMs: 60_000 };
      expect(ackCode(await sendOnce(clear, makeOru(demoStudy)))).toBe('AA');
      expect(ackCode(await sendOnce(target(listener.tlsPort, 'listed'), makeOru(demoStudy)))).toBe('AA');
      await expect(sendOnce(target(listener.tlsPort), makeOru(demoStudy))).rejects.toThrow();
      await expect(sendOnce(target(listener.tlsPort, 'foreign'), makeOru(demoStudy))).rejects.toThrow();
      const kept: Array<{ peer: string | null }> = await app
        .get(DataSource)
        .query('SELECT peer FROM intake_message ORDER BY id');
      expect(kept.map(({ peer }) => peer?.startsWith('CN=') ?? false)).toEqual([false, true]);
      const refused: Array<{ facts: { reason: string } }> = await app
        .get(DataSource)
        .query("SELECT facts FROM audit_record WHERE kind = 'intake.connection-refused'");
      expect(refused.map(({ facts }) => facts.reason)).toEqual(['handshake', 'handshake']);
      const reports = await app.get(HealthRegistry, { strict: false }).report();
      expect(reports.find(({ name }) => name === 'hl7')).toMatchObject({ level: 'up' });
    } finally {
      await app.close();
    }
  });

  it('answers many messages sent over one TLS connection, also at its closing', async () => {
    const app = await start(tlsEnvironment());
    const sender = await MllpSender.connect(target(app.get(RisListener, { strict: false }).tlsPort, 'listed'));
    const answers = Array.from({ length: 20 }, () => sender.send(makeOru(demoStudy)));
    await answers[0];
    expect((await Promise.all(answers)).map(ackCode)).toEqual(Array.from({ length: 20 }, () => 'AA'));
    await app.close();
    await expect(sender.send(makeOru(demoStudy))).rejects.toThrow();
  });

  it('gives its requests to the publication room', async () => {
    const app = await start(environment(), IntakeModule.publishingTo(PublicationStandIn, CollectedRequests));
    try {
      const { port } = app.get(RisListener, { strict: false });
      expect(ackCode(await sendOnce({ host: '127.0.0.1', port, timeoutMs: 60_000 }, makeOru(demoStudy)))).toBe('AA');
      expect(app.get(CollectedRequests, { strict: false }).kinds).toEqual(['initial']);
      expect(await app.get(DataSource).query('SELECT id FROM intake_request')).toEqual([]);
    } finally {
      await app.close();
    }
  });

  it('does not open without a room that takes the messages, nor when it is not asked to', async () => {
    const listener = (enabled: string) => {
      const config = loadConfig(
        [risConfig] as unknown as Slice[],
        { DRIMBOX_HL7_ENABLED: enabled, DRIMBOX_HL7_PORT: '0' },
        { production: false },
      );
      const values = config.values.get(risConfig.token) as ConfigOf<typeof risConfig>;
      return new RisListener(values, new HealthRegistry(), undefined as never, undefined as never);
    };
    await expect(listener('true').onApplicationBootstrap()).rejects.toThrow('no handler');
    const closed = listener('false');
    await closed.onApplicationBootstrap();
    expect(closed.port).toBe(0);
  });

  it('refuses clear text on a network unless it is asked for', () => {
    const load = (more: Record<string, string>) => () =>
      loadConfig(
        [risConfig] as unknown as Slice[],
        { DRIMBOX_HL7_ENABLED: 'true', DRIMBOX_HL7_HOST: '0.0.0.0', ...more },
        { production: true },
      );
    expect(load({})).toThrow('DRIMBOX_HL7_CLEAR_TEXT: clear-text');
    expect(load({ DRIMBOX_HL7_CLEAR_TEXT: 'network' })).not.toThrow();
    expect(load({ DRIMBOX_HL7_HOST: '127.0.0.1' })).not.toThrow();
  });
});
