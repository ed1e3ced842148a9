import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { until } from '../support/sandbox';

/**
 * The README's own words: its sandbox command (built by the first step of this run), then its curl lines, taken from the page
 * and run by a shell. Real: everything that the command starts. Changed: /tmp, so that runs do not meet, and the ports.
 */
const root = join(__dirname, '..', '..');
const run = promisify(execFile);
const readme = readFileSync(join(root, 'README.md'), 'utf8');

/** The shell lines of one section. */
function linesOf(title: string): string {
  const section = readme.split(`\n## ${title}\n`)[1]?.split('\n## ')[0] ?? '';
  const block = /```sh\n([\s\S]*?)```/.exec(section)?.[1];
  if (!block) throw new Error(`the README has no shell lines below "${title}"`);
  return block;
}

interface Ready {
  readonly [key: string]: unknown;
  readonly studies: readonly { studyInstanceUid: string; seriesInstanceUids: string[]; instances: number }[];
  readonly pacs: { dicomweb: string };
  readonly peers: Record<string, { cert: string; key: string; dn?: string }>;
}

describe('the README', () => {
  const dir = mkdtempSync(join(tmpdir(), 'drimbox-readme-'));
  const readyFile = join(dir, 'ready.json');
  const demo = linesOf("Try it as another hospital's gateway").replaceAll('/tmp/', `${dir}/`);
  let sandbox: ChildProcess;
  let printed = '';
  let ready: Ready;

  const shell = async (lines: string) => {
    try {
      const { stdout } = await run('bash', ['-c', lines], { cwd: dir, timeout: 150_000 });
      return stdout.trim().split('\n');
    } catch (error) {
      return (error as { stdout: string }).stdout.trim().split('\n');
    }
  };

  beforeAll(async () => {
    const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
      scripts: Record<string, string>;
    };
    // What `npm run sandbox` does after the build; building again would pull the files from under other tests.
    const [build, start] = scripts.sandbox.split(' && ');
    expect(build).toBe('node scripts/build.mjs --quiet');
    expect(linesOf('Two commands')).toMatch(/^npm ci && npm run sandbox\b/m);
    expect(readme).toContain('`npm run sandbox -- --ready-file /tmp/ready.json`');
    const [program, ...words] = start.split(' ');
    expect(program).toBe('node');
    sandbox = spawn(process.execPath, [...words, '--ready-file', readyFile, '--port-base', '0'], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [sandbox.stdout, sandbox.stderr])
      stream?.on('data', (chunk: Buffer) => (printed += chunk.toString()));
    await until('the sandbox is up', () => existsSync(readyFile) || sandbox.exitCode !== null, 400_000);
    if (sandbox.exitCode !== null) throw new Error(printed);
    await until('its addresses are printed', () => printed.includes('Ctrl-C ends it.'));
    ready = JSON.parse(readFileSync(readyFile, 'utf8')) as Ready;
  }, 480_000);

  afterAll(async () => {
    if (sandbox?.exitCode === null) {
      const gone = once(sandbox, 'exit');
      sandbox.kill('SIGKILL');
      await gone;
    }
    rmSync(dir, { recursive: true, force: true });
  });

  it('brings the images of a series by its own lines', async () => {
    const lines = await shell(demo);
    const [study] = ready.studies;
    const asked = `${ready.pacs.dicomweb}/studies/${study.studyInstanceUid}/series/${study.seriesInstanceUids[0]}/instances`;
    const held = ((await (await fetch(asked)).json()) as unknown[]).length;
    expect(held).toBeGreaterThan(100);
    expect(lines).toEqual([expect.stringMatching(/^200 \d{7,} bytes$/), `${held} images`]);
  });

  it('tells the truth about what is left out', async () => {
    const status = async (lines: string) => (await shell(lines))[0]?.split(' ')[0];
    expect(await status(demo.replace('-H "Authorization: Bearer $TOKEN"', ''))).toBe('401');
    expect(await status(demo.replace('-H "KOS-SOPInstanceUID: $KOS"', ''))).toBe('400');
    expect(await status(demo.replace('--cert $CERT --key $KEY', ''))).toBe('000');
    const { unlisted } = ready.peers;
    const asUnlisted = demo.replace('--cert $CERT --key $KEY', `--cert ${unlisted.cert} --key ${unlisted.key}`);
    expect(await status(asUnlisted)).toBe('403');
  });

  it('writes every address that docs/contract.md promises, and files that are there', () => {
    const paths = [
      'portal.url portal.contextualCall portal.risPage source.url source.viewer hl7.host hl7.port hl7.tlsPort',
      'dicom.host dicom.port dicom.aeTitle pacs.kind pacs.host pacs.port pacs.aeTitle pacs.dicomweb dmp.url dmp.documents',
      'psc.issuer psc.clientId psc.users.0.username psc.users.0.password psc.users.0.rpps psc.accessToken whiteList.url',
      'portalCa exchangeCa peers.listed.dn metrics health remote.source.url remote.studies.0.studyInstanceUid',
      ...['studyInstanceUid', 'accessionNumber', 'kosSopInstanceUid', 'seriesInstanceUids.0', 'instances'].map(
        (name) => `studies.0.${name}`,
      ),
      ...['ins', 'oid', 'family', 'given', 'birthDate', 'gender', 'birthPlace', 'patientId', 'patientIdIssuer'].map(
        (name) => `studies.0.patient.${name}`,
      ),
    ].flatMap((line) => line.split(' '));
    const at = (path: string) =>
      path.split('.').reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined)?.[key], ready);
    expect(paths.filter((path) => !['string', 'number'].includes(typeof at(path)))).toEqual([]);
    const peers = ['listed', 'unlisted', 'revoked', 'expired', 'foreign'].map((name) => ready.peers[name]);
    const files = [
      ready.portalCa as string,
      ready.exchangeCa as string,
      ...peers.flatMap(({ cert, key }) => [cert, key]),
    ];
    expect(files.filter((file) => !existsSync(file))).toEqual([]);
    // What is printed for people names the same addresses.
    for (const path of ['portal.url', 'source.url', 'dmp.documents', 'metrics'])
      expect(printed).toContain(at(path) as string);
  });

  it('names files and commands that exist', async () => {
    const links = [...readme.matchAll(/\]\(([^)#]+)[^)]*\)/g)].map(([, target]) => target);
    expect(links.filter((target) => !/^https?:/.test(target) && !existsSync(join(root, target)))).toEqual([]);
    const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: object };
    const named = [...readme.matchAll(/npm run ([a-z:-]+)/g)].map(([, name]) => name);
    expect(named.filter((name) => !(name in scripts))).toEqual([]);
    const { stderr } = await run(process.execPath, [join(root, 'bin', 'drimbox.cjs')]);
    for (const words of [
      'config check',
      'pki',
      'pacs measure',
      'whitelist show',
      'whitelist refresh',
      'manifest import',
    ])
      expect(stderr).toContain(`drimbox ${words}`);
  });

  it('ends on Ctrl-C, and leaves nothing', async () => {
    const dataDir = /data and logs\s+(\S+)/.exec(printed)?.[1] ?? '';
    expect(existsSync(dataDir)).toBe(true);
    const { stdout } = await run('ps', ['-o', 'pid=', '--ppid', String(sandbox.pid)]);
    const children = stdout.split('\n').map(Number).filter(Boolean);
    expect(children.length).toBeGreaterThan(1);
    const gone = once(sandbox, 'exit');
    sandbox.kill('SIGINT');
    expect((await gone)[0]).toBe(0);
    expect(existsSync(dataDir)).toBe(false);
    expect(children.filter((pid) => existsSync(`/proc/${pid}`))).toEqual([]);
  });
});
