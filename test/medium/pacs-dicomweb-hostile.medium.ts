import { createServer, IncomingMessage, Server, ServerResponse } from 'node:http';
import { AddressInfo } from 'node:net';
import { DicomWebPacs, DicomWebSettings, ExpectedInstance, RetrievalRequest } from '../../src/connectors/pacs';
import { encodeElement, encodeFileMeta, encodeText, EXPLICIT_LITTLE } from '../../src/standards/dicom';
import { RecordingSink } from '../support/recording-sink';

/** Real: HTTP over TCP, our client. Doubled: the PACS, by a server that misbehaves on purpose. */
const study = '1.2.3';
const seriesInstanceUid = '1.2.3.4';
const syntax = '1.2.840.10008.1.2.1';
const sopClassUid = '1.2.840.10008.5.1.4.1.1.2';
const expected: ExpectedInstance[] = Array.from({ length: 20 }, (_, i) => ({
  seriesInstanceUid,
  sopInstanceUid: `1.2.3.4.${i + 1}`,
  sopClassUid,
}));
const request: RetrievalRequest = { studyInstanceUid: study, seriesInstanceUid, instances: expected };

function dataSet(uid: string, pixelBytes = 2_000): Buffer {
  return Buffer.concat([
    encodeText(0x00080016, 'UI', sopClassUid, EXPLICIT_LITTLE),
    encodeText(0x00080018, 'UI', uid, EXPLICIT_LITTLE),
    encodeElement(0x7fe00010, 'OW', Buffer.alloc(pixelBytes, 7), EXPLICIT_LITTLE),
  ]);
}

function file(uid: string, pixelBytes?: number): Buffer {
  const meta = { transferSyntaxUid: syntax, mediaStorageSopClassUid: sopClassUid, mediaStorageSopInstanceUid: uid };
  return Buffer.concat([encodeFileMeta(meta), dataSet(uid, pixelBytes)]);
}

const type = 'multipart/related; type="application/dicom"; boundary=b1';
const partHead = '--b1\r\nContent-Type: application/dicom\r\n\r\n';
function body(files: readonly Buffer[]): Buffer {
  const parts = files.flatMap((one) => [Buffer.from(partHead), one, Buffer.from('\r\n')]);
  return Buffer.concat([...parts, Buffer.from('--b1--\r\n')]);
}
const whole = body(expected.map(({ sopInstanceUid }) => file(sopInstanceUid)));

type Answer = (response: ServerResponse, message: IncomingMessage, uid: string | undefined) => void;
const send = (response: ServerResponse, status: number, content?: Buffer, headers = {}): void =>
  void response.writeHead(status, { 'Content-Type': type, ...headers }).end(content);
const single: Answer = (response, _message, uid) => send(response, 200, body([file(uid ?? '')]));

