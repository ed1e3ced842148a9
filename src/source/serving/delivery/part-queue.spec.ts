import { EventEmitter } from 'node:events';
import type { ServerResponse } from 'node:http';
import { readPartTen, splitParts } from '../../../../test/support/wado-client';
import type { RetrievalOutcome } from '../../../connectors/pacs';
import type { Transcoder } from '../../../platform/transcoding';
import { InsInserter } from '../../../standards/dicom';
import { parseAccept } from '../../../standards/dicomweb';
import { HeldBytes } from './held-bytes';
import { InstancesAnswer } from './instances-answer';

const explicit = '1.2.840.10008.1.2.1';
const jpegLs = '1.2.840.10008.1.2.4.80';
const mebibyte = 1024 * 1024;
const storedBytes = 1_000;
const convertedBytes = 3 * mebibyte;
const ins = { matricule: '279035121518989', oid: '1.2.250.1.213.1.4.10', issuer: undefined };

/** (0008,0060) CS, then pixel data of one value repeated. */
function dataSet(value: number, bytes: number): Buffer {
  const head = Buffer.from('08006000435302004354e07f10004f57000000000000', 'hex');
  head.writeUInt32LE(bytes, head.length - 4);
  return Buffer.concat([head, Buffer.alloc(bytes, value)]);
}

/** A caller who takes what is written when told to. */
class Response extends EventEmitter {
  headersSent = false;
  destroyed = false;
  writableEnded = false;
  writableLength = 0;
  headers: Record<string, string> = {};
  readonly chunks: Buffer[] = [];
  isReading = false;

  writeHead(_status: number, headers: Record<string, string>) {
    this.headers = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
    this.headersSent = true;
  }
  write(chunk: Buffer) {
    this.chunks.push(Buffer.from(chunk));
    this.writableLength += chunk.length;
    if (this.isReading) this.take();
    return true;
  }
  end(chunk: Buffer, done: () => void) {
    this.chunks.push(chunk);
    this.writableEnded = true;
    done();
  }
  read() {
    this.isReading = true;
    this.take();
  }
  get bytes() {
    return this.chunks.reduce((sum, { length }) => sum + length, 0);
  }
  private take() {
    setImmediate(() => {
      this.writableLength = 0;
      this.emit('drain');
    });
  }
}

