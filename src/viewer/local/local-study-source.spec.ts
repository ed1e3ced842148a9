import type { InstanceSink, Pacs, RetrievalOutcome, RetrievalRequest } from '../../connectors/pacs';
import { encodeElement, EXPLICIT_LITTLE } from '../../standards/dicom';
import type { ViewerStudy } from '../dicomweb/study-source';
import { InstanceStore } from './instance-store';
import { LocalStudySource } from './local-study-source';

const explicitLittle = '1.2.840.10008.1.2.1';
const ct = '1.2.840.10008.5.1.4.1.1.2';
const never = new AbortController().signal;

function dataSetOf(study: string, series: string, instance: string): Buffer {
  const uid = (tag: number, value: string) =>
    encodeElement(tag, 'UI', Buffer.from(value.length % 2 ? `${value}\0` : value), EXPLICIT_LITTLE);
  const pixels = encodeElement(0x7fe00010, 'OW', Buffer.alloc(64, 7), EXPLICIT_LITTLE);
  return Buffer.concat([uid(0x00080018, instance), uid(0x0020000d, study), uid(0x0020000e, series), pixels]);
}

const study = {
  studyInstanceUid: '1.2',
  patient: { birthFamilyName: '', firstGivenName: '', birthDate: '', gender: '' },
  series: ['1.2.1', '1.2.2'].map((seriesInstanceUid) => ({
    seriesInstanceUid,
    instances: [1, 2].map((number) => ({ sopInstanceUid: `${seriesInstanceUid}.${number}`, sopClassUid: ct })),
  })),
} as ViewerStudy;

type Send = (request: RetrievalRequest, sink: InstanceSink) => Promise<void> | void;

/** A PACS that sends what the test says, in small pieces. */
function pacsThat(send: Send): { pacs: Pacs; asked: RetrievalRequest[] } {
  const asked: RetrievalRequest[] = [];
  const retrieve = async (request: RetrievalRequest, sink: InstanceSink): Promise<RetrievalOutcome> => {
    asked.push(request);
    await send(request, sink);
    return {} as RetrievalOutcome;
  };
  return { pacs: { retrieve } as unknown as Pacs, asked };
}

function deliver(sink: InstanceSink, sopInstanceUid: string, dataset: Buffer): void {
  sink.begin({ sopClassUid: ct, sopInstanceUid, transferSyntaxUid: explicitLittle });
  for (let at = 0; at < dataset.length; at += 16) sink.write(dataset.subarray(at, at + 16));
  sink.end();
}

const sendAll: Send = ({ instances }, sink) => {
  for (const { seriesInstanceUid, sopInstanceUid } of instances)
    deliver(sink, sopInstanceUid, dataSetOf('1.2', seriesInstanceUid, sopInstanceUid));
};

const sourceOn = (pacs: Pacs, bytesMax = 1_000_000) =>
  new LocalStudySource({ study, locate: async () => pacs, store: new InstanceStore(bytesMax), objectBytesMax: 10_000 });

