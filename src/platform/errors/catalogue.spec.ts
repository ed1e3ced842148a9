import { defineErrors, describeCause, GatewayError } from '.';

const entry = { code: 'spec.one', status: 503, caller: 'Later.', operator: 'Look.', retryAfterSeconds: 4 };

describe('error catalogue', () => {
  const errors = defineErrors('spec', { one: entry });

  it('refuses a code used twice or outside its room', () => {
    expect(() => defineErrors('spec', { again: entry })).toThrow('twice');
    expect(() => defineErrors('other', { foreign: { ...entry, code: 'spec.two' } })).toThrow('outside');
  });

  it('finds the catalogue error nearest to the surface', () => {
    const inner = new GatewayError(errors.one, { detail: 'inner' });
    expect(GatewayError.of(new Error('outer', { cause: inner }))).toBe(inner);
    expect(GatewayError.of(new Error('plain'))).toBeUndefined();
    expect(GatewayError.of('text')).toBeUndefined();
  });

  it('carries the delay of the catalogue unless a peer told another', () => {
    expect(new GatewayError(errors.one).retryAfterSeconds).toBe(4);
    expect(new GatewayError(errors.one, { retryAfterSeconds: 9 }).retryAfterSeconds).toBe(9);
  });

  it('describes a chain of causes in one line, and ends with circular ones', () => {
    const low = Object.assign(new Error('refused'), { code: 'ECONNREFUSED' });
    expect(describeCause(new Error('cannot ask', { cause: low }))).toBe('cannot ask <- refused (ECONNREFUSED)');
    const loop = new Error('loop');
    loop.cause = loop;
    expect(describeCause(loop).length).toBeLessThan(200);
  });
});
