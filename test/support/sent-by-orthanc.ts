import { ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, OrthancServer } from './orthanc';

/** What Orthanc sends by C-STORE, bit for bit, as dcmtk's receiver writes it down. */
export class SentByOrthanc {
  private readonly folder = mkdtempSync(join(tmpdir(), 'sent-by-orthanc-'));

  private constructor(
    private readonly orthanc: OrthancServer,
    private readonly port: number,
    private child?: ChildProcess,
  ) {}

  static async start(orthanc: OrthancServer): Promise<SentByOrthanc> {
    const witness = new SentByOrthanc(orthanc, await freePort());
    const options = ['-aet', 'WITNESS', '--bit-preserving', '+xa', '-od', witness.folder, String(witness.port)];
    witness.child = spawn('storescp', options, { env: { ...process.env, TCP_NODELAY: '1' }, stdio: 'ignore' });
    await orthanc.setModality('witness', 'WITNESS', witness.port);
    return witness;
  }

  async asSent(sopInstanceUid: string): Promise<Buffer> {
    const find = JSON.stringify({ Level: 'Instance', Query: { SOPInstanceUID: sopInstanceUid } });
    const found = await fetch(`${this.orthanc.url}/tools/find`, { method: 'POST', body: find });
    const ids = (await found.json()) as string[];
    const body = JSON.stringify({ Resources: ids, Synchronous: true });
    const sent = await fetch(`${this.orthanc.url}/modalities/witness/store`, { method: 'POST', body });
    if (!sent.ok) throw new Error(`Orthanc could not send: ${sent.status} ${await sent.text()}`);
    await sent.arrayBuffer();
    const name = readdirSync(this.folder).find((one) => one.endsWith(sopInstanceUid));
    if (!name) throw new Error('nothing was received');
    const bytes = readFileSync(join(this.folder, name));
    rmSync(join(this.folder, name));
    return bytes;
  }

  stop(): void {
    this.child?.kill('SIGKILL');
    rmSync(this.folder, { recursive: true, force: true });
  }
}