describe('objects converted for a caller', () => {
  const open = (heldMax = 100 * mebibyte, convert = (value: number) => dataSet(value, convertedBytes)) => {
    const response = new Response();
    const memory = new HeldBytes(heldMax);
    const held = memory.open();
    const accepted = parseAccept(
      [`multipart/related; type="application/dicom"; transfer-syntax=${explicit}`],
      'instances',
    );
    if (!accepted.ok) throw new Error(accepted.reason);
    const abort = new AbortController();
    const answer = new InstancesAnswer({
      response: response as unknown as ServerResponse,
      wishes: accepted.value,
      ins,
      transcoder: {
        canConvert: (from: string, { to }: { to: string }) => from === jpegLs && to === explicit,
        // Of the stored object, the last byte says which one it is.
        convert: ({ dataset }: { dataset: Buffer[] }) => Promise.resolve([convert(dataset.at(-1)?.at(-1) ?? 0)]),
      } as unknown as Transcoder,
      objectBytesMax: 10 * mebibyte,
      held,
      abort,
    });
    return { response, memory, held, answer, abort };
  };
  const header = (at: number, transferSyntaxUid: string) => ({
    sopClassUid: '1.2.3',
    sopInstanceUid: `1.2.${at}`,
    transferSyntaxUid,
  });
  const give = (answer: InstancesAnswer, at: number) => {
    answer.begin(header(at, jpegLs));
    const isReady = answer.write(dataSet(at, storedBytes));
    answer.end();
    return isReady;
  };
  const settled = async () => {
    for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
  };
  const complete = { undelivered: [] } as unknown as RetrievalOutcome;
  const recorded = () => Promise.resolve();
  const partsOf = (response: Response) =>
    splitParts({ headers: response.headers, body: Buffer.concat(response.chunks) }).map(({ body }) => {
      const { sopInstanceUid, dataSet: bytes } = readPartTen(body);
      const value = bytes.at(-1) ?? 0;
      const pixels = bytes.subarray(bytes.length - (bytes.length > mebibyte ? convertedBytes : storedBytes));
      return [sopInstanceUid, value, pixels.every((byte) => byte === value), bytes.includes(ins.matricule)];
    });

  it('who never reads: little is in the response, the rest is counted, and the PACS is asked for silence', async () => {
    const { response, memory, answer } = open();
    expect([1, 2, 3, 4].map((at) => give(answer, at))).toEqual([true, true, true, true]);
    await settled();
    expect(response.bytes).toBeLessThan(1.5 * mebibyte);
    expect(memory.bytes).toBeGreaterThan(4 * convertedBytes);
    answer.begin(header(5, jpegLs));
    expect(answer.write(dataSet(5, storedBytes))).toBe(false);
    let isDrained = false;
    const drained = answer.drained().then(() => (isDrained = true));
    await settled();
    expect([isDrained, answer.failed]).toEqual([false, undefined]);
    response.read();
    await drained;
    answer.end();
    await answer.finish(complete, recorded);
    expect(memory.bytes).toBe(0);
    expect(partsOf(response)).toEqual([1, 2, 3, 4, 5].map((at) => [`1.2.${at}`, at, true, true]));
  });

  it('one that passes, begun while a converted one is half written, comes after it; the next ones wait for its end', async () => {
    const { response, answer } = open();
    for (const at of [1, 2, 3, 4]) give(answer, at);
    await settled();
    answer.begin(header(9, explicit));
    const bytes = dataSet(9, storedBytes);
    answer.write(bytes.subarray(0, 100));
    response.read();
    // Four are converted and none of them may be sent: the one that passes is not held up by that.
    await answer.drained();
    expect(answer.write(bytes.subarray(100))).toBe(true);
    answer.end();
    await answer.finish(complete, recorded);
    const uids = partsOf(response).map(([uid]) => uid);
    expect(uids).toEqual(['1.2.1', '1.2.9', '1.2.2', '1.2.3', '1.2.4']);
    expect(partsOf(response).every(([, , isWhole, hasIns]) => isWhole && hasIns)).toBe(true);
  });

  it('memory of all requests used up by what was converted: busy, and what was held is given back', async () => {
    const { memory, held, answer, abort } = open(2 * convertedBytes);
    for (const at of [1, 2]) give(answer, at);
    await settled();
    expect([answer.failed?.code, abort.signal.aborted]).toEqual(['serving.busy', true]);
    await expect(answer.finish(complete, recorded)).rejects.toMatchObject({ code: 'serving.busy' });
    await settled();
    expect(memory.bytes).toBe(0);
    held.close();
  });

  it('a caller who leaves, or a PACS that fails, ends the wait', async () => {
    for (const end of ['left', 'cut'] as const) {
      const { response, memory, answer } = open();
      for (const at of [1, 2, 3]) give(answer, at);
      await settled();
      if (end === 'left') {
        response.destroyed = true;
        response.emit('close');
      } else answer.cut(new Error('lost'));
      await answer.finish(complete, recorded).catch(() => undefined);
      expect(memory.bytes).toBe(0);
    }
  });

  it('another patient in what was converted: refused as when it passes', async () => {
    const inserter = new InsInserter({ transferSyntaxUid: explicit, ins: { ...ins, matricule: '180035121518901' } });
    const other = Buffer.concat([...inserter.push(dataSet(1, storedBytes)), ...inserter.end()]);
    const { answer } = open(undefined, () => other);
    give(answer, 1);
    await settled();
    expect(answer.failed?.code).toBe('serving.patient-contradicted');
  });
});
