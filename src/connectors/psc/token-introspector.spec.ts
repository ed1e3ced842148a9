import { Claims } from './professional';
import { IntrospectionPolicy, TokenIntrospector } from './token-introspector';

const issuer = 'https://psc.test';
const start = Date.parse('2026-11-21T10:00:00Z');
const seconds = (fromStart: number) => start / 1_000 + fromStart;

/** An endpoint that answers what the test says, and counts. */
class Endpoint {
  asked = 0;
  answer: Claims | Error = claims();

  ask = async (): Promise<Claims> => {
    this.asked += 1;
    await Promise.resolve();
    if (this.answer instanceof Error) throw this.answer;
    return this.answer;
  };
  issuer = async (): Promise<string> => issuer;
}

function claims(more: Claims = {}): Claims {
  return {
    active: true,
    iss: issuer,
    sub: 'f:x:899900000017',
    exp: seconds(120),
    azp: 'drimbox-a',
    SubjectNameID: '899900000017',
    ...more,
  };
}

describe('the introspector', () => {
  let endpoint: Endpoint;
  let now: number;
  const policy: IntrospectionPolicy = {
    cacheMs: 15_000,
    cacheEntriesMax: 2,
    allowedClients: [],
    allowedAudiences: [],
    tokenBinding: 'ignored',
  };
  const make = (more: Partial<IntrospectionPolicy> = {}) =>
    new TokenIntrospector(endpoint, { ...policy, ...more }, () => now);

  beforeEach(() => {
    endpoint = new Endpoint();
    now = start;
  });

  it('believes an answer for its time and never past the end of the token', async () => {
    endpoint.answer = claims({ exp: seconds(8) });
    const introspector = make();
    await introspector.introspect('abc');
    now += 7_000;
    await introspector.introspect('abc');
    expect(endpoint.asked).toBe(1);
    now += 2_000;
    await introspector.introspect('abc');
    expect(endpoint.asked).toBe(2);
  });

  it('asks again after its time even when the token lives on', async () => {
    const introspector = make();
    await introspector.introspect('abc');
    now += 15_001;
    endpoint.answer = { active: false };
    await expect(introspector.introspect('abc')).rejects.toMatchObject({ code: 'psc.token-inactive' });
  });

  it('remembers a refusal shortly, and a failure not at all', async () => {
    const introspector = make();
    endpoint.answer = { active: false };
    await expect(introspector.introspect('abc')).rejects.toMatchObject({ code: 'psc.token-inactive' });
    await expect(introspector.introspect('abc')).rejects.toMatchObject({ code: 'psc.token-inactive' });
    expect(endpoint.asked).toBe(1);
    endpoint.answer = new Error('network');
    await expect(introspector.introspect('def')).rejects.toThrow('network');
    endpoint.answer = claims();
    await expect(introspector.introspect('def')).resolves.toBeDefined();
  });

  it('forgets the least recently used token first', async () => {
    const introspector = make();
    for (const token of ['a', 'b', 'a', 'c', 'a']) await introspector.introspect(token);
    expect(endpoint.asked).toBe(3);
    await introspector.introspect('b');
    expect(endpoint.asked).toBe(4);
  });

  it('shares one question among those who ask together, and its failure too', async () => {
    const introspector = make();
    endpoint.answer = new Error('network');
    const all = await Promise.allSettled(Array.from({ length: 5 }, () => introspector.introspect('abc')));
    expect(all.every((one) => one.status === 'rejected')).toBe(true);
    expect(endpoint.asked).toBe(1);
  });

  it.each<[string, Claims, Partial<IntrospectionPolicy>, string]>([
    ['not active', { active: false }, {}, 'psc.token-inactive'],
    ['active as a text', { active: 'true' }, {}, 'psc.token-inactive'],
    ['past its end', { exp: seconds(-6) }, {}, 'psc.token-inactive'],
    ['past its end, told as a text', { exp: String(seconds(-6)) }, {}, 'psc.token-inactive'],
    ['with an end that is no time', { exp: 'tomorrow' }, {}, 'psc.token-inactive'],
    ['with a beginning that is no time', { nbf: {} }, {}, 'psc.token-inactive'],
    ['not valid yet', { nbf: seconds(6) }, {}, 'psc.token-inactive'],
    ['of another issuer', { iss: 'https://ailleurs.test' }, {}, 'psc.token-foreign'],
    ['of a client that is not allowed', {}, { allowedClients: ['drimbox-b'] }, 'psc.token-foreign'],
    [
      'of no client when clients are limited',
      { azp: undefined },
      { allowedClients: ['drimbox-b'] },
      'psc.token-foreign',
    ],
    ['for another audience', { aud: ['x', 'y'] }, { allowedAudiences: ['z'] }, 'psc.token-foreign'],
    ['for no audience when audiences are limited', {}, { allowedAudiences: ['z'] }, 'psc.token-foreign'],
    ['for an audience that is no text', { aud: [7, null] }, { allowedAudiences: ['z'] }, 'psc.token-foreign'],
    ['of nobody', { SubjectNameID: undefined, sub: 'service-account' }, {}, 'psc.token-foreign'],
  ])('refuses a token %s', async (_, more, limits, code) => {
    endpoint.answer = claims(more);
    await expect(make(limits).introspect('abc')).rejects.toMatchObject({ code });
  });

  it.each<[string, Claims, Partial<IntrospectionPolicy>]>([
    ['within the clock tolerance', { exp: seconds(-4), nbf: seconds(4) }, {}],
    ['without issuer and end', { iss: undefined, exp: undefined }, {}],
    [
      'of an allowed client told as client_id',
      { azp: undefined, client_id: 'drimbox-b' },
      { allowedClients: ['drimbox-b'] },
    ],
    ['whose audience is one text', { aud: 'z' }, { allowedAudiences: ['z'] }],
    [
      'that names its holder by preferred_username',
      { SubjectNameID: undefined, preferred_username: '899900000017' },
      {},
    ],
    ['that names its holder in the subject only', { SubjectNameID: undefined }, {}],
  ])('accepts a token %s', async (_, more, limits) => {
    endpoint.answer = claims(more);
    await expect(make(limits).introspect('abc')).resolves.toMatchObject({ professional: { rpps: '99900000017' } });
  });

  it.each<[IntrospectionPolicy['tokenBinding'], string | undefined, string | undefined, boolean]>([
    ['ignored', 'other', 'mine', true],
    ['when-named', undefined, 'mine', true],
    ['when-named', 'mine', 'mine', true],
    ['when-named', 'other', 'mine', false],
    ['when-named', 'other', undefined, false],
    ['required', 'mine', 'mine', true],
    ['required', undefined, 'mine', false],
    ['required', undefined, undefined, false],
    ['required', 'other', 'mine', false],
  ])('with binding %s and a token bound to %s, brought by %s: admitted %s', async (tokenBinding, bound, mine, ok) => {
    endpoint.answer = claims(bound === undefined ? {} : { cnf: { 'x5t#S256': bound } });
    const introspector = make({ tokenBinding });
    const bearer = mine === undefined ? undefined : { certificateThumbprint: mine };
    // The second time from memory: the same token may come over another connection.
    for (let time = 0; time < 2; time++) {
      const asked = introspector.introspect('abc', undefined, bearer);
      await (ok
        ? expect(asked).resolves.toBeDefined()
        : expect(asked).rejects.toMatchObject({ code: 'psc.token-foreign' }));
    }
    expect(endpoint.asked).toBe(1);
  });

  it.each(['', 'deux mots', 'a\r\nb', 'é', 'x'.repeat(8_193)])('does not even ask about %j', async (token) => {
    await expect(make().introspect(token)).rejects.toMatchObject({ code: 'psc.token-missing' });
    expect(endpoint.asked).toBe(0);
  });
});
