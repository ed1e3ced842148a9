import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, TLSSocket } from 'node:tls';
import { promisify } from 'node:util';
import { TestSandbox, until } from '../support/sandbox';
import { anySyntax } from '../support/wado-client';

/**
 * Real: the gateway's process and Debian's testssl.sh, on every port that speaks TLS, all ports side by side. What follows from
 * versions and ciphers that are not offered is read from these lines (POODLE, BEAST, DROWN, FREAK, Logjam, SWEET32, RC4), and
 * what one handshake shows is asked by a client of our own (server preference, forward secrecy, tickets, Lucky 13). Left out: simulations of
 * browsers, single ciphers one by one, certificates (the sandbox's own), checks that need an HTTP answer before a client certificate.
 */
const run = promisify(execFile);
const checks = ['--protocols', '--std', '--renegotiation', '--compression'];
/** Holes of the TLS library: all listeners are of one process, so one is asked. */
const libraryChecks = ['--heartbleed', '--ccs-injection', '--robot'];

/** Versions and kinds of ciphers without which a hole has no ground. */
const notOffered = {
  SSLv2: 'DROWN',
  SSLv3: 'POODLE',
  TLS1: 'BEAST',
  TLS1_1: 'versions of old',
  cipherlist_NULL: 'no encryption',
  cipherlist_aNULL: 'no authentication',
  cipherlist_EXPORT: 'FREAK, Logjam',
  cipherlist_LOW: 'DES, RC2, RC4',
  cipherlist_3DES_IDEA: 'SWEET32',
} as const;

interface Finding {
  readonly id: string;
  readonly severity: string;
  readonly finding: string;
}

/** About the program itself, or about what it cannot try without a client certificate: looked at below, or nothing of ours. */
const notAboutUs = new Set(['engine_problem', 'secure_client_renego']);

const ports = ['exchange', 'portal', 'hl7Tls', 'dicom'] as const;

