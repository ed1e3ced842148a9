import { ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { splitPart10 } from '../../src/standards/dicom';
import { freePort } from './orthanc';

/** dcmtk's storescp, writing what it receives bit by bit: an independent witness of what a PACS sends. */
export class BitPreservingReceiver {
  private constructor(
    readonly port: number,
    private readonly folder: string,
    private readonly child: ChildProcess,
  ) {}

  static async start(): Promise<BitPreservingReceiver> {
    const folder = await mkdtemp(join(tmpdir(), 'storescp-'));
    const port = await freePort();
    const child = spawn('storescp', ['-aet', 'REFERENCE', '+B', '+xa', '-od', folder, String(port)], {
      stdio: 'ignore',
      env: { ...process.env, TCP_NODELAY: '1' },
    });
    for (let attempt = 0; attempt < 1_200; attempt++) {
      const isUp = await new Promise<boolean>((resolve) => {
        const socket = connect(port, '127.0.0.1', () => resolve((socket.destroy(), true)));
        socket.once('error', () => resolve(false));
      });
      if (isUp) return new BitPreservingReceiver(port, folder, child);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    child.kill('SIGKILL');
    throw new Error('storescp did not open its port');
  }

  /** Has Orthanc send one instance to the modality `reference`, and gives its data set as received. */
  async receive(orthancUrl: string, sopInstanceUid: string): Promise<Buffer> {
    const query = JSON.stringify({ Level: 'Instance', Query: { SOPInstanceUID: sopInstanceUid } });
    const [id] = (await (await fetch(`${orthancUrl}/tools/find`, { method: 'POST', body: query })).json()) as string[];
    const answer = await fetch(`${orthancUrl}/modalities/reference/store`, { method: 'POST', body: id });
    if (!answer.ok) throw new Error(`Orthanc could not send to storescp: ${answer.status}`);
    await answer.arrayBuffer();
    for (const name of await readdir(this.folder)) {
      const path = join(this.folder, name);
      const { dataSet } = splitPart10(await readFile(path));
      await rm(path);
      return dataSet;
    }
    throw new Error('storescp received nothing');
  }

  async stop(): Promise<void> {
    const gone = new Promise((resolve) => this.child.once('exit', resolve));
    this.child.kill('SIGKILL');
    await gone;
    await rm(this.folder, { recursive: true, force: true });
  }
}
