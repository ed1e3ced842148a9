import { connect } from 'node:net';
import { demoObjects } from '../support/demo-objects';
import { instancePath, seriesPath } from '../support/demo-objects';
import { manyCopies } from '../support/many-copies';
import { OrthancServer } from '../support/orthanc';
import { pause, PublishedStudy, TestSandbox, until } from '../support/sandbox';
import { TamperingProxy } from '../support/tampering-proxy';
import { splitParts } from '../support/wado-client';

/** Real: the gateway process, PostgreSQL, Orthanc, TLS. Between the gateway and Orthanc, a proxy that does harm on demand. */

const copies = 120;
const bigEndian = 'multipart/related; type="application/dicom"; transfer-syntax=1.2.840.10008.1.2.2';
const silenceMs = 3_000;
const stallMs = 3_000;
const leastBytesPerSecond = 1_000_000;

describe('hostile peers and a hostile PACS', () => {
  let sandbox: TestSandbox;
  let orthanc: OrthancServer;
  let proxy: TamperingProxy;
  let big: PublishedStudy;
  let small: PublishedStudy;
  let bigBytes = 0;
  const bodies: string[] = [];

  beforeAll(async () => {
    const [opened, demo] = await Promise.all([TestSandbox.open(), demoObjects({ instances: 4, columns: 512 })]);
    sandbox = opened;
    orthanc = await OrthancServer.start({ noDelay: true });
    proxy = await TamperingProxy.start(() => orthanc.dicomPort);
    const [, prior, mr] = demo.studies;
    const large = manyCopies(prior, demo.files.get(prior.objects[0].sopInstanceUid)!, copies);
    for (const file of large.files) {
      bigBytes += file.length;
      expect(await orthanc.load([file])).toBe(1);
    }
    await orthanc.load(mr.objects.map(({ sopInstanceUid }) => demo.files.get(sopInstanceUid)!));
    await startGateway();
    const published = await sandbox.publish([large.study, mr]);
    [big, small] = [published[0], published[1]];
  });
  afterAll(async () => {
    await sandbox?.stop();
    await Promise.all([orthanc?.stop(), proxy?.stop()]);
  });
  beforeEach(() => {
    proxy.tampering = {};
  });
  afterEach(() => {
    expect(sandbox.isRunning).toBe(true);
  });

  const startGateway = () =>
    sandbox.startGateway(
      [{ id: 'pacs', kind: 'dimse', host: '127.0.0.1', port: proxy.port, aeTitle: 'PACS', retrieve: 'get' }],
      {
        DRIMBOX_DICOM_SILENCE_MS: String(silenceMs),
        DRIMBOX_EXCHANGE_STALL_MS_MAX: String(stallMs),
        DRIMBOX_EXCHANGE_READ_BYTES_PER_SECOND_MIN: String(leastBytesPerSecond),
      },
    );
  const stillServes = async () => {
    const answer = await sandbox.client().get(instancePath(small), await sandbox.headersFor(small));
    expect([answer.status, splitParts(answer).length]).toEqual([200, 1]);
  };
  const heldBytes = async () => Number(/^drimbox_serving_held_bytes (\d+)$/m.exec(await sandbox.metrics())?.[1]);
  const request = async (study: PublishedStudy, path = seriesPath(study), more = '') => {
    const { pathname, host } = new URL(sandbox.url);
    const { accept, kos, token } = await sandbox.headersFor(study);
    return `GET ${pathname}${path} HTTP/1.1\r\nHost: ${host}\r\nAuthorization: Bearer ${token}\r\nKOS-SOPInstanceUID: ${kos}\r\nAccept: ${String(accept)}\r\n${more}\r\n`;
  };

  it('serves a large series whole', async () => {
    const answer = await sandbox.client().get(seriesPath(big), await sandbox.headersFor(big));
    expect(answer).toMatchObject({ status: 200, cut: false });
    expect(new Set(splitParts(answer).map(({ body }) => body.toString('latin1', 0, 600))).size).toBe(copies);
  });

  describe('callers', () => {
    it('one who leaves stops the retrieval: the PACS is told (C-CANCEL), one record says so', async () => {
      proxy.tampering = { bytesPerSecond: 8_000_000 };
      const cancels = proxy.cancels;
      const left = await sandbox.audited(async () => {
        const leaving = new AbortController();
        const answer = await sandbox
          .client()
          .open(seriesPath(big), { ...(await sandbox.headersFor(big)), signal: leaving.signal });
        answer.on('error', () => undefined);
        await new Promise((resolve) => answer.once('data', resolve));
        const bytesBefore = proxy.bytesFromTarget;
        leaving.abort();
        await until('the C-CANCEL', () => proxy.cancels > cancels);
        await pause(300);
        expect(proxy.bytesFromTarget - bytesBefore).toBeLessThan(bigBytes / 2);
      });
      expect(left).toHaveLength(1);
      expect(left[0]).toMatchObject({ kind: 'serving.failed', outcome: 'failure', error_code: 'serving.caller-left' });
      proxy.tampering = {};
      await stillServes();
    });

    it('several of one series at once share one retrieval, each gets all of it', async () => {
      proxy.tampering = { bytesPerSecond: 30_000_000 };
      const before = proxy.bytesFromTarget;
      const answers = await Promise.all(
        Array.from({ length: 4 }, async () => sandbox.client().get(seriesPath(big), await sandbox.headersFor(big))),
      );
      for (const answer of answers) expect([answer.cut, splitParts(answer).length]).toEqual([false, copies]);
      expect(proxy.bytesFromTarget - before).toBeLessThan(bigBytes * 2);
    });

    it('those who never read cost little memory, are let go, and hold nobody up', async () => {
      await stillServes();
      const before = sandbox.rssMiB();
      const sockets = await Promise.all(Array.from({ length: 8 }, () => sandbox.client().raw()));
      const asStored = await request(big);
      const converted = asStored.replace(/^Accept: .*$/m, `Accept: ${bigEndian}`);
      const closed = sockets.map((socket) => new Promise<void>((resolve) => socket.once('close', () => resolve())));
      sockets.forEach((socket, at) => {
        socket.pause();
        socket.write(at % 2 ? converted : asStored);
      });
      await until('something converted waits for its callers', async () => (await heldBytes()) > 0);
      await pause(1_500);
      // Four callers, of each four objects: stored, then what came of them.
      expect(await heldBytes()).toBeLessThan((4 * 4 * 1.1 * bigBytes) / copies);
      // They may keep the PACS busy until they are let go, not longer.
      const answer = await sandbox.client().get(seriesPath(small), await sandbox.headersFor(small));
      expect(splitParts(answer)).not.toHaveLength(0);
      // Unbounded, eight copies of the series would be 480 MiB.
      expect(sandbox.rssMiB() - before).toBeLessThan(160);
      const letGo = async () => {
        const rows = await sandbox.query<{ count: string }>(
          "SELECT count(*) FROM audit_record WHERE error_code IN ('serving.stalled', 'pacs.reader-too-slow')",
        );
        return Number(rows[0]?.count) >= sockets.length;
      };
      await until('all of them let go', letGo, 20 * stallMs);
      for (const socket of sockets) socket.resume();
      await Promise.all(closed);
      expect(await heldBytes()).toBe(0);
    });

    it('a slow one gets everything, within bounded memory', async () => {
      const before = sandbox.rssMiB();
      const answer = await sandbox.client().open(seriesPath(big), await sandbox.headersFor(big));
      const chunks: Buffer[] = [];
      let sinceMs = Date.now();
      let most = 0;
      let sincePause = 0;
      for await (const chunk of answer) {
        chunks.push(chunk as Buffer);
        sincePause += (chunk as Buffer).length;
        if (sincePause > 4_000_000) {
          sincePause = 0;
          await pause(150);
        }
        if (Date.now() - sinceMs > 500) {
          sinceMs = Date.now();
          most = Math.max(most, sandbox.rssMiB() - before);
        }
      }
      expect(splitParts({ headers: answer.headers, body: Buffer.concat(chunks) })).toHaveLength(copies);
      expect(most).toBeLessThan(100);
    });

    it('one who takes a little now and then never stalls, and is let go all the same', async () => {
      const letGo = async () => {
        const stalled = "SELECT count(*) FROM audit_record WHERE error_code = 'serving.stalled'";
        return Number((await sandbox.query<{ count: string }>(stalled))[0]?.count);
      };
      const before = await letGo();
      const [record] = await sandbox.audited(async () => {
        const socket = await sandbox.client().raw();
        const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
        socket.pause();
        socket.write(await request(big));
        const drip = setInterval(() => socket.read(16_384), 50);
        await until('the end of its answer', async () => (await letGo()) > before, 30 * stallMs).finally(() => {
          clearInterval(drip);
          socket.resume();
        });
        await closed;
      });
      expect(record).toMatchObject({ kind: 'serving.failed', outcome: 'failure', error_code: 'serving.stalled' });
      expect(Number(record.bytes)).toBeGreaterThan(0);
      await stillServes();
    });

    it('200 connections at once are all answered', async () => {
      const headers = await sandbox.headersFor(small);
      const clients = Array.from({ length: 200 }, () => sandbox.client());
      const answers = await Promise.all(clients.map((client) => client.get(instancePath(small), headers)));
      expect(answers.map(({ status }) => status).filter((status) => status !== 200)).toEqual([]);
      for (const client of clients) client.close();
    });

    it('one who is being served when the gateway stops is cut, and the record says whose doing it was', async () => {
      // Far longer than the time that a stop leaves to answers under way.
      proxy.tampering = { bytesPerSecond: 400_000 };
      const records = await sandbox.audited(async () => {
        const answer = await sandbox.client().open(seriesPath(big), await sandbox.headersFor(big));
        expect(answer.statusCode).toBe(200);
        await new Promise((resolve) => answer.once('data', resolve));
        const cut = new Promise<boolean>((resolve) => {
          answer.once('error', () => resolve(true)).once('end', () => resolve(!answer.complete));
          answer.resume();
        });
        await sandbox.gateway.stop();
        expect(await cut).toBe(true);
      });
      proxy.tampering = {};
      const served = records.filter(({ kind }) => kind.startsWith('serving.'));
      expect(served).toHaveLength(1);
      expect(served[0]).toMatchObject({
        kind: 'serving.failed',
        outcome: 'failure',
        error_code: 'serving.closing',
        study_instance_uid: big.studyInstanceUid,
      });
      expect(Number(served[0].bytes)).toBeGreaterThan(0);
      await startGateway();
      await stillServes();
    });

    const { code, status } = { code: /"code":"([a-z.-]+)"/, status: /^HTTP\/1.1 (\d+)/ };
    it.each([
      [
        'a header without end',
        async () => `GET / HTTP/1.1\r\nX-Long: ${'a'.repeat(64 * 1024)}`,
        '431',
        'platform.headers-too-large',
      ],
      [
        'a huge Accept',
        async () => request(small, undefined, `Accept: ${'multipart/related, '.repeat(3_000)}\r\n`),
        '431',
        'platform.headers-too-large',
      ],
      [
        'a large Accept',
        async () => request(small, undefined, `Connection: close\r\nAccept: ${'x/y;q=0.1,'.repeat(2_000)}\r\n`),
        '400',
        'serving.header-invalid',
      ],
      ['something that is not HTTP', async () => '\x00\x01\x02 nonsense\r\n\r\n', '400', 'platform.bad-request'],
      [
        'a lie about the length of the body',
        async () => request(small, undefined, 'Content-Length: 5\r\nContent-Length: 6\r\n'),
        '400',
        'platform.bad-request',
      ],
      [
        'smuggling',
        async () => request(small, undefined, 'Content-Length: 5\r\nTransfer-Encoding: chunked\r\n'),
        '400',
        'platform.bad-request',
      ],
    ])('%s: refused, with a correlation id', async (_name, bytes, expected, expectedCode) => {
      const received = await sandbox.client().exchange(await bytes(), 30_000);
      bodies.push(received);
      expect([status.exec(received)?.[1], code.exec(received)?.[1]]).toEqual([expected, expectedCode]);
      expect(received).toMatch(/x-correlation-id: [\w-]{8,}/i);
      await stillServes();
    });

    // Both wait for the same limit of the listener: together they cost it once.
    it('a header that comes byte by byte ends in 408, a connection that never begins TLS is closed', async () => {
      const silent = connect(sandbox.ports.exchange, '127.0.0.1');
      const closedUnheard = new Promise<void>((resolve) => silent.once('close', () => resolve()));
      silent.on('error', () => undefined);
      silent.resume();
      const socket = await sandbox.client().raw();
      let received = '';
      socket.on('data', (chunk: Buffer) => (received += chunk.toString('latin1')));
      const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
      const drip = setInterval(() => socket.writable && socket.write('X'), 500);
      socket.write('GET / HTTP/1.1\r\n');
      await closed;
      clearInterval(drip);
      expect(received).toMatch(/^HTTP\/1.1 408/);
      await closedUnheard;
    });

    it('rubbish in the middle of an answer never becomes part of it', async () => {
      proxy.tampering = { bytesPerSecond: 8_000_000 };
      const socket = await sandbox.client().raw();
      let received = Buffer.alloc(0);
      socket.on('data', (chunk: Buffer) => (received = Buffer.concat([received, chunk])));
      const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
      socket.write(await request(big));
      await until('the answer', () => received.length > 2_000_000);
      socket.write('\x00\x00 rubbish\r\n\r\n');
      await closed;
      expect(received.indexOf('HTTP/1.1 400')).toBe(-1);
      expect(received.subarray(-7).toString('latin1')).not.toBe('0\r\n\r\n');
    });
  });

  describe('a PACS', () => {
    const cutAnswer = async () => {
      const answer = await sandbox.client().get(seriesPath(big), await sandbox.headersFor(big));
      if (!answer.cut) bodies.push(answer.body.toString('latin1', 0, 2_000));
      expect(answer.cut || answer.status >= 500).toBe(true);
      if (answer.cut) expect(() => splitParts(answer)).toThrow();
      return answer;
    };
    const atPdu = (at: number, harm: (pdu: Buffer) => Buffer | 'cut' | 'stall') => {
      let seen = 0;
      proxy.tampering = { fromTarget: (pdu) => (pdu[0] === 4 && ++seen > at ? harm(pdu) : pdu) };
    };
    const changed = (pdu: Buffer, change: (copy: Buffer) => void) => {
      const copy = Buffer.from(pdu);
      change(copy);
      return copy;
    };

    it.each([
      ['a PDU far longer than agreed', (pdu: Buffer) => changed(pdu, (copy) => copy.writeUInt32BE(0xfffffff0, 2))],
      ['a PDU of no length', (pdu: Buffer) => changed(pdu, (copy) => copy.writeUInt32BE(0, 2))],
      ['a fragment longer than its PDU', (pdu: Buffer) => changed(pdu, (copy) => copy.writeUInt32BE(0x7fffffff, 6))],
      ['a fragment of no length', (pdu: Buffer) => changed(pdu, (copy) => copy.writeUInt32BE(0, 6))],
      ['a context never agreed', (pdu: Buffer) => changed(pdu, (copy) => copy.writeUInt8(253, 10))],
      ['an unknown PDU', (pdu: Buffer) => changed(pdu, (copy) => copy.writeUInt8(99, 0))],
      ['zeros', (pdu: Buffer) => Buffer.alloc(pdu.length)],
    ])(
      'that sends %s: the answer is cut or refused, never ended',
      async (_name, harm) => {
        for (const at of [0, 40]) {
          atPdu(at, harm);
          await cutAnswer();
        }
        proxy.tampering = {};
        await stillServes();
      },
      30_000,
    );

    it('that dies in mid-transfer: cut; once it is back, served again', async () => {
      proxy.tampering = { bytesPerSecond: 20_000_000 };
      const asked = cutAnswer();
      const before = proxy.bytesFromTarget;
      await until('the transfer', () => proxy.bytesFromTarget - before > 3_000_000);
      atPdu(0, () => 'cut');
      proxy.cutAll();
      expect((await asked).status).toBe(200);
      proxy.tampering = {};
      await stillServes();
    });

    it('that falls silent in mid-transfer: cut after the limit, not waited for', async () => {
      atPdu(300, () => 'stall');
      const startedMs = Date.now();
      await cutAnswer();
      expect(Date.now() - startedMs).toBeLessThan(silenceMs * 6);
      proxy.tampering = {};
      proxy.cutAll();
      await stillServes();
    });

    it('killed for real in mid-transfer', async () => {
      proxy.tampering = { bytesPerSecond: 10_000_000 };
      const asked = cutAnswer();
      const before = proxy.bytesFromTarget;
      await until('the transfer', () => proxy.bytesFromTarget - before > 3_000_000);
      orthanc.kill('SIGKILL');
      await asked;
      const refused = await sandbox.client().get(seriesPath(small), await sandbox.headersFor(small));
      bodies.push(refused.body.toString());
      expect(refused.status).toBe(502);
      expect(refused.headers['content-type']).toBe('application/problem+json');
    });
  });

  it('no log line, metric or error body named the patient or held a token', async () => {
    const said = [sandbox.log(), await sandbox.metrics(), ...bodies].join('\n');
    expect(said.length).toBeGreaterThan(1_000);
    for (const { patient } of [big, small]) {
      for (const secret of [patient.family, patient.given, patient.ins, patient.patientId, patient.birthDate]) {
        expect([secret, said.includes(secret)]).toEqual([secret, false]);
      }
    }
    expect(said).not.toContain(await sandbox.token());
  });
});
