import { ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../sandbox/free-port';

export { freePort };

export const orthancBinary = ['/usr/sbin/Orthanc', '/usr/bin/Orthanc'].find((path) => existsSync(path));
export const dicomWebPlugin = '/usr/share/orthanc/plugins/libOrthancDicomWeb.so';

export interface OrthancOptions {
  readonly aeTitle?: string;
  /** TCP_NODELAY=1, as in Orthanc's own builds; without it DCMTK leaves Nagle's algorithm on. */
  readonly noDelay?: boolean;
  /** Application entities to which it may move: name to AE title, host and port. */
  readonly modalities?: Record<string, [aeTitle: string, host: string, port: number]>;
  /** Further keys of its configuration file. */
  readonly more?: Record<string, unknown>;
}

/** A real Orthanc of its own: temporary folder, free ports, loopback only. Call `stop()`. */
export class OrthancServer {
  private newestId = '';

  private constructor(
    readonly aeTitle: string,
    readonly dicomPort: number,
    readonly httpPort: number,
    private readonly folder: string,
    private readonly child: ChildProcess,
  ) {}

  static async start(options: OrthancOptions = {}): Promise<OrthancServer> {
    if (!orthancBinary) throw new Error('Orthanc is not installed (Debian package orthanc)');
    const folder = await mkdtemp(join(tmpdir(), 'orthanc-'));
    const [httpPort, dicomPort] = [await freePort(), await freePort()];
    const aeTitle = options.aeTitle ?? 'PACS';
    const configuration = {
      Name: 'test',
      StorageDirectory: folder,
      IndexDirectory: folder,
      HttpPort: httpPort,
      DicomPort: dicomPort,
      DicomAet: aeTitle,
      DicomCheckCalledAet: false,
      RemoteAccessAllowed: false,
      AuthenticationEnabled: false,
      DicomAlwaysAllowEcho: true,
      DicomAlwaysAllowStore: true,
      DicomAlwaysAllowFind: true,
      DicomAlwaysAllowGet: true,
      DicomAlwaysAllowMove: true,
      SynchronousCMove: true,
      SaveJobs: false,
      OverwriteInstances: true,
      DicomModalities: options.modalities ?? {},
      Plugins: existsSync(dicomWebPlugin) ? [dicomWebPlugin] : [],
      DicomWeb: { Enable: true, Root: '/dicom-web/', Ssl: false },
      ...options.more,
    };
    await writeFile(join(folder, 'orthanc.json'), JSON.stringify(configuration));
    const { TCP_NODELAY: _inherited, ...environment } = process.env;
    const child = spawn(orthancBinary, [join(folder, 'orthanc.json')], {
      env: options.noDelay ? { ...environment, TCP_NODELAY: '1' } : environment,
      stdio: 'ignore',
    });
    const server = new OrthancServer(aeTitle, dicomPort, httpPort, folder, child);
    await server.untilReady();
    return server;
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  get url(): string {
    return `http://127.0.0.1:${this.httpPort}`;
  }

  get dicomWebUrl(): string {
    return `${this.url}/dicom-web`;
  }

  /** Stores files or bytes through its REST interface; answers how many it took. */
  async load(files: Iterable<string | Buffer>): Promise<number> {
    let taken = 0;
    for (const file of files) {
      const body = typeof file === 'string' ? await readFile(file) : file;
      const answer = await fetch(`${this.url}/instances`, { method: 'POST', body: new Uint8Array(body) });
      const told = (await answer.json()) as { ID?: string };
      if (answer.ok) taken += 1;
      if (answer.ok && told.ID) this.newestId = told.ID;
    }
    return taken;
  }

  /** SOP Instance UID of the instance loaded last, as Orthanc reads it. */
  async newestInstance(): Promise<[sopInstanceUid: string]> {
    const answer = await fetch(`${this.url}/instances/${this.newestId}`);
    const { MainDicomTags } = (await answer.json()) as { MainDicomTags: { SOPInstanceUID: string } };
    return [MainDicomTags.SOPInstanceUID];
  }

  /** Adds or changes an application entity to which it may move. */
  async setModality(name: string, aeTitle: string, port: number): Promise<void> {
    const body = JSON.stringify({ AET: aeTitle, Host: '127.0.0.1', Port: port });
    const answer = await fetch(`${this.url}/modalities/${name}`, { method: 'PUT', body });
    if (!answer.ok) throw new Error(`Orthanc refused the modality: ${answer.status}`);
    await answer.arrayBuffer();
  }

  kill(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  async stop(): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) {
      const gone = new Promise((resolve) => this.child.once('exit', resolve));
      this.child.kill('SIGKILL');
      await gone;
    }
    await rm(this.folder, { recursive: true, force: true });
  }

  private async untilReady(): Promise<void> {
    const deadline = Date.now() + 120_000;
    while (Date.now() < deadline) {
      const isUp = await fetch(`${this.url}/system`).then(
        (answer) => answer.ok,
        () => false,
      );
      if (isUp) return;
      if (this.child.exitCode !== null) throw new Error(`Orthanc ended at once (${this.child.exitCode})`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    await this.stop();
    throw new Error('Orthanc did not answer within 120 s');
  }
}
