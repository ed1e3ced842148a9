import { createHash } from 'node:crypto';
import { canonicalJson, canonicalRecord, ChainableRecord, chainHash, genesis } from './canonical';

const record: ChainableRecord = {
  id: '42',
  at: '2026-11-21T08:00:00.000000Z',
  kind: 'viewer.opened',
  outcome: 'success',
  correlation_id: null,
  actor: { professionalName: 'ÉLODIE', professionalId: '899900000017' },
  patient_matricule: '299999999999989',
  patient_oid: '1.2.250.1.213.1.4.10',
  study_instance_uid: null,
  document_unique_id: null,
  instances: 3,
  bytes: '1099511627776',
  duration_ms: null,
  error_code: null,
  facts: {},
};

describe('canonical JSON (RFC 8785)', () => {
  it.each<[unknown, string]>([
    [{ b: 1, a: [true, null, 'x'], '': 0 }, '{"":0,"a":[true,null,"x"],"b":1}'],
    [
      { '\u20ac': 1, '\r': 2, '\ufb33': 3, '1': 4, '\ud83d\ude00': 5, '\u0080': 6, ö: 7 },
      '{"\\r":2,"1":4,"\u0080":6,"ö":7,"€":1,"😀":5,"\ufb33":3}',
    ],
    [[333333333.33333329, 1e30, 4.5, 2e-3, 1e-27], '[333333333.3333333,1e+30,4.5,0.002,1e-27]'],
    ['\u20ac$\u000f\na\'B"\\/', '"€$\\u000f\\na\'B\\"\\\\/"'],
    [{ given: undefined, kept: null }, '{"kept":null}'],
  ])('%j', (value, text) => expect(canonicalJson(value)).toBe(text));

  it('refuses what JSON does not know', () => expect(() => canonicalJson(() => 1)).toThrow(TypeError));
});

describe('a line of the chain', () => {
  const text =
    '{"actor":{"professionalId":"899900000017","professionalName":"ÉLODIE"},"at":"2026-11-21T08:00:00.000000Z",' +
    '"bytes":"1099511627776","facts":{},"id":"42","instances":3,"kind":"viewer.opened","outcome":"success",' +
    '"patient_matricule":"299999999999989","patient_oid":"1.2.250.1.213.1.4.10"}';

  it('is one text, whatever the order of its members, and without what is absent', () => {
    expect(canonicalRecord(record)).toBe(text);
    expect(canonicalRecord(Object.fromEntries(Object.entries(record).reverse()) as unknown as ChainableRecord)).toBe(
      text,
    );
    expect(canonicalJson(JSON.parse(canonicalRecord(record)))).toBe(text);
  });

  it('is hashed as docs/adr/0007 tells', () => {
    const chainedAt = '2026-11-21T08:00:01.000Z';
    const told = `drimbox-audit-1\n${'00'.repeat(32)}\n1\n${chainedAt}\n${text}`;
    const hash = chainHash({ sequence: 1n, chainedAt, previous: genesis }, canonicalRecord(record));
    expect(hash.toString('hex')).toBe(createHash('sha256').update(told).digest('hex'));
  });

  it.each<[string, Partial<ChainableRecord>]>([
    ['id', { id: '43' }],
    ['an absent value', { error_code: '' }],
    ['an actor', { actor: { professionalId: '899900000017' } }],
    ['text between members', { correlation_id: '","id":"42' }],
  ])('has another hash with another %s', (_, change) => {
    const at = { sequence: 1n, chainedAt: 'x', previous: genesis };
    expect(chainHash(at, canonicalRecord({ ...record, ...change }))).not.toEqual(
      chainHash(at, canonicalRecord(record)),
    );
  });
});
