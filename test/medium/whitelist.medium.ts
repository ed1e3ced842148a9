import { createPrivateKey, X509Certificate } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSandboxPki, MemberName, PkiServer, SandboxPki, startPkiServer } from '../../sandbox/pki';
import { startWhiteListServer, WhiteListBehaviour, WhiteListServer } from '../../sandbox/whitelist';
import { MemoryAuditTrail } from '../../src/audit';
import {
  printWhitelist,
  refreshWhitelist,
  showWhitelist,
  whitelistConfig,
  WhitelistService,
} from '../../src/connectors/whitelist';
import type { ConfigOf } from '../../src/platform/config';
import { GatewayError } from '../../src/platform/errors';
import { HealthRegistry } from '../../src/platform/health';
import { configureLogging } from '../../src/platform/logging';
import type { PkiService } from '../../src/platform/pki';
import { Revocation } from '../../src/platform/pki';
import { createSigningAuthority } from '../support/signing-authority';

/** Real: HTTPS, the sandbox authorities with their revocation lists over HTTP, the disk. Doubled: the clock, the audit trail. */
const hourMs = 3_600_000;
type Config = ConfigOf<typeof whitelistConfig>;

describe('the white list of a running gateway', () => {
  let dir: string;
  let http: PkiServer;
  let pki: SandboxPki;
  let server: WhiteListServer;
  let audit: MemoryAuditTrail;
  let oldRootFile: string;
  const started: { service: WhitelistService; revocation: Revocation }[] = [];

  const der = async (name: MemberName): Promise<Buffer> =>
    new X509Certificate(await readFile(pki.members[name].leaf)).raw;

  function make(folder: string, change: Partial<Config> = {}): WhitelistService {
    const revocation = new Revocation({
      mode: 'required',
      urls: [`${http.url}/CRL/ACI-EL-ORG-RACINE.crl`],
      cacheDir: join(folder, 'crl'),
      toleranceMs: hourMs,
      refreshMs: hourMs,
      timeoutMs: 30_000,
    });
    const config: Config = {
      url: server.url,
      tlsCaFile: pki.exchangeCa,
      anchorFiles: [pki.exchangeCa, oldRootFile],
      signerCommonName: 'Liste Blanche DRIM-M',
      signerUnit: '318751275100020',
      strictForm: true,
      refreshMs: 24 * hourMs,
      warnAfterMs: 36 * hourMs,
      errorAfterMs: 96 * hourMs,
      timeoutMs: 30_000,
      lookMs: hourMs,
      folder: join(folder, 'whitelist'),
      ...change,
    };
    const persistence = { dataDir: folder } as ConstructorParameters<typeof WhitelistService>[1];
    audit = new MemoryAuditTrail();
    const keys = { revocation } as unknown as PkiService;
    const service = new WhitelistService(config, persistence, keys, audit, new HealthRegistry());
    started.push({ service, revocation });
    return service;
  }

  const codeOf = async (work: Promise<unknown>): Promise<string> =>
    work.then(
      () => 'accepted',
      (error: unknown) => GatewayError.of(error)?.code ?? 'unnamed',
    );

  beforeAll(async () => {
    configureLogging({ level: 'silent' });
    dir = await mkdtemp(join(tmpdir(), 'drimbox-whitelist-'));
    http = await startPkiServer({ dir: join(dir, 'pki') });
    pki = await createSandboxPki({ dir: join(dir, 'pki'), baseUrl: http.url, fast: true });
    const past = await createSigningAuthority('CN=ANCIENNE RACINE,O=TEST,C=FR');
    oldRootFile = join(dir, 'old-root.pem');
    await writeFile(oldRootFile, past.certificatePem);
    const expired = await past.issue({
      name: 'CN=Liste Blanche DRIM-M,OU=318751275100020,C=FR',
      from: new Date('2020-01-01T00:00:00Z'),
      to: new Date('2021-01-01T00:00:00Z'),
    });
    server = await startWhiteListServer({
      tls: {
        key: await readFile(pki.members.whiteListServer.key),
        cert: await readFile(pki.members.whiteListServer.cert),
      },
      signer: {
        key: createPrivateKey(await readFile(pki.members.whiteListSigner.key)),
        certificate: await der('whiteListSigner'),
      },
      expiredSigner: { key: expired.key, certificate: expired.certificate },
      gateways: [{ db: 'db3.test.mesimagesmedicales.fr', dn: pki.members.listed.dn }],
    });
  });

  afterEach(() => {
    for (const { service, revocation } of started.splice(0)) {
      service.onApplicationShutdown();
      revocation.stop();
    }
    server.behave('signed');
    server.useForm('filter2');
  });

  afterAll(async () => {
    await server.close();
    await http.close();
    await rm(dir, { recursive: true, force: true });
  });

  const fresh = (): Promise<string> => mkdtemp(join(dir, 'data-'));

  it.each(['filter2', 'enveloped'] as const)(
    'is fetched, verified (%s form) and answers for peers and hosts',
    async (form) => {
      server.useForm(form);
      const service = make(await fresh());
      await service.onModuleInit();
      expect(service.status()).toMatchObject({ level: 'up', entries: 1, ageSeconds: 0, lastError: undefined });
      expect(service.isListed(await der('listed'))?.db).toBe('db3.test.mesimagesmedicales.fr');
      expect(service.isListed(await der('listed'))?.db).toBe('db3.test.mesimagesmedicales.fr');
      expect(service.isListed(await der('unlisted'))).toBeUndefined();
      expect(service.isListedHost('DB3.test.mesimagesmedicales.fr.')?.dn).toBe(pki.members.listed.dn);
      expect(service.isListedHost('db4.test.mesimagesmedicales.fr')).toBeUndefined();
      expect(audit.events).toMatchObject([
        {
          kind: 'whitelist.refreshed',
          outcome: 'success',
          actor: { peer: 'localhost' },
          facts: { changed: true, entries: 1 },
        },
      ]);
    },
  );

  it.each([
    ['unsigned', 'whitelist.unsigned', 'refused'],
    ['altered', 'whitelist.signature', 'refused'],
    ['expired-signer', 'whitelist.signer-expired', 'refused'],
    ['older', 'whitelist.older', 'refused'],
    ['huge', 'whitelist.too-large', 'refused'],
    ['slow', 'whitelist.unreachable', 'failure'],
    ['unavailable', 'whitelist.unreachable', 'failure'],
  ] as [WhiteListBehaviour, string, string][])(
    '%s: refused, the previous one stays in force',
    async (behaviour, code, outcome) => {
      const service = make(await fresh(), behaviour === 'slow' ? { timeoutMs: 3_000 } : {});
      await service.onModuleInit();
      server.behave(behaviour);
      expect(await codeOf(service.refresh())).toBe(code);
      expect(service.status()).toMatchObject({ level: 'warning', lastError: code, entries: 1 });
      expect(service.isListed(await der('listed'))).toBeDefined();
      expect(audit.events.at(-1)).toMatchObject({ kind: 'whitelist.refused', outcome, errorCode: code });
      server.behave('signed');
      expect(await codeOf(service.refresh())).toBe('accepted');
      expect(service.status()).toMatchObject({ level: 'up', lastError: undefined });
    },
  );

  it('starts without the network from the list kept on disk, verified again', async () => {
    const folder = await fresh();
    await make(folder).onModuleInit();
    server.behave('unavailable');
    const second = make(folder);
    await second.onModuleInit();
    expect(second.isListed(await der('listed'))).toBeDefined();
    expect(await readdir(join(folder, 'whitelist'))).toEqual(['current.xml']);

    const kept = join(folder, 'whitelist', 'current.xml');
    await writeFile(kept, (await readFile(kept, 'utf8')).replace('Bac a sable', 'Bac a sablf'));
    const third = make(folder);
    await third.onModuleInit();
    expect(third.status()).toMatchObject({ level: 'down', entries: 0 });
    expect(third.isListed(await der('listed'))).toBeUndefined();
  });

  it('a gateway that has no list yet asks again after some seconds, not after a quarter of an hour', async () => {
    server.behave('unavailable');
    const service = make(await fresh());
    await service.onModuleInit();
    expect(service.status()).toMatchObject({ level: 'down', entries: 0 });
    server.behave('signed');
    const listed = new Promise<void>((resolve) => service.onChange(resolve));
    await listed;
    expect(service.isListed(await der('listed'))).toBeDefined();
  });

  it('an alarm grows with age, the list stays in force', async () => {
    const folder = await fresh();
    const service = make(folder);
    await service.onModuleInit();
    const at = Date.now();
    for (const [hours, level] of [
      [35, 'up'],
      [37, 'warning'],
      [97, 'down'],
    ] as const) {
      service.now = () => new Date(at + hours * hourMs);
      expect(service.status().level).toBe(level);
    }
    expect(service.isListed(await der('listed'))).toBeDefined();
    server.behave('unavailable');
    const kept = join(folder, 'whitelist', 'current.xml');
    const old = new Date(at - 40 * hourMs);
    await utimes(kept, old, old);
    const second = make(folder);
    await second.onModuleInit();
    await codeOf(second.refresh());
    expect(second.status()).toMatchObject({ level: 'warning', confirmedAt: old.toISOString() });
  });

  it('tells listeners of a change, forgets what it remembered, and is told the same list once', async () => {
    const service = make(await fresh());
    await service.onModuleInit();
    let changes = 0;
    service.onChange(() => (changes += 1));
    expect((await service.refresh()).changed).toBe(false);
    expect(changes).toBe(0);
    expect(service.isListed(await der('unlisted'))).toBeUndefined();
    const before = server.requestCount();
    server.publish([{ db: 'db4.test.mesimagesmedicales.fr', dn: pki.members.unlisted.dn }]);
    await Promise.all([service.refresh(), service.refresh()]);
    expect(server.requestCount() - before).toBe(1);
    expect(changes).toBe(1);
    expect(service.isListed(await der('unlisted'))).toBeDefined();
    expect(service.isListed(await der('listed'))).toBeUndefined();
    server.publish([{ db: 'db3.test.mesimagesmedicales.fr', dn: pki.members.listed.dn }]);
  });

  it('takes what another process has renewed on the same disk', async () => {
    const folder = await fresh();
    const gateway = make(folder);
    await gateway.onModuleInit();
    const tool = make(folder);
    await tool.onModuleInit();
    server.publish([{ db: 'db4.test.mesimagesmedicales.fr', dn: pki.members.unlisted.dn }]);
    await tool.refresh();
    expect(gateway.isListed(await der('unlisted'))).toBeUndefined();
    await gateway.lookAtFile();
    expect(gateway.isListed(await der('unlisted'))).toBeDefined();
    server.publish([{ db: 'db3.test.mesimagesmedicales.fr', dn: pki.members.listed.dn }]);
  });

  it('is shown to the operator', async () => {
    const service = make(await fresh());
    await service.onModuleInit();
    const view = showWhitelist(service);
    expect(view.entries).toMatchObject([{ db: 'db3.test.mesimagesmedicales.fr', dn: pki.members.listed.dn }]);
    expect(printWhitelist(view)).toContain('level: up');
    expect((await refreshWhitelist(service, { acceptOlder: false })).text).toContain('unchanged: 1 entries');
  });

  it('an older list is taken only when the operator asks for it', async () => {
    const service = make(await fresh());
    await service.onModuleInit();
    server.behave('older');
    expect(await codeOf(service.refresh())).toBe('whitelist.older');
    expect(await codeOf(service.refresh({ acceptOlder: true }))).toBe('accepted');
  });

  it('who accepts an older list is not answered by a run under way that does not, wherever that one stands', async () => {
    const service = make(await fresh());
    await service.onModuleInit();
    server.behave('older');
    const before = server.requestCount();
    const plain = service.refresh();
    expect(await codeOf(service.refresh({ acceptOlder: true }))).toBe('accepted');
    expect(await codeOf(plain)).toBe('accepted');
    expect(server.requestCount() - before).toBe(1);

    server.behave('signed');
    await service.refresh();
    server.behave('older');
    // The refusal is being recorded: too late for that run to think otherwise.
    let late: Promise<string> | undefined;
    const record = audit.record.bind(audit);
    audit.record = async (event) => {
      late ??= codeOf(service.refresh({ acceptOlder: true }));
      await record(event);
    };
    expect(await codeOf(service.refresh())).toBe('whitelist.older');
    expect(await late).toBe('accepted');
    expect(audit.events.slice(-2)).toMatchObject([
      { kind: 'whitelist.refused', errorCode: 'whitelist.older' },
      { kind: 'whitelist.refreshed', facts: { changed: true } },
    ]);
  });

  describe('an older list found on disk', () => {
    const keptIn = (folder: string) => join(folder, 'whitelist', 'current.xml');
    const olderList = async (): Promise<Buffer> => {
      const folder = await fresh();
      server.behave('older');
      await make(folder).onModuleInit();
      server.behave('signed');
      return readFile(keptIn(folder));
    };
    const later = async (file: string) => utimes(file, new Date(), new Date(Date.now() + 60_000));

    it('that somebody put there: refused once, said, and the one in force put back', async () => {
      const older = await olderList();
      const folder = await fresh();
      const gateway = make(folder);
      await gateway.onModuleInit();
      const current = await readFile(keptIn(folder));
      await writeFile(keptIn(folder), older);
      await later(keptIn(folder));
      const { generatedAt } = gateway.status();
      await gateway.lookAtFile();
      await gateway.lookAtFile();
      expect(gateway.status()).toMatchObject({ level: 'warning', lastError: 'whitelist.older', generatedAt });
      expect((await readFile(keptIn(folder))).equals(current)).toBe(true);
      const refused = audit.events.filter(({ kind }) => kind === 'whitelist.refused');
      expect(refused).toMatchObject([{ outcome: 'refused', errorCode: 'whitelist.older', actor: { peer: 'disk' } }]);
      await gateway.refresh();
      expect(gateway.status()).toMatchObject({ level: 'up', lastError: undefined });
    });

    it('that the operator accepted in another process: taken, and not a second time after a newer one', async () => {
      const folder = await fresh();
      const gateway = make(folder);
      await gateway.onModuleInit();
      const { generatedAt } = gateway.status();
      server.behave('older');
      const tool = make(folder);
      await tool.onModuleInit();
      expect(await codeOf(tool.refresh({ acceptOlder: true }))).toBe('accepted');
      const older = await readFile(keptIn(folder));
      await later(keptIn(folder));
      await gateway.lookAtFile();
      expect(gateway.status().generatedAt).not.toBe(generatedAt);

      server.behave('signed');
      await gateway.refresh();
      expect(gateway.status().generatedAt).toBe(generatedAt);
      expect(await readdir(join(folder, 'whitelist'))).toEqual(['current.xml']);
      await writeFile(keptIn(folder), older);
      await later(keptIn(folder));
      await gateway.lookAtFile();
      expect(gateway.status()).toMatchObject({ lastError: 'whitelist.older', generatedAt });
    });
  });

  it('a signer from another authority, and then a revoked one, is refused', async () => {
    const service = make(await fresh(), { anchorFiles: [oldRootFile] });
    await service.onModuleInit();
    expect(service.status()).toMatchObject({ level: 'down', lastError: 'whitelist.signer-untrusted' });

    const folder = await fresh();
    const second = make(folder);
    await second.onModuleInit();
    expect(second.status().level).toBe('up');
    await pki.revoke('whiteListSigner');
    const third = make(folder);
    await third.onModuleInit();
    expect(await codeOf(third.refresh())).toBe('whitelist.signer-revoked');
    expect(third.isListed(await der('listed'))).toBeDefined();
    const unknown = make(await fresh());
    http.behave({ down: true });
    await unknown.onModuleInit();
    http.behave({});
    expect(unknown.status().lastError).toBe('whitelist.revocation-unknown');
  });
});
