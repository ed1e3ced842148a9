import { ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Client } from 'pg';
import { parse } from 'yaml';
import { createSandboxPki, SandboxPki } from '../../sandbox/pki';
import { composeEnvironment, ComposeFile, imageFacts } from '../support/compose';
import { freePort, startPostgres, TestDatabase } from '../support/database';
import { orthancBinary } from '../support/orthanc';
import { until } from '../support/sandbox';

/**
 * The gateway as docker-compose.yml and the Dockerfile start it, without a Docker daemon. Real: the program last built, as an
 * ordinary user on a root file system that is read only (a mount namespace of its own, when this user may make one), PostgreSQL,
 * Orthanc with deploy/orthanc.json. Changed: addresses and paths, which the containers' network and volumes would bring.
 */
const root = join(__dirname, '..', '..');
const run = promisify(execFile);
const ordinaryUser = 1_000;

/** What a container does to the file system: all of it read only, but the two folders given. */
const readOnlyRoot = `
set -e
mount --make-rprivate /
mount --bind "$DATA" "$DATA"
mount --bind "$TMPDIR" "$TMPDIR"
mount -o remount,ro,bind /
if touch "$1/not-writable" 2>/dev/null; then exit 99; fi
shift
exec setpriv --reuid=${ordinaryUser} --regid=${ordinaryUser} --clear-groups --no-new-privs --bounding-set=-all "$@"`;

function mayMount(): boolean {
  try {
    execFileSync('unshare', ['-m', 'true'], { stdio: 'ignore' });
    return process.getuid?.() === 0;
  } catch {
    return false;
  }
}