describe('DICOMweb with a PACS that misbehaves', () => {
  let server: Server;
  let pacs: DicomWebPacs;
  let onSeries: Answer;
  let onSingle: Answer;
  let onQuery: Answer;
  let asked: string[];
  let closedEarly: number;

  const client = (settings: Partial<DicomWebSettings> = {}): DicomWebPacs => {
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/web`;
    const config = { id: 'bad', kind: 'dicomweb' as const, url, maxConnections: 4 };
    return new DicomWebPacs(config, { silenceMs: 3_000, partBytesMax: 100_000, ...settings });
  };

  beforeEach(async () => {
    asked = [];
    closedEarly = 0;
    onSeries = (response) => send(response, 200, whole);
    onSingle = single;
    onQuery = (response) => send(response, 204);
    server = createServer((message, response) => {
      const path = (message.url ?? '').split('?')[0];
      asked.push(path);
      response.on('close', () => (closedEarly += response.writableFinished ? 0 : 1));
      const uid = /\/series\/[^/]+\/instances\/([^/]+)$/.exec(path)?.[1];
      if (uid) onSingle(response, message, uid);
      else if (/\/series\/[^/]+$/.test(path)) onSeries(response, message, undefined);
      else onQuery(response, message, undefined);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    pacs = client();
  });
  afterEach(async () => {
    await pacs.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  async function retrieveAll(sink = new RecordingSink(), from = pacs) {
    const outcome = await from.retrieve(request, sink);
    expect(sink.faults).toEqual([]);
    for (const [uid, { dataSet: got }] of sink.received) expect(got.equals(dataSet(uid))).toBe(true);
    return { outcome, sink };
  }

  it('delivers each expected instance once, and no other', async () => {
    const strangers = ['9.9.1', '9.9.2'].map((uid) => file(uid));
    const twice = expected.slice(0, 3).map(({ sopInstanceUid }) => file(sopInstanceUid));
    onSeries = (response) =>
      send(response, 200, body([...strangers, ...twice, ...expected.map((one) => file(one.sopInstanceUid))]));
    const { outcome, sink } = await retrieveAll();
    expect(outcome).toMatchObject({ delivered: 20, undelivered: [], method: 'dicomweb' });
    expect(sink.received.size).toBe(20);
  });

  it.each<[string, Answer]>([
    ['ends between two parts, as if complete', (r) => send(r, 200, body([file('1.2.3.4.1'), file('1.2.3.4.2')]))],
    ['answers 500', (r) => send(r, 500)],
    ['answers 406', (r) => send(r, 406)],
    ['answers 404 for the series', (r) => send(r, 404)],
    ['says another boundary', (r) => send(r, 200, whole, { 'Content-Type': type.replace('b1', 'b2') })],
    ['says no boundary', (r) => send(r, 200, whole, { 'Content-Type': 'multipart/related' })],
    ['says another type', (r) => send(r, 200, whole, { 'Content-Type': 'text/html' })],
    [
      'gives parts of another type',
      (r) => send(r, 200, Buffer.from('--b1\r\nContent-Type: image/jpeg\r\n\r\nx\r\n--b1--')),
    ],
    ['compresses unasked', (r) => send(r, 200, whole, { 'Content-Encoding': 'gzip' })],
    ['gives parts that are no DICOM', (r) => send(r, 200, body(expected.map(() => Buffer.alloc(3_000, 1))))],
    ['never ends a part header', (r) => endless(r, Buffer.from('--b1\r\n'), Buffer.alloc(10_000, 0x61))],
    ['never ends what precedes the parts', (r) => endless(r, Buffer.from('x'), Buffer.alloc(10_000, 0x61))],
    [
      'sends nothing but strangers',
      (r) => endless(r, Buffer.alloc(0), Buffer.concat([Buffer.from(partHead), file('9.9')])),
    ],
  ])('asks for the instances alone when the PACS %s', async (_what, answer) => {
    onSeries = answer;
    const { outcome } = await retrieveAll();
    expect(outcome).toMatchObject({ delivered: 20, undelivered: [] });
  });

  /** Sends the piece again and again until the client goes; fails the test if it does not. */
  function endless(response: ServerResponse, first: Buffer, piece: Buffer): void {
    response.writeHead(200, { 'Content-Type': type });
    response.write(first);
    const more = (): void => {
      if (!response.destroyed && response.write(piece)) setImmediate(more);
    };
    response.on('drain', more);
    more();
  }

  it('names what the PACS does not hold and what it fails to give', async () => {
    onSeries = (response) => send(response, 500);
    onSingle = (response, message, uid) => {
      if (uid === '1.2.3.4.5') return send(response, 404);
      if (uid === '1.2.3.4.6') return send(response, 500);
      if (uid === '1.2.3.4.7') return send(response, 200, body([file('9.9')]));
      return single(response, message, uid);
    };
    const { outcome } = await retrieveAll();
    expect(outcome.delivered).toBe(17);
    expect(outcome.undelivered).toEqual([
      { ...expected[4], reason: 'not-in-pacs', status: 404 },
      { ...expected[5], reason: 'failed', status: 500 },
      { ...expected[6], reason: 'failed', status: 200 },
    ]);
    expect(asked.filter((path) => path.endsWith('/1.2.3.4.6'))).toHaveLength(1);
  });

  it('gives up on a server that fails for every instance', async () => {
    onSeries = onSingle = (response) => send(response, 500);
    const { outcome } = await retrieveAll();
    expect(outcome.undelivered).toHaveLength(20);
    expect(asked.length).toBeLessThan(30);
  });

  it('takes a bare DICOM file in the place of a part', async () => {
    const few = { ...request, instances: expected.slice(0, 2) };
    onSingle = (response, _message, uid) =>
      send(response, 200, file(uid ?? ''), { 'Content-Type': 'application/dicom' });
    expect(await pacs.retrieve(few, new RecordingSink())).toMatchObject({ delivered: 2, undelivered: [] });
    expect(asked).toHaveLength(2);
  });

  it('recognises by its data set a file whose meta group names another instance', async () => {
    const lying = (uid: string): Buffer =>
      Buffer.concat([file('7.7').subarray(0, -dataSet('7.7').length), dataSet(uid)]);
    onSeries = (response) => send(response, 200, body(expected.map(({ sopInstanceUid }) => lying(sopInstanceUid))));
    onSingle = (response, _message, uid) => send(response, 200, body([lying(uid ?? '')]));
    const { outcome } = await retrieveAll();
    expect(outcome).toMatchObject({ delivered: 20, undelivered: [] });
  });

  it('refuses and names an object of another study, and one whose data set names another instance', async () => {
    const said = (announced: string, uid: string, of: string): Buffer => {
      const meta = { transferSyntaxUid: syntax, mediaStorageSopClassUid: sopClassUid };
      const pixels = dataSet(uid).subarray(-2_012);
      return Buffer.concat([
        encodeFileMeta({ ...meta, mediaStorageSopInstanceUid: announced }),
        dataSet(uid).subarray(0, -2_012),
        encodeText(0x0020000d, 'UI', of, EXPLICIT_LITTLE),
        pixels,
      ]);
    };
    const of = (uid: string): Buffer =>
      uid === '1.2.3.4.2' ? said(uid, uid, '9.9') : uid === '1.2.3.4.3' ? said(uid, '9.9.9', study) : file(uid);
    onSeries = (response) => send(response, 200, body(expected.map(({ sopInstanceUid }) => of(sopInstanceUid))));
    onSingle = (response, _message, uid) => send(response, 200, body([of(uid ?? '')]));
    const { outcome, sink } = await retrieveAll();
    expect(outcome).toMatchObject({ delivered: 18 });
    expect(outcome.undelivered).toEqual([
      { ...expected[1], reason: 'foreign', status: 200 },
      { ...expected[2], reason: 'foreign', status: 200 },
    ]);
    expect([sink.received.has('1.2.3.4.2'), sink.received.has('9.9.9')]).toEqual([false, false]);
  });

  it('cuts the delivery when the PACS cuts an instance that was begun', async () => {
    onSeries = (response) => send(response, 500);
    const cut: Answer = (response, _message, uid) => {
      response.writeHead(200, { 'Content-Type': type });
      response.write(Buffer.concat([Buffer.from(partHead), file(uid ?? '').subarray(0, 1_500)]));
      setTimeout(() => response.destroy(), 50);
    };
    onSingle = cut;
    const sink = new RecordingSink();
    await expect(pacs.retrieve(request, sink)).rejects.toMatchObject({ code: 'pacs.lost' });
    expect(sink.cutReason).toBeDefined();
    expect(sink.faults).toEqual([]);
  });

  it('does not take for whole an instance whose closing delimiter is missing', async () => {
    const left = whole.subarray(0, whole.length - 10);
    onSeries = (response) => send(response, 200, left);
    const sink = new RecordingSink();
    await expect(pacs.retrieve(request, sink)).rejects.toMatchObject({ code: 'pacs.malformed' });
    expect(sink.received.has('1.2.3.4.20')).toBe(false);
    expect(sink.cutReason).toBeDefined();
  });

  it('refuses a part longer than allowed, and cuts it once begun', async () => {
    const long = (uid = '1.2.3.4.1'): Buffer => body([file(uid, 200_000)]);
    onSeries = onSingle = (response, _message, uid) => send(response, 200, long(uid));
    const { outcome } = await retrieveAll();
    expect(outcome).toMatchObject({ delivered: 0, undelivered: { length: 20 } });
    onSeries = onSingle = (response, _message, uid) => {
      response.writeHead(200, { 'Content-Type': type });
      response.write(long(uid).subarray(0, 50_000));
      setTimeout(() => response.end(long(uid).subarray(50_000)), 50);
    };
    const sink = new RecordingSink();
    await expect(pacs.retrieve(request, sink)).rejects.toMatchObject({ code: 'pacs.malformed' });
    expect(sink.cutReason).toBeDefined();
  });

  it('tells a silent PACS, before and within an answer', async () => {
    onSeries = onSingle = onQuery = () => undefined;
    await expect(pacs.retrieve(request, new RecordingSink())).rejects.toMatchObject({ code: 'pacs.too-slow' });
    await expect(pacs.echo()).rejects.toMatchObject({ code: 'pacs.too-slow' });
    onSeries = onSingle = (response, _message, uid) => {
      response.writeHead(200, { 'Content-Type': type });
      response.write(Buffer.concat([Buffer.from(partHead), file(uid ?? '1.2.3.4.2').subarray(0, 500)]));
    };
    await expect(pacs.retrieve(request, new RecordingSink())).rejects.toMatchObject({ code: 'pacs.too-slow' });
  });

  it('does not take a slow reader for a silent PACS', async () => {
    const some = { ...request, instances: expected.slice(0, 1) };
    const big = file(expected[0].sopInstanceUid, 8_000_000);
    const patient = client({ silenceMs: 1_000, partBytesMax: 10_000_000 });
    onSingle = (response) => send(response, 200, body([big]));
    const sink = new RecordingSink({ fullEvery: 60, pauseMs: 2_500 });
    expect(await patient.retrieve(some, sink)).toMatchObject({ delivered: 1 });
    await patient.close();
  });

  it('tells a busy PACS with its delay', async () => {
    onSeries = onSingle = (response) => send(response, 503, undefined, { 'Retry-After': '1' });
    const retrieved = pacs.retrieve(request, new RecordingSink());
    await expect(retrieved).rejects.toMatchObject({ code: 'pacs.too-many', retryAfterSeconds: 1 });
  });

  it('refuses redirects and never shows them our credentials', async () => {
    let elsewhere = 0;
    const other = createServer((_message, response) => {
      elsewhere += 1;
      response.end();
    });
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const location = `http://127.0.0.1:${(other.address() as AddressInfo).port}/`;
    onSeries = onSingle = onQuery = (response) => send(response, 302, undefined, { Location: location });
    await expect(pacs.retrieve(request, new RecordingSink())).rejects.toMatchObject({ code: 'pacs.refused' });
    await expect(pacs.findStudies({})).rejects.toMatchObject({ code: 'pacs.refused' });
    expect(elsewhere).toBe(0);
    await new Promise((resolve) => other.close(resolve));
  });

  it('tells a PACS that cannot be reached', async () => {
    const nobody = new DicomWebPacs({ id: 'no', kind: 'dicomweb', url: 'http://127.0.0.1:9/', maxConnections: 2 });
    await expect(nobody.retrieve(request, new RecordingSink())).rejects.toMatchObject({ code: 'pacs.unreachable' });
    await expect(nobody.echo()).rejects.toMatchObject({ code: 'pacs.unreachable' });
    await nobody.close();
  });

  it('closes the connections when the reader leaves, so that the PACS stops', async () => {
    onSeries = onSingle = (response, _message, uid) => {
      response.writeHead(200, { 'Content-Type': type });
      response.write(Buffer.concat([Buffer.from(partHead), file(uid ?? '1.2.3.4.2').subarray(0, 1_000)]));
    };
    const left = new AbortController();
    setTimeout(() => left.abort(new Error('the reader left')), 100);
    await expect(pacs.retrieve(request, new RecordingSink(), left.signal)).rejects.toThrow('left');
    for (let tries = 0; tries < 600 && closedEarly < 2; tries++)
      await new Promise((resolve) => setTimeout(resolve, 50));
    expect(closedEarly).toBe(2);
  });

  it('slows the PACS down instead of filling memory', async () => {
    const many = Array.from({ length: 400 }, (_, i) => ({ ...expected[0], sopInstanceUid: `1.2.3.4.${i + 1}` }));
    let sent = 0;
    onSeries = (response) => {
      response.writeHead(200, { 'Content-Type': type });
      let at = 0;
      const more = (): void => {
        for (; at < many.length; at++) {
          const piece = Buffer.concat([
            Buffer.from(partHead),
            file(many[at].sopInstanceUid, 90_000),
            Buffer.from('\r\n'),
          ]);
          sent += piece.length;
          if (!response.write(piece)) return void (at += 1);
        }
        response.end('--b1--\r\n');
      };
      response.on('drain', more);
      more();
    };
    onSingle = (response, _message, uid) => send(response, 200, body([file(uid ?? '', 90_000)]));
    let release: () => void = () => undefined;
    let stopped = false;
    const sink = new RecordingSink();
    sink.write = () => !(stopped = true);
    sink.drained = () => new Promise((resolve) => (release = resolve));
    const left = new AbortController();
    const retrieved = pacs.retrieve({ ...request, instances: many }, sink, left.signal);
    for (let tries = 0; tries < 600 && !stopped; tries++) await new Promise((resolve) => setTimeout(resolve, 50));
    expect(stopped).toBe(true);
    await new Promise((resolve) => setTimeout(resolve, 800));
    // What the sockets of both sides hold, and no more.
    expect(sent).toBeLessThan(16_000_000);
    left.abort(new Error('enough'));
    release();
    await expect(retrieved).rejects.toThrow('enough');
  });

  it.each<[string, Answer, string]>([
    [
      'is no JSON',
      (r) => send(r, 200, Buffer.from('<html>'), { 'Content-Type': 'application/json' }),
      'pacs.malformed',
    ],
    ['is HTML', (r) => send(r, 200, Buffer.from('<html>'), { 'Content-Type': 'text/html' }), 'pacs.malformed'],
    ['is no array', (r) => send(r, 200, Buffer.from('{}'), { 'Content-Type': 'application/json' }), 'pacs.malformed'],
    [
      'names nothing',
      (r) => send(r, 200, Buffer.from('[{}]'), { 'Content-Type': 'application/json' }),
      'pacs.malformed',
    ],
    ['is a refusal', (r) => send(r, 401), 'pacs.refused'],
    ['is an error', (r) => send(r, 500), 'pacs.failed'],
    ['is too long', (r) => endless(r, Buffer.from('['), Buffer.alloc(100_000, 0x20)), 'pacs.malformed'],
  ])('refuses an answer to a query that %s', async (_what, answer, code) => {
    onQuery = answer;
    const small = client({ jsonBytesMax: 1_000_000 });
    await expect(small.findStudies({ PatientID: '' })).rejects.toMatchObject({ code });
    await small.close();
  });
});
