import fc from 'fast-check';
import {
  commandField,
  decodeAssociateAccept,
  decodeAssociateRequest,
  decodeCommand,
  DimseFault,
  encodeAssociateAccept,
  encodeAssociateReject,
  encodeAssociateRequest,
  encodeCommand,
  encodePData,
  fragmentLimit,
  noDataSet,
  PduReader,
  pduType,
  releaseRequest,
  writePDataHeader,
} from '.';

const limits = { maxPduLength: 16_384, maxControlLength: 65_536 };

/** What a reader tells, pieces of one part joined. */
function read(chunks: Buffer[]): string[] {
  const told: string[] = [];
  let part = Buffer.alloc(0);
  const reader = new PduReader(
    {
      control: (type, body) => told.push(`control ${type} ${body.toString('hex')}`),
      data: (id, isCommand, piece, end) => {
        part = Buffer.concat([part, piece]);
        if (!end) return;
        told.push(`${isCommand ? 'command' : 'data'} ${id} ${part.toString('hex')}`);
        part = Buffer.alloc(0);
      },
    },
    limits,
  );
  for (const chunk of chunks) reader.feed(chunk);
  return told;
}

const request = {
  calledAeTitle: 'PACS',
  callingAeTitle: 'DRIMBOX',
  contexts: [
    { id: 1, abstractSyntax: '1.2.840.10008.1.1', transferSyntaxes: ['1.2.840.10008.1.2', '1.2.840.10008.1.2.1'] },
  ],
  user: {
    maxPduLength: 16_384,
    implementationClassUid: '2.25.1',
    implementationVersionName: 'TEST',
    roles: [{ sopClassUid: '1.2.840.10008.5.1.4.1.1.2', scu: false, scp: true }],
  },
};
const echo = {
  affectedSopClassUid: '1.2.840.10008.1.1',
  commandField: commandField.echoRq,
  messageId: 7,
  dataSetType: noDataSet,
};

describe('PduReader', () => {
  const stream = Buffer.concat([
    encodeAssociateRequest(request),
    encodePData(1, true, encodeCommand(echo), 20),
    encodePData(3, false, Buffer.from('0123456789'), 4),
    encodePData(3, false, Buffer.alloc(0), 4),
    releaseRequest,
  ]);
  const whole = read([stream]);

  it('tells control PDUs, commands and data sets in order', () => {
    expect(whole.map((line) => line.split(' ').slice(0, 2).join(' '))).toEqual([
      'control 1',
      'command 1',
      'data 3',
      'data 3',
      'control 5',
    ]);
    expect(decodeCommand(Buffer.from(whole[1].split(' ')[2], 'hex'))).toEqual(echo);
  });

  it('tells the same whichever byte the stream is cut at, and byte by byte', () => {
    for (let cut = 1; cut < stream.length; cut++) {
      expect(read([stream.subarray(0, cut), stream.subarray(cut)])).toEqual(whole);
    }
    expect(read([...stream].map((byte) => Buffer.from([byte])))).toEqual(whole);
  });

  it('tells the same for any cutting', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 60 }), { maxLength: 60 }), (sizes) => {
        const chunks: Buffer[] = [];
        let offset = 0;
        for (const size of sizes) chunks.push(stream.subarray(offset, (offset += size)));
        expect(read([...chunks, stream.subarray(offset)])).toEqual(whole);
      }),
    );
  });

  it('gives views of the bytes fed, not copies', () => {
    const bytes = encodePData(1, false, Buffer.from('abcdef'), 100);
    const pieces: Buffer[] = [];
    new PduReader({ control: () => undefined, data: (_id, _c, piece) => pieces.push(piece) }, limits).feed(bytes);
    expect(pieces[0].buffer).toBe(bytes.buffer);
  });

  it.each([
    ['another protocol', Buffer.from('GET / HTTP/1.1\r\n'), 'unknown-pdu'],
    ['a P-DATA beyond the announced length', Buffer.from([4, 0, 0, 0, 0x40, 1]), 'pdu-too-long'],
    ['a length of 4 GiB', Buffer.from([4, 0, 0xff, 0xff, 0xff, 0xff]), 'pdu-too-long'],
    ['a huge association request', Buffer.from([1, 0, 0x7f, 0, 0, 0]), 'pdu-too-long'],
    ['an empty P-DATA', Buffer.from([4, 0, 0, 0, 0, 0]), 'malformed-pdu'],
    ['a data value longer than its PDU', Buffer.from([4, 0, 0, 0, 0, 8, 0, 0, 0, 9, 1, 2]), 'malformed-pdv'],
    ['a data value without room for its header', Buffer.from([4, 0, 0, 0, 0, 8, 0, 0, 0, 1, 1, 2]), 'malformed-pdv'],
    ['bytes left over', Buffer.from([4, 0, 0, 0, 0, 8, 0, 0, 0, 2, 1, 2, 0, 0]), 'malformed-pdv'],
  ])('refuses %s', (_what, bytes, code) => {
    expect(() => read([bytes])).toThrow(expect.objectContaining({ code }) as Error);
  });

  it('throws nothing but DimseFault on any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          read([Buffer.from([1 + ((bytes[0] ?? 0) % 7), 0, 0, 0, 0, ...bytes])]);
        } catch (error) {
          expect(error).toBeInstanceOf(DimseFault);
        }
      }),
    );
  });
});