describe('a study of the local PACS', () => {
  it('fetches the series that is looked at first, then the others, each once', async () => {
    const { pacs, asked } = pacsThat(sendAll);
    const source = sourceOn(pacs);
    expect(source.progress().series.map(({ arrived }) => arrived)).toEqual([0, 0]);
    const { dataset } = await source.instance('1.2.2.1', never);
    expect(dataset).toEqual(dataSetOf('1.2', '1.2.2', '1.2.2.1'));
    await source.instance('1.2.1.2', never);
    source.prefer('1.2.1');
    expect(asked.map(({ seriesInstanceUid }) => seriesInstanceUid)).toEqual(['1.2.2', '1.2.1']);
    expect(source.progress().series.map(({ arrived }) => arrived)).toEqual([2, 2]);
    const head = await source.head('1.2.1.1', never);
    expect([head.pixelDataFollows, head.head.length]).toEqual([true, dataset.length - 64 - 12]);
  });
  it('fetches an image again when memory had to let it go', async () => {
    const { pacs, asked } = pacsThat(sendAll);
    const source = sourceOn(pacs, 300);
    await source.instance('1.2.2.2', never);
    await source.instance('1.2.1.2', never);
    const [one, same] = await Promise.all([source.instance('1.2.2.1', never), source.instance('1.2.2.1', never)]);
    expect(one).toBe(same);
    expect(asked.at(-1)?.instances.map(({ sopInstanceUid }) => sopInstanceUid)).toEqual(['1.2.2.1']);
  });
  it('shows nothing of another study that comes under the same name', async () => {
    const { pacs } = pacsThat(({ instances }, sink) => {
      for (const { seriesInstanceUid, sopInstanceUid } of instances)
        deliver(sink, sopInstanceUid, dataSetOf('9.9', seriesInstanceUid, sopInstanceUid));
    });
    const source = sourceOn(pacs);
    await expect(source.instance('1.2.1.1', never)).rejects.toMatchObject({ code: 'viewer.image-foreign' });
    expect(source.hasArrived('1.2.1.1')).toBe(false);
  });
  it('gives up what does not come, and keeps what came', async () => {
    const { pacs } = pacsThat(({ instances }, sink) => {
      const [first] = instances;
      if (first) deliver(sink, first.sopInstanceUid, dataSetOf('1.2', first.seriesInstanceUid, first.sopInstanceUid));
      throw new Error('the PACS went away');
    });
    const source = sourceOn(pacs);
    await source.instance('1.2.1.1', never);
    await expect(source.instance('1.2.1.2', never)).rejects.toMatchObject({ code: 'viewer.image-unavailable' });
    expect(source.progress().series[0]).toMatchObject({ arrived: 1, failed: 1 });
    expect(source.progress().trouble).toMatch(/image/);
  });
  it('asks again for what it gave up, and for nothing else', async () => {
    let isAway = true;
    const { pacs, asked } = pacsThat((request, sink) => {
      if (!isAway) return sendAll(request, sink);
      const [first] = request.instances;
      if (first) deliver(sink, first.sopInstanceUid, dataSetOf('1.2', first.seriesInstanceUid, first.sopInstanceUid));
      throw new Error('the PACS went away');
    });
    const source = sourceOn(pacs);
    source.prefer('1.2.1');
    await expect(source.instance('1.2.1.2', never)).rejects.toMatchObject({ code: 'viewer.image-unavailable' });
    await expect(source.instance('1.2.2.2', never)).rejects.toMatchObject({ code: 'viewer.image-unavailable' });
    isAway = false;
    asked.length = 0;
    source.retry();
    await Promise.all(['1.2.1.2', '1.2.2.2'].map((uid) => source.instance(uid, never)));
    expect(source.progress().trouble).toBeUndefined();
    expect(source.progress().series).toMatchObject([
      { arrived: 2, failed: 0 },
      { arrived: 2, failed: 0 },
    ]);
    const again = asked.flatMap(({ instances }) => instances.map(({ sopInstanceUid }) => sopInstanceUid));
    expect(again).toEqual(['1.2.1.2', '1.2.2.2']);
  });
  it('refuses an object larger than it holds, a cut one, and one that is not listed', async () => {
    const { pacs } = pacsThat(({ instances }, sink) => {
      const [first, second] = instances;
      if (first) deliver(sink, first.sopInstanceUid, Buffer.alloc(10_001));
      if (second)
        sink.begin({ sopClassUid: ct, sopInstanceUid: second.sopInstanceUid, transferSyntaxUid: explicitLittle });
      sink.cut(new Error('cut'));
    });
    const source = sourceOn(pacs);
    await expect(source.instance('1.2.1.1', never)).rejects.toMatchObject({ code: 'viewer.image-unreadable' });
    await expect(source.instance('1.2.1.2', never)).rejects.toMatchObject({ code: 'viewer.image-unreadable' });
    await expect(source.instance('7.7', never)).rejects.toMatchObject({ code: 'viewer.not-granted' });
  });
  it('stops with its viewer', async () => {
    let release: () => void = () => undefined;
    const { pacs } = pacsThat(() => new Promise<void>((resolve) => (release = resolve)));
    const source = sourceOn(pacs);
    const wait = source.instance('1.2.1.1', never);
    source.close();
    release();
    await expect(wait).rejects.toMatchObject({ code: 'viewer.grant-unknown' });
  });
});
