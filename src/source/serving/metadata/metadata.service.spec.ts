import { EventEmitter } from 'node:events';
import type { InstanceSink, Pacs } from '../../../connectors/pacs';
import type { Exchange } from '../../../platform/http';
import { parseAccept, WadoResource } from '../../../standards/dicomweb';
import type { ServableManifest } from '../../archive';
import { MetadataService } from './metadata.service';

/** (0008,0060) CS "CT", then pixel data of four bytes. */
const dataSet = Buffer.from('0800600043530200' + '4354' + 'e07f10004f57000004000000' + '01020304', 'hex');
const syntax = '1.2.840.10008.1.2.1';
const levels: [string, WadoResource][] = [
  ['', { level: 'study', metadata: true, studyInstanceUid: '1.2.1' }],
  ['/series/1.2.2', { level: 'series', metadata: true, studyInstanceUid: '1.2.1', seriesInstanceUid: '1.2.2' }],
];

async function metadataAt(service: MetadataService, [level, resource]: (typeof levels)[number]): Promise<string> {
  const chunks: Buffer[] = [];
  const end = (chunk: Buffer, done: () => void): void => {
    chunks.push(chunk);
    done();
  };
  const response = Object.assign(new EventEmitter(), { writableLength: 0, writeHead: () => undefined, end });
  const retrieve = (_: unknown, sink: InstanceSink) => {
    sink.begin({ sopClassUid: '1.2.4', sopInstanceUid: '1.2.3', transferSyntaxUid: syntax });
    sink.write(dataSet);
    sink.end();
    return Promise.resolve({ undelivered: [] });
  };
  const wishes = parseAccept('application/dicom+json', 'metadata');
  if (!wishes.ok) throw new Error(wishes.reason);
  const answer = await service.answer({
    exchange: {
      response,
      path: `/drimbox/rs/studies/1.2.1${level}/metadata`,
      signal: new AbortController().signal,
    } as unknown as Exchange,
    pacs: { retrieve } as unknown as Pacs,
    manifest: { kosSopInstanceUid: '1.2.9' } as ServableManifest,
    resource,
    expected: [{ seriesInstanceUid: '1.2.2', sopInstanceUid: '1.2.3', sopClassUid: '1.2.4' }],
    ins: undefined,
    wishes: wishes.value,
  });
  await answer.send(() => Promise.resolve());
  return Buffer.concat(chunks).toString();
}

describe('metadata', () => {
  it.each(['first asked for', 'kept from another level'])(
    'name their pixel data where they are served: %s',
    async (how) => {
      const service = new MetadataService();
      for (const level of how === 'first asked for' ? levels.slice(1) : levels) {
        const [instance] = JSON.parse(await metadataAt(service, level)) as Record<string, { BulkDataURI: string }>[];
        const asked = `https://pacs.example:8441/drimbox/rs/studies/1.2.1${level[0]}/metadata`;
        expect(new URL(instance['7FE00010'].BulkDataURI, asked).pathname).toBe(
          '/drimbox/rs/studies/1.2.1/series/1.2.2/instances/1.2.3/frames/1',
        );
      }
    },
  );
});