describe('the gateway of docker-compose.yml', () => {
  let dir: string;
  let pki: SandboxPki;
  let database: TestDatabase;
  let orthanc: ChildProcess;
  let gateway: ChildProcess;
  let environment: Record<string, string>;
  let said = '';
  const isContained = mayMount();
  const port: Record<string, number> = {};
  const health = () => `http://127.0.0.1:${port.internal}/health`;

  async function startOrthanc(): Promise<void> {
    const given = JSON.parse(await readFile(join(root, 'deploy', 'orthanc.json'), 'utf8')) as {
      DicomModalities: Record<string, [string, string, number]>;
      Plugins: string[];
    };
    const { drimbox } = given.DicomModalities;
    const storage = join(dir, 'orthanc');
    await mkdir(storage);
    const here = {
      ...given,
      StorageDirectory: storage,
      IndexDirectory: storage,
      Plugins: given.Plugins.slice(0, 1),
      DicomPort: port.pacs,
      HttpPort: port.pacsWeb,
      DicomModalities: { drimbox: [drimbox[0], '127.0.0.1', port.dicom] },
    };
    await writeFile(join(dir, 'orthanc.json'), JSON.stringify(here));
    orthanc = spawn(orthancBinary ?? 'Orthanc', [join(dir, 'orthanc.json')], { stdio: 'ignore' });
    const isUp = () =>
      fetch(`http://127.0.0.1:${port.pacsWeb}/system`).then(
        ({ ok }) => ok,
        () => false,
      );
    await until('Orthanc', isUp, 40_000);
  }

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'drimbox-compose-'));
    for (const name of ['portal', 'exchange', 'hl7', 'hl7Tls', 'dicom', 'internal', 'pacs', 'pacsWeb'])
      port[name] = await freePort();
    [pki, database] = await Promise.all([createSandboxPki({ dir: join(dir, 'certs'), fast: true }), startPostgres()]);
    await startOrthanc();
    const server = new URL(database.address.url);
    const admin = new Client({ connectionString: database.address.url });
    await admin.connect();
    await admin.query('CREATE DATABASE drimbox');
    await admin.end();

    const data = join(dir, 'data');
    const temporary = join(dir, 'tmp');
    await Promise.all([mkdir(data), mkdir(temporary), writeFile(join(dir, 'database_password'), 'secret\n')]);
    if (isContained) await run('chown', ['-R', `${ordinaryUser}:${ordinaryUser}`, data, temporary, join(dir, 'certs')]);
    await chmod(dir, 0o755);

    const compose = parse(await readFile(join(root, 'docker-compose.yml'), 'utf8')) as ComposeFile;
    const image = imageFacts(await readFile(join(root, 'Dockerfile'), 'utf8'));
    const fromFiles = { ...image.environment, ...composeEnvironment(compose.services.gateway) };
    const moved = Object.entries(fromFiles).map(([name, value]) => {
      const here = value
        .replace('database:5432', server.host)
        .replace('"host":"pacs","port":4242', `"host":"127.0.0.1","port":${port.pacs}`)
        .replace('/run/secrets/database_password', join(dir, 'database_password'))
        .replace(/^0\.0\.0\.0$/, '127.0.0.1')
        .replace(/^\/data$/, data);
      return [name, here] as const;
    });
    const { gateway: own, portal } = pki.members;
    const pair = (prefix: string, { cert, key }: { cert: string; key: string }) => ({
      [`DRIMBOX_${prefix}_CERT_FILE`]: cert,
      [`DRIMBOX_${prefix}_KEY_FILE`]: key,
    });
    environment = {
      PATH: process.env.PATH ?? '',
      DATA: data,
      TMPDIR: temporary,
      ...Object.fromEntries(moved),
      // What deploy/gateway.env would say, with authorities that only a sandbox trusts.
      DRIMBOX_MODE: 'sandbox',
      DRIMBOX_CRL_MODE: 'off',
      DRIMBOX_PSC_ISSUER: 'https://localhost:1/psc',
      DRIMBOX_PSC_CLIENT_ID: 'compose',
      ...pair('PSC', pki.members.pscClient),
      DRIMBOX_PSC_CA_FILES: pki.exchangeCa,
      DRIMBOX_EXCHANGE_ENABLED: 'true',
      ...pair('EXCHANGE', own),
      DRIMBOX_EXCHANGE_CA_FILES: pki.exchangeCa,
      DRIMBOX_HL7_ENABLED: 'true',
      ...pair('HL7_TLS', own),
      DRIMBOX_HL7_TLS_CA_FILES: pki.exchangeCa,
      DRIMBOX_PORTAL_ENABLED: 'true',
      ...pair('PORTAL', portal),
      // Free ports, so that runs do not meet.
      DRIMBOX_PORTAL_PORT: String(port.portal),
      DRIMBOX_EXCHANGE_PORT: String(port.exchange),
      DRIMBOX_HL7_PORT: String(port.hl7),
      DRIMBOX_HL7_TLS_PORT: String(port.hl7Tls),
      DRIMBOX_DICOM_PORT: String(port.dicom),
      DRIMBOX_INTERNAL_PORT: String(port.internal),
    };
    const command = [process.execPath, join(root, 'dist', 'src', 'main.js')];
    const [program, args] = isContained
      ? ['unshare', ['-m', 'sh', '-c', readOnlyRoot, 'sh', root, ...command]]
      : [command[0], command.slice(1)];
    if (!isContained)
      process.stderr.write('this user may not make a mount namespace: the read-only root file system is not tried\n');
    gateway = spawn(program, args, { env: environment, cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [gateway.stdout, gateway.stderr])
      stream?.on('data', (chunk: Buffer) => (said = (said + chunk.toString()).slice(-20_000)));
    const isUp = () =>
      fetch(health()).then(
        ({ ok }) => ok,
        () => gateway.exitCode !== null,
      );
    await until('the gateway', isUp, 60_000);
    if (gateway.exitCode !== null) throw new Error(`the gateway ended (${gateway.exitCode}): ${said}`);
  });

  afterAll(async () => {
    for (const child of [gateway, orthanc]) {
      if (!child || child.exitCode !== null || child.signalCode !== null) continue;
      const gone = once(child, 'exit');
      child.kill('SIGKILL');
      await gone;
    }
    await database?.stop();
    await rm(dir, { recursive: true, force: true });
  });

  it('runs as an ordinary user', async () => {
    const status = await readFile(`/proc/${gateway.pid}/status`, 'utf8');
    const user = Number(/^Uid:\s+(\d+)/m.exec(status)?.[1]);
    expect(user).toBe(isContained ? ordinaryUser : process.getuid?.());
    if (isContained) expect(/^CapEff:\s+(\S+)/m.exec(status)?.[1]).toMatch(/^0+$/);
  });

  it('is called healthy by the image’s own check, and finds its database and its PACS', async () => {
    const { healthcheck } = imageFacts(await readFile(join(root, 'Dockerfile'), 'utf8'));
    const [program, ...words] = JSON.parse(/CMD (\[.*\])$/.exec(healthcheck)?.[1] ?? '[]') as string[];
    expect(program).toBe('node');
    const script = words.map((word) => word.replace(':8449/', `:${port.internal}/`));
    await run(process.execPath, script);
    await expect(
      run(
        process.execPath,
        words.map((word) => word.replace(':8449/', ':1/')),
      ),
    ).rejects.toMatchObject({
      code: 1,
    });
    type Check = { name: string; level: string };
    const { checks } = (await (await fetch(`${health()}/ready`)).json()) as { checks: Check[] };
    const level = (name: string) => checks.find((check) => check.name === name)?.level;
    expect([level('database'), level('pacs-pacs')]).toEqual(['up', 'up']);
  });

  it('is reached by the PACS as deploy/orthanc.json names it', async () => {
    const echo = await fetch(`http://127.0.0.1:${port.pacsWeb}/modalities/drimbox/echo`, {
      method: 'POST',
      body: '{}',
    });
    expect(echo.status).toBe(200);
  });

  it('ends when the container is stopped', async () => {
    const gone = once(gateway, 'exit');
    gateway.kill('SIGTERM');
    const [code, signal] = (await gone) as [number | null, string | null];
    expect([code, signal]).not.toContain('SIGKILL');
    expect(said).not.toMatch(/EROFS|EACCES/);
  });
});
