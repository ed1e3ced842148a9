import { GatewayError } from '../../../platform/errors';
import type { RetrievalOutcome, UndeliveredInstance } from '../../../connectors/pacs';
import { addIns } from '../metadata/json-ins';
import { MetadataCache } from '../metadata/metadata-cache';
import { SingleInstance } from './single-instance';
import { refuseUndelivered } from './undelivered';

const header = { sopClassUid: '1.2', sopInstanceUid: '1.3', transferSyntaxUid: '1.2.840.10008.1.2.1' };

describe('what was not delivered', () => {
  const outcome = (...reasons: UndeliveredInstance['reason'][]) =>
    ({
      undelivered: reasons.map((reason, at) => ({
        ...header,
        sopInstanceUid: `1.${at}`,
        seriesInstanceUid: '1',
        reason,
      })),
    }) as unknown as RetrievalOutcome;
  const codeOf = (work: () => void) => {
    try {
      work();
      return 'none';
    } catch (error) {
      return (error as GatewayError).code;
    }
  };

  it.each([
    [[], 'none'],
    [['not-in-pacs'], 'serving.gone'],
    [['not-in-pacs', 'not-in-pacs'], 'serving.gone'],
    [['failed'], 'serving.incomplete'],
    [['not-in-pacs', 'failed'], 'serving.incomplete'],
    [['unreadable'], 'serving.object-unreadable'],
    [['unreadable', 'failed'], 'serving.incomplete'],
  ] as [UndeliveredInstance['reason'][], string][])('%j: %s', (reasons, code) => {
    expect(codeOf(() => refuseUndelivered(outcome(...reasons)))).toBe(code);
  });

  it('names twenty at most', () => {
    const many = outcome(...Array.from({ length: 500 }, () => 'failed' as const));
    expect(() => refuseUndelivered(many)).toThrow(
      expect.objectContaining({ detail: expect.stringMatching(/^500 not delivered/) }),
    );
    try {
      refuseUndelivered(many);
    } catch (error) {
      expect((error as GatewayError).detail?.split(',')).toHaveLength(20);
    }
  });
});

describe('one instance held whole', () => {
  it('is whole only after its end', () => {
    const single = new SingleInstance(10, new AbortController());
    single.begin(header);
    single.write(Buffer.from('abc'));
    expect(single.whole).toBeUndefined();
    single.end();
    expect(single.whole?.chunks).toHaveLength(1);
  });

  it('beyond the limit: fails, stops the retrieval, keeps nothing', () => {
    const abort = new AbortController();
    const single = new SingleInstance(10, abort);
    single.begin(header);
    for (let i = 0; i < 5; i++) single.write(Buffer.alloc(4));
    expect(single.failed?.code).toBe('serving.object-too-large');
    expect(abort.signal.aborted).toBe(true);
  });

  it('cut: is never whole', () => {
    const single = new SingleInstance(10, new AbortController());
    single.begin(header);
    single.write(Buffer.from('abc'));
    single.cut(new Error('cut'));
    expect([single.whole, single.failed?.code]).toEqual([undefined, 'serving.incomplete']);
  });
});

describe('metadata kept', () => {
  it('forgets the manifest that was used least recently beyond its limit', () => {
    const cache = new MetadataCache();
    const large = 'x'.repeat(50 * 1024 * 1024);
    for (const kos of ['a', 'b']) {
      cache.of(kos).set('1', large);
      cache.keep(kos);
    }
    cache.of('a');
    cache.of('c').set('1', large);
    cache.keep('c');
    expect([cache.of('a').size, cache.of('c').size, cache.of('b').size]).toEqual([1, 1, 0]);
  });

  it('keeps the one in use even alone beyond the limit, and counts it once', () => {
    const cache = new MetadataCache();
    cache.of('a').set('1', 'x'.repeat(130 * 1024 * 1024));
    cache.keep('a');
    cache.keep('a');
    expect(cache.of('a').size).toBe(1);
    cache.of('b').set('1', 'y');
    cache.keep('b');
    expect([cache.of('b').size, cache.of('a').size]).toEqual([1, 0]);
  });
});

describe('the INS in metadata', () => {
  const ins = { matricule: '279035121518989', oid: '1.2.250.1.213.1.4.10', issuer: 'ASIP-SANTE-INS-NIR' };
  const values = (json: ReturnType<typeof addIns>) => json['00101002']?.Value as { '00100020': { Value: string[] } }[];

  it('is added behind earlier identifiers, once', () => {
    const earlier = { '00100020': { vr: 'LO', Value: ['LOCAL1'] } };
    const once = addIns({ '00101002': { vr: 'SQ', Value: [earlier] } }, ins);
    expect(values(once).map((item) => item['00100020'].Value[0])).toEqual(['LOCAL1', ins.matricule]);
    expect(addIns(once, ins)).toBe(once);
  });

  it('is recognised by the OID of its issuer, however the issuer is named', () => {
    const once = addIns({}, { ...ins, issuer: 'INS-NIR' });
    expect(values(addIns(once, ins))).toHaveLength(1);
    expect(values(addIns(once, { ...ins, oid: '1.2.250.1.213.1.4.8' }))).toHaveLength(2);
  });
});