describe('association PDUs', () => {
  it('come back as they were', () => {
    const { applicationContextKnown, ...back } = decodeAssociateRequest(encodeAssociateRequest(request).subarray(6));
    expect(applicationContextKnown).toBe(true);
    expect(back).toEqual(request);
    const accept = { ...request, contexts: [{ id: 1, result: 0, transferSyntax: '1.2.840.10008.1.2' }] };
    expect(decodeAssociateAccept(encodeAssociateAccept(accept).subarray(6))).toEqual(accept);
    expect(encodeAssociateReject({ result: 1, source: 1, reason: 7 })[0]).toBe(pduType.associateRj);
  });

  it('are refused when cut, and never crash otherwise', () => {
    const body = encodeAssociateRequest(request).subarray(6);
    for (let length = 0; length < body.length; length++) {
      const cut = body.subarray(0, length);
      try {
        decodeAssociateRequest(cut);
      } catch (error) {
        expect(error).toBeInstanceOf(DimseFault);
      }
    }
    fc.assert(
      fc.property(fc.nat(body.length - 1), fc.nat(255), (at, value) => {
        const bad = Buffer.from(body);
        bad[at] = value;
        try {
          decodeAssociateRequest(bad);
        } catch (error) {
          expect(error).toBeInstanceOf(DimseFault);
        }
      }),
    );
  });

  it('refuses even and repeated context identifiers', () => {
    const bad = (ids: number[]) =>
      encodeAssociateRequest({ ...request, contexts: ids.map((id) => ({ ...request.contexts[0], id })) }).subarray(6);
    expect(() => decodeAssociateRequest(bad([2]))).toThrow(DimseFault);
    expect(() => decodeAssociateRequest(bad([1, 1]))).toThrow(DimseFault);
  });
});

describe('command sets', () => {
  it('come back as they were, even length, group length right', () => {
    const command = {
      ...echo,
      affectedSopInstanceUid: '1.2.3',
      moveOriginatorAeTitle: 'ABC',
      moveOriginatorMessageId: 9,
      status: 0xff00,
    };
    const bytes = encodeCommand(command);
    expect(bytes.length % 2).toBe(0);
    expect(bytes.readUInt32LE(8)).toBe(bytes.length - 12);
    expect(decodeCommand(bytes)).toEqual(command);
  });

  it('are refused when cut, of another group, or with a wrong length', () => {
    const bytes = encodeCommand(echo);
    for (let length = 1; length < bytes.length - 1; length++) {
      expect(() => decodeCommand(bytes.subarray(0, length))).toThrow(DimseFault);
    }
    const other = Buffer.from(bytes);
    other.writeUInt16LE(8, 12);
    expect(() => decodeCommand(other)).toThrow(DimseFault);
  });
});

describe('sending', () => {
  it.each([
    [0, 131_072, 131_066],
    [16_384, 131_072, 16_378],
    [7, 131_072, 2],
    [1_000_000, 131_072, 131_066],
  ])('a peer maximum of %d with our cap %d gives fragments of %d bytes', (peer, cap, bytes) => {
    expect(fragmentLimit(peer, cap)).toBe(bytes);
  });

  it('writes the header of a data value', () => {
    const out = Buffer.alloc(12);
    writePDataHeader(out, 0, { contextId: 5, isCommand: false, isLast: true, length: 10 });
    expect(out.toString('hex')).toBe('040000000010' + '0000000c' + '0502');
  });
});
