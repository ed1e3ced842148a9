import { EventEmitter } from 'node:events';
import type { InstanceSink, Pacs, PacsDirectory, RetrievalRequest } from '../../src/connectors/pacs';
import { GatewayError } from '../../src/platform/errors';
import type { Exchange } from '../../src/platform/http';
import { ManifestRecord, ServableManifest } from '../../src/source/archive';
import { MetadataKeeper } from '../../src/source/serving/metadata/metadata-keeper';
import { MetadataService } from '../../src/source/serving/metadata/metadata.service';
import { parseAccept, WadoResource } from '../../src/standards/dicomweb';

export const study = '1.2.1';
export const kos = '1.2.9';
export const seriesUids = ['1.2.2.1', '1.2.2.2'];
export const jsonType = 'application/dicom+json';
export const xmlType = 'multipart/related; type="application/dicom+xml"';
const syntax = '1.2.840.10008.1.2.1';

export const metadataDefaults = {
  isKept: true,
  isCollected: true,
  bytesMax: 1_000_000_000,
  ageHoursMax: 24,
  checkMinutes: 10,
};

/** An explicit VR little endian element with a short length. */
function element(tag: string, vr: string, value: string): Buffer {
  const text = value.length % 2 === 0 ? value : `${value} `;
  const head = Buffer.from(tag, 'hex');
  const length = Buffer.alloc(2);
  length.writeUInt16LE(text.length);
  return Buffer.concat([head, Buffer.from(vr), length, Buffer.from(text)]);
}

/** Modality, a comment, four bytes of pixel data. */
export function dataSetOf(comment: string): Buffer {
  const pixels = Buffer.from('e07f10004f5700000400000001020304', 'hex');
  return Buffer.concat([element('08006000', 'CS', 'CT'), element('20000040', 'LT', comment), pixels]);
}

export function manifestOf(sizes: readonly number[], changes: Partial<ManifestRecord> = {}): ServableManifest {
  const series = sizes.map((size, at) => ({
    seriesInstanceUid: seriesUids[at],
    instances: Array.from({ length: size }, (_, number) => ({
      sopInstanceUid: `${seriesUids[at]}.${number + 1}`,
      sopClassUid: '1.2.840.10008.5.1.4.1.1.2',
    })),
  }));
  return new ServableManifest({
    kosSopInstanceUid: kos,
    studyInstanceUid: study,
    patientMatricule: '279035121518989',
    patientOid: '1.2.250.1.213.1.4.10',
    patient: {},
    pacsId: 'pacs',
    content: { studies: [{ series }] },
    ...changes,
  } as unknown as ManifestRecord);
}

/** A PACS in memory, which counts what it is asked. */
export class CountingPacs {
  readonly asked: string[] = [];
  commentOf: (sopInstanceUid: string) => string = (uid) => `comment of ${uid}`;
  absent = new Set<string>();
  failure: GatewayError | undefined;
  /** Waits before each object. */
  pause: () => Promise<unknown> = () => Promise.resolve();

  readonly retrieve = async (request: RetrievalRequest, sink: InstanceSink, signal?: AbortSignal) => {
    if (this.failure) throw this.failure;
    // In another order than that of the manifest, as they may arrive.
    const held = request.instances.filter(({ sopInstanceUid }) => !this.absent.has(sopInstanceUid)).reverse();
    for (const { sopInstanceUid, sopClassUid } of held) {
      await this.pause();
      signal?.throwIfAborted();
      this.asked.push(sopInstanceUid);
      sink.begin({ sopClassUid, sopInstanceUid, transferSyntaxUid: syntax });
      const bytes = dataSetOf(this.commentOf(sopInstanceUid));
      sink.write(bytes.subarray(0, 10));
      sink.write(bytes.subarray(10));
      sink.end();
    }
    const undelivered = request.instances
      .filter(({ sopInstanceUid }) => this.absent.has(sopInstanceUid))
      .map((instance) => ({ ...instance, reason: 'not-in-pacs' as const }));
    return { undelivered };
  };

  get port(): Pacs {
    return { id: 'pacs', retrieve: this.retrieve } as unknown as Pacs;
  }

  get directory(): PacsDirectory {
    return { all: [this.port], byId: () => this.port, locateStudy: () => Promise.resolve(this.port) };
  }
}

/** The service as after a start of the gateway, on a data folder. */
export function startMetadata(dataDir: string, config: Partial<typeof metadataDefaults> = {}, basePath = '/rs') {
  const keeper = new MetadataKeeper({ ...metadataDefaults, ...config }, { dataDir });
  const service = new MetadataService({ basePath }, keeper);
  return { keeper, service };
}

export function resourceOf(seriesInstanceUid?: string, sopInstanceUid?: string): WadoResource {
  const common = { metadata: true, studyInstanceUid: study } as const;
  if (seriesInstanceUid === undefined) return { ...common, level: 'study' };
  if (sopInstanceUid === undefined) return { ...common, level: 'series', seriesInstanceUid };
  return { ...common, level: 'instance', seriesInstanceUid, sopInstanceUid };
}

export interface MetadataQuestion {
  readonly manifest: ServableManifest;
  readonly pacs: CountingPacs;
  readonly series?: string;
  readonly instance?: string;
  readonly accept?: string;
  readonly basePath?: string;
}

/** Asks the service as a request does; the boundary of a multipart answer is told as `BOUNDARY`. */
export async function metadataText(service: MetadataService, question: MetadataQuestion): Promise<string> {
  const { manifest, pacs, series, instance, accept = jsonType, basePath = '/rs' } = question;
  const chunks: Buffer[] = [];
  let boundary = '\0';
  const take = (chunk?: Buffer | string): void => {
    if (chunk) chunks.push(Buffer.from(chunk as string, 'latin1'));
  };
  const response = Object.assign(new EventEmitter(), {
    writableLength: 0,
    headersSent: false,
    writeHead(_status: number, head: Record<string, string>) {
      this.headersSent = true;
      boundary = /boundary=(\S+)/.exec(head['Content-Type'])?.[1] ?? boundary;
    },
    write: take,
    end(chunk: Buffer | undefined, done: () => void) {
      take(chunk);
      done();
    },
  });
  const wishes = parseAccept(accept, 'metadata');
  if (!wishes.ok) throw new Error(wishes.reason);
  const resource = resourceOf(series, instance);
  const answer = await service.answer({
    exchange: {
      response,
      path: `${basePath}/studies/…`,
      signal: new AbortController().signal,
    } as unknown as Exchange,
    pacs: () => Promise.resolve(pacs.port),
    manifest,
    resource,
    expected: manifest.expected(resource),
    wishes: wishes.value,
  });
  await answer.send(() => Promise.resolve());
  return Buffer.concat(chunks).toString().replaceAll(boundary, 'BOUNDARY');
}

/** What waits to be written is on disk. */
export async function written(keeper: MetadataKeeper): Promise<void> {
  await (keeper as unknown as { writing: Promise<unknown> }).writing;
}