describe('TLS of every listener', () => {
  const dir = mkdtempSync(join(tmpdir(), 'drimbox-testssl-'));
  let sandbox: TestSandbox;

  beforeAll(async () => {
    sandbox = await TestSandbox.open();
    const { members, exchangeCa, passphraseFile } = sandbox.neighbours.pki;
    const { gateway, portal, pscClient, syslogClient, dmpClient, seal } = members;
    const passphrase = (prefix: string) => ({ [`${prefix}_PASSPHRASE_FILE`]: passphraseFile });
    const pkcs12 = (prefix: string, file = '') => ({
      ...passphrase(prefix),
      [`${prefix}_PKCS12_FILE`]: file,
      [`${prefix}_CERT_FILE`]: '',
      [`${prefix}_KEY_FILE`]: '',
    });
    await sandbox.startGateway([], {
      DRIMBOX_DICOM_LISTEN: 'tls',
      DRIMBOX_DICOM_ALLOWED_AE_TITLES: 'PACS',
      DRIMBOX_DICOM_TLS: JSON.stringify({
        cert: gateway.cert,
        key: gateway.encryptedKey,
        ca: exchangeCa,
        passphraseFile,
      }),
      // Every key is encrypted: PKCS#12 of today, PKCS#12 of old tools, PEM.
      ...pkcs12('DRIMBOX_EXCHANGE', gateway.p12),
      ...pkcs12('DRIMBOX_PEER', gateway.legacyP12),
      ...pkcs12('DRIMBOX_PSC', pscClient.legacyP12),
      ...passphrase('DRIMBOX_HL7_TLS'),
      DRIMBOX_HL7_TLS_KEY_FILE: gateway.encryptedKey,
      ...passphrase('DRIMBOX_ATNA'),
      DRIMBOX_ATNA_KEY_FILE: syslogClient.encryptedKey,
      DRIMBOX_PORTAL_KEY_FILE: portal.encryptedKey,
      DRIMBOX_PORTAL_KEY_PASSPHRASE_FILE: passphraseFile,
      DRIMBOX_DMP_STRUCTURES: JSON.stringify([
        {
          mode: 'EG',
          geographic: { id: '1999900001', name: 'CENTRE HOSPITALIER DE DEMONSTRATION' },
          fallback: true,
          sector: { code: 'SA01' },
          tls: { pkcs12File: dmpClient.p12, passphraseFile },
          seal: { certificateFile: seal.cert, keyFile: seal.encryptedKey, passphraseFile },
        },
      ]),
    });
  });

  afterAll(async () => {
    await sandbox?.stop();
    rmSync(dir, { recursive: true, force: true });
  });

  async function findingsOf(name: (typeof ports)[number]): Promise<Finding[]> {
    const report = join(dir, `${name}.json`);
    const more = name === 'portal' ? ['--headers'] : name === 'exchange' ? libraryChecks : [];
    const limits = ['--connect-timeout', '5', '--openssl-timeout', '5'];
    const words = [...checks, ...more, ...limits, '--quiet', '--color', '0', '--warnings', 'batch', '--nodns', 'none'];
    const target = ['--ip', '127.0.0.1', '--jsonfile', report, `localhost:${sandbox.ports[name]}`];
    // Its exit code counts findings of any kind; the report is what is looked at.
    // It waits for answers that never come; ours would come at once.
    const env = { ...process.env, CCS_MAX_WAITSOCK: '2', HEARTBLEED_MAX_WAITSOCK: '2' };
    await run('testssl', [...words, ...target], { maxBuffer: 1e8, env }).catch(() => undefined);
    return JSON.parse(readFileSync(report, 'utf8')) as Finding[];
  }

  it('has no finding of medium severity or worse (testssl.sh)', async () => {
    const reports = await Promise.all(ports.map(async (name) => ({ name, findings: await findingsOf(name) })));
    const bad = reports.flatMap(({ name, findings }) =>
      findings
        .filter(({ severity }) => ['MEDIUM', 'HIGH', 'CRITICAL', 'FATAL', 'WARN'].includes(severity))
        .filter(({ id }) => !notAboutUs.has(id))
        .map(({ id, severity, finding }) => `${name}: ${severity} ${id}: ${finding}`),
    );
    expect(bad).toEqual([]);
    for (const { name, findings } of reports) {
      const told = (id: string) =>
        `${name} ${id}: ${findings.find((one) => one.id === id)?.finding ?? 'not looked at'}`;
      for (const id of Object.keys(notOffered)) expect(told(id)).toBe(`${name} ${id}: not offered`);
      // It did look.
      const looked = ['TLS1_2', 'TLS1_3', 'secure_renego', 'CRIME_TLS'];
      const holes = name === 'exchange' ? ['heartbleed', 'CCS', 'ROBOT'] : [];
      expect(findings.map(({ id }) => id)).toEqual(expect.arrayContaining([...looked, ...holes]));
    }
  }, 400_000);

  /** One handshake of TLS 1.2 with these ciphers. */
  async function handshake(name: (typeof ports)[number], ciphers?: string): Promise<TLSSocket> {
    const { listed } = sandbox.neighbours.pki.members;
    const socket = connect({
      port: sandbox.ports[name],
      host: 'localhost',
      cert: readFileSync(listed.cert),
      key: readFileSync(listed.key),
      ca: [sandbox.neighbours.pki.exchangeCa, sandbox.neighbours.pki.portalCa].map((file) => readFileSync(file)),
      minVersion: 'TLSv1.2',
      maxVersion: 'TLSv1.2',
      ciphers,
    });
    await once(socket, 'secureConnect');
    return socket;
  }

  it.each(ports)('%s: a client that wants to renegotiate is disconnected', async (name) => {
    const socket = await handshake(name);
    const outcome = new Promise<string>((resolve) => {
      socket.on('error', () => resolve('refused'));
      socket.on('close', () => resolve('refused'));
      socket.renegotiate({ rejectUnauthorized: true }, (error) => resolve(error ? 'refused' : 'renegotiated'));
    });
    expect(await outcome).toBe('refused');
    socket.destroy();
  });

  it.each(ports)(
    '%s: chooses the cipher itself, gives no ticket, prefers no CBC (Ticketbleed, Lucky 13)',
    async (name) => {
      const look = async (ciphers?: string) => {
        const socket = await handshake(name, ciphers);
        const found = { cipher: socket.getCipher().name, ticket: socket.getTLSTicket() };
        socket.on('error', () => undefined).destroy();
        return found;
      };
      const suites = ['AES128-GCM-SHA256', 'AES256-GCM-SHA384', 'AES128-SHA256'].flatMap((suite) => [
        `ECDHE-RSA-${suite}`,
        `ECDHE-ECDSA-${suite}`,
      ]);
      const [one, other] = [await look(suites.join(':')), await look([...suites].reverse().join(':'))];
      expect(one.cipher).toBe(other.cipher);
      expect([one, other].map(({ ticket }) => ticket)).toEqual([undefined, undefined]);
      expect([one.cipher, (await look()).cipher]).toEqual([
        expect.stringMatching(/^ECDHE-.*(GCM|CHACHA20)/),
        expect.stringMatching(/^ECDHE-.*(GCM|CHACHA20)/),
      ]);
    },
  );

  it('serves and calls with encrypted keys: PEM, PKCS#12 of today and of old tools', async () => {
    const path = '/studies/1.2.3';
    const asked = { accept: anySyntax, kos: '1.2.4' };
    // 404: the exchange listener, and the question to Pro Santé Connect, both worked.
    expect((await sandbox.client().get(path, { ...asked, token: await sandbox.token() })).status).toBe(404);
    expect((await sandbox.client().get(path, { ...asked, token: 'x'.repeat(40) })).status).toBe(401);
    await until('the audit record repository has heard of it', () =>
      sandbox.neighbours.syslog.messages.some(({ record }) => record.kind === 'serving.refused'),
    );
    const said = await fetch(`http://127.0.0.1:${sandbox.ports.internal}/health/ready`);
    const { checks: found } = (await said.json()) as { checks: { name: string; level: string; facts?: object }[] };
    const certificates = found.find(({ name }) => name === 'certificates');
    expect(certificates).toMatchObject({ level: 'up' });
    expect(Object.keys(certificates?.facts ?? {})).toEqual(
      expect.arrayContaining([
        'exchange',
        'dicom',
        'hl7',
        'psc-client',
        'peer',
        'atna',
        'portal',
        'dmp-tls-1',
        'dmp-seal-1',
      ]),
    );
  });
});
