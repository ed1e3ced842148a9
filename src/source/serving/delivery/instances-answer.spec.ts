import { EventEmitter } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { RetrievalOutcome } from '../../../connectors/pacs';
import type { Transcoder } from '../../../platform/transcoding';
import type { InsToInsert } from '../../../standards/dicom';
import { parseAccept, WishList } from '../../../standards/dicomweb';
import { InstancesAnswer } from './instances-answer';

const explicit = '1.2.840.10008.1.2.1';
const header = (at: number, transferSyntaxUid = explicit) => ({
  sopClassUid: '1.2.3',
  sopInstanceUid: `1.2.${at}`,
  transferSyntaxUid,
});
/** (0008,0060) CS "CT", then pixel data of four bytes. */
const dataSet = Buffer.from('080060004353020043547fe0'.slice(0, 20) + 'e07f10004f57000004000000' + '01020304', 'hex');
const ins = { matricule: '279035121518989', oid: '1.2.250.1.213.1.4.10', issuer: undefined };
const complete = { undelivered: [] } as unknown as RetrievalOutcome;

class Response extends EventEmitter {
  headersSent = false;
  destroyed = false;
  writableLength = 0;
  status = 0;
  chunks: Buffer[] = [];
  ended = false;
  writeHead(status: number) {
    this.status = status;
    this.headersSent = true;
  }
  write(chunk: Buffer) {
    this.chunks.push(chunk);
    return true;
  }
  end(chunk: Buffer, done: () => void) {
    this.chunks.push(chunk);
    this.ended = true;
    done();
  }
  get text() {
    return Buffer.concat(this.chunks).toString('latin1');
  }
}

function wishes(accept: string): WishList {
  const read = parseAccept([accept], 'instances');
  if (!read.ok) throw new Error(read.reason);
  return read.value;
}

describe('an answer of whole instances', () => {
  const open = (
    accept = 'multipart/related; type="application/dicom"; transfer-syntax=*',
    objectBytesMax = 1_000,
    given: InsToInsert = ins,
  ) => {
    const response = new Response();
    const abort = new AbortController();
    const answer = new InstancesAnswer({
      response: response as unknown as ServerResponse,
      wishes: wishes(accept),
      ins: given,
      transcoder: {
        canConvert: (from: string, { to }: { to: string }) => from === explicit && to === '1.2.840.10008.1.2.4.80',
        convert: () => Promise.reject(new Error('no')),
      } as unknown as Transcoder,
      objectBytesMax,
      abort,
    });
    return { response, abort, answer };
  };
  const give = (answer: InstancesAnswer, at: number, bytes: Buffer, step = 3) => {
    answer.begin(header(at));
    for (let from = 0; from < bytes.length; from += step) answer.write(bytes.subarray(from, from + step));
    answer.end();
  };
  const recorded = { count: 0, before: async () => void (recorded.count += 1) };

  it('sends each with the INS, records, then ends', async () => {
    const { response, answer } = open();
    recorded.count = 0;
    for (const at of [1, 2]) give(answer, at, dataSet);
    expect(response.ended).toBe(false);
    await answer.finish(complete, recorded.before);
    expect([response.status, response.ended, recorded.count, answer.parts]).toEqual([200, true, 1, 2]);
    expect(response.text.split(ins.matricule)).toHaveLength(3);
    expect(response.text.endsWith('--\r\n') || response.text.endsWith('--')).toBe(true);
  });

  it('an instance cut short before anything left: an error can still be told, the retrieval stops', async () => {
    const { response, abort, answer } = open();
    give(answer, 1, dataSet.subarray(0, -1));
    expect(answer.failed?.code).toBe('serving.object-unreadable');
    expect(abort.signal.aborted).toBe(true);
    await expect(answer.finish(complete, recorded.before)).rejects.toMatchObject({ code: 'serving.object-unreadable' });
    expect([response.headersSent, response.ended]).toEqual([false, false]);
  });

  it('never ends when an instance was not delivered', async () => {
    const { response, answer } = open();
    give(answer, 1, dataSet);
    const undelivered = [{ ...header(2), seriesInstanceUid: '1', reason: 'failed' as const }];
    recorded.count = 0;
    await expect(answer.finish({ ...complete, undelivered }, recorded.before)).rejects.toMatchObject({
      code: 'serving.incomplete',
    });
    expect([response.ended, recorded.count]).toEqual([false, 0]);
  });

  it('never ends when the PACS cut an instance', async () => {
    const { response, answer } = open();
    answer.begin(header(1));
    answer.write(dataSet.subarray(0, 12));
    answer.cut(new Error('lost'));
    await expect(answer.finish(complete, recorded.before)).rejects.toMatchObject({ code: 'serving.incomplete' });
    expect(response.ended).toBe(false);
  });

  it('never ends when the record cannot be written', async () => {
    const { response, answer } = open();
    give(answer, 1, dataSet);
    await expect(answer.finish(complete, () => Promise.reject(new Error('no database')))).rejects.toThrow(
      'no database',
    );
    expect(response.ended).toBe(false);
  });

  it('406 for what cannot be converted, and for an object too large to be', () => {
    const refused = open('multipart/related; type="application/dicom"; transfer-syntax=1.2.840.10008.1.2.4.102');
    refused.answer.begin(header(1));
    expect(refused.answer.failed?.code).toBe('serving.not-acceptable');
    const large = open('multipart/related; type="application/dicom"; transfer-syntax=1.2.840.10008.1.2.4.80', 10);
    large.answer.begin(header(1));
    large.answer.write(dataSet);
    expect(large.answer.failed?.code).toBe('serving.object-too-large');
  });

  it('asks for silence while the caller takes nothing, and goes on once it does', async () => {
    const { response, answer } = open();
    answer.begin(header(1));
    response.writableLength = 2 << 20;
    expect(answer.write(dataSet)).toBe(false);
    let isDrained = false;
    const drained = answer.drained().then(() => (isDrained = true));
    await new Promise((resolve) => setImmediate(resolve));
    expect(isDrained).toBe(false);
    response.writableLength = 0;
    response.emit('drain');
    await drained;
  });

  it('a syntax that nobody knows, or an INS that cannot be written, ends this answer and nothing else', async () => {
    const unknown = open();
    expect(() => unknown.answer.begin(header(1, '1.2.840.113619.5.2'))).not.toThrow();
    expect(unknown.answer.write(dataSet)).toBe(true);
    unknown.answer.end();
    expect([unknown.answer.failed?.code, unknown.abort.signal.aborted]).toEqual(['serving.object-unreadable', true]);
    const unwritable = open(undefined, undefined, { ...ins, issuer: 'identité' });
    expect(() => unwritable.answer.begin(header(1))).not.toThrow();
    expect([unwritable.answer.failed?.code, unwritable.response.headersSent]).toEqual(['serving.failed', false]);
    await expect(unwritable.answer.finish(complete, recorded.before)).rejects.toMatchObject({ code: 'serving.failed' });
  });
});
