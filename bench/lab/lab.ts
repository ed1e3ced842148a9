import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LoadedStudy } from '../../sandbox/load-studies';
import { Neighbours, startNeighbours } from '../../sandbox/neighbours';
import { SandboxPacs, startSandboxPacs } from '../../sandbox/pacs';
import { sandboxPorts, SandboxPorts } from '../../sandbox/ports';
import { GatewayUnderTest, startGatewayUnderTest } from './gateway';
import { freePort } from '../../sandbox/free-port';
import { copyOf, ReferenceStudy } from '../study';

export type PacsName = 'quick' | 'stock' | 'gdcm';

/** What lets Orthanc write JPEG 2000 (Debian: orthanc-gdcm). */
const gdcmPlugin = '/usr/share/orthanc/plugins/libOrthancGdcm.so';
export const orthancWritesJpeg2000 = (): boolean => existsSync(gdcmPlugin);

export type GatewayName = 'dimse' | 'stock' | 'dicomweb';

/** A PACS with what reaches it. */
export interface BenchPacs extends SandboxPacs {
  readonly dicomwebUrl: string;
  /** Where dcmtk receives a C-MOVE, and where the bare Node reference does. */
  readonly destinations: { readonly dcmtk: number; readonly bare: number };
}

/** Everything a measure may need, started when first asked for and stopped together. */
export class Lab {
  readonly folder = mkdtempSync(join(tmpdir(), 'drimbox-bench-'));
  private readonly started = new Map<string, Promise<unknown>>();
  private readonly stops: (() => Promise<unknown>)[] = [];

  constructor(
    readonly study: ReferenceStudy,
    readonly say: (step: string) => void,
  ) {}

  /** Starts a thing once; what is started last is stopped first. */
  once<T>(name: string, start: () => Promise<T>, stop: (thing: T) => Promise<unknown>): Promise<T> {
    const known = this.started.get(name) as Promise<T> | undefined;
    if (known) return known;
    this.say(`starting ${name}`);
    const thing = start().then((made) => {
      this.stops.push(() => stop(made));
      return made;
    });
    this.started.set(name, thing);
    return thing;
  }

  /** Orthanc with the reference study: `quick` without Nagle's algorithm, `stock` as packaged, `gdcm` with GDCM's codecs. */
  pacs(name: PacsName): Promise<BenchPacs> {
    return this.once(
      `PACS ${name}`,
      () => this.startPacs(name),
      (pacs) => pacs.stop(),
    );
  }

  neighbours(): Promise<{ neighbours: Neighbours; ports: SandboxPorts }> {
    return this.once(
      'national neighbours',
      async () => {
        const ports = await sandboxPorts(0);
        return { neighbours: await startNeighbours(this.folder, ports), ports };
      },
      ({ neighbours }) => neighbours.stop(),
    );
  }

  /** The real gateway, in its own process, with every admission step on. */
  gateway(name: GatewayName): Promise<GatewayUnderTest> {
    return this.once(
      `gateway ${name}`,
      async () => {
        const pacs = await this.pacs(name === 'stock' ? 'stock' : 'quick');
        const { neighbours, ports } = await this.neighbours();
        return startGatewayUnderTest({
          name,
          folder: join(this.folder, `gateway-${name}`),
          neighbours,
          neighbourPorts: ports,
          dicomPort: await this.dicomPort(name),
          pacs: name === 'dicomweb' ? { by: 'dicomweb', url: pacs.dicomwebUrl } : { by: 'dimse', ...pacs },
          studies: [this.study, ...[1, 2, 3].map((number) => copyOf(this.study, number).study)],
        });
      },
      (gateway) => gateway.stop(),
    );
  }

  /** The reference study under three other identifiers, in the quick PACS. */
  async copies(): Promise<LoadedStudy[]> {
    const pacs = await this.pacs('quick');
    return this.once(
      'three copies of the study',
      async () => {
        const copies = [1, 2, 3].map((number) => copyOf(this.study, number));
        for (const { files } of copies) await pacs.storeFiles(files());
        return copies.map(({ study }) => study);
      },
      async () => undefined,
    );
  }

  async stop(): Promise<void> {
    for (const stop of this.stops.splice(0).reverse()) await stop().catch(() => undefined);
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Chosen before the gateway starts, since the PACS must know where to send. */
  private dicomPort(name: GatewayName): Promise<number> {
    return this.once(`port of gateway ${name}`, freePort, async () => undefined);
  }

  private async startPacs(name: PacsName): Promise<BenchPacs> {
    const destinations = { dcmtk: await freePort(), bare: await freePort() };
    const pacs = await startSandboxPacs({
      kind: 'orthanc',
      dataDir: join(this.folder, `pacs-${name}`),
      port: 0,
      aeTitle: 'PACS',
      noDelay: name !== 'stock',
      ...(name === 'gdcm' ? { plugins: [gdcmPlugin] } : {}),
      peers: [
        { aet: 'DRIMBOX', host: '127.0.0.1', port: await this.dicomPort(name === 'stock' ? 'stock' : 'dimse') },
        { aet: 'BENCHDEST', host: '127.0.0.1', port: destinations.dcmtk },
        { aet: 'NODEDEST', host: '127.0.0.1', port: destinations.bare },
      ],
    });
    if (!pacs.dicomweb) {
      await pacs.stop();
      throw new Error('Orthanc has no DICOMweb plugin (Debian: apt-get install orthanc-dicomweb)');
    }
    await pacs.storeFiles(this.study.files.map((file) => readFileSync(file)));
    return { ...pacs, dicomwebUrl: pacs.dicomweb, destinations };
  }
}
