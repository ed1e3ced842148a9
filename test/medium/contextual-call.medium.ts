import { DataSource } from 'typeorm';
import { demoPatients } from '../../sandbox/demo-data';
import { expositionText } from '../../src/platform/metrics';
import { PortalBench, startPortalBench } from '../support/portal-bench';
import { callOf } from '../support/record-seed';

const { thorax } = demoPatients;
const page = 'text/html,application/xhtml+xml';
const form = 'application/x-www-form-urlencoded';
const ris = 'https://ris.essai.fr';
const whole = new URLSearchParams(callOf(thorax)).toString();

/**
 * Who may call, and what becomes of calls that are not even read. Real: the whole gateway over HTTPS behind a trusted proxy, so
 * that each test calls from an address of its own.
 */
describe('callers of the contextual call', () => {
  let bench: PortalBench;
  let address = '10.0.0.1';
  let count = 0;

  beforeAll(async () => {
    bench = await startPortalBench({
      DRIMBOX_PUBLICATION_ENABLED: 'false',
      DRIMBOX_PORTAL_TRUSTED_PROXIES: '127.0.0.1,::1',
      DRIMBOX_PORTAL_LOGINS_PER_MINUTE: '1',
      DRIMBOX_CALL_ORIGINS: `${ris},null`,
      DRIMBOX_CALL_ADDRESSES: '10.0.0.0/8',
    });
  });
  afterAll(() => bench?.close());
  beforeEach(() => {
    address = `10.0.0.${++count}`;
  });

  const call = (body: string, headers: Record<string, string> = {}, path = '/contextual-call') =>
    bench
      .visitor()
      .post(path)
      .set({ 'Content-Type': form, Accept: 'application/json', 'X-Forwarded-For': address, ...headers })
      .send(body);

  const recorded = () =>
    bench.app.get(DataSource).query<{ outcome: string; error: string | null; address: string; peer?: string }[]>(
      `SELECT outcome, error_code AS error, actor->>'address' AS address, actor->>'peer' AS peer
           FROM audit_record WHERE kind = 'context.called' ORDER BY id`,
    );

  async function counted(): Promise<number> {
    const text = await expositionText();
    return Number(/contextual_calls_total\{outcome="error"\} (\d+)/.exec(text)?.[1] ?? 0);
  }

  /** One more in the trail and in the count, and what the trail says. */
  async function refusedOnce(act: () => Promise<void>) {
    const [records, errors] = [await recorded(), await counted()];
    await act();
    for (let round = 0; round < 1_200 && (await recorded()).length === records.length; round++)
      await new Promise((resolve) => setTimeout(resolve, 50));
    expect(await counted()).toBe(errors + 1);
    const added = (await recorded()).slice(records.length);
    expect(added).toHaveLength(1);
    return added[0];
  }

  it.each([
    ['the page of the RIS', { Origin: ris }],
    ['a page without origin, as listed', { Origin: 'null' }],
    ['a program', {}],
  ])('takes the call of %s', async (_who, headers) => {
    expect((await call(whole, headers)).status).toBe(303);
  });

  it.each([
    ['a foreign page', { Origin: 'https://ailleurs.test' }],
    ['a page of the same name in clear', { Origin: 'http://ris.essai.fr' }],
    ['a foreign address', { 'X-Forwarded-For': '192.0.2.7' }],
    ['a foreign address with the page of the RIS', { 'X-Forwarded-For': '192.0.2.8', Origin: ris }],
  ])('refuses the call of %s, and records who it was', async (_who, headers: Record<string, string>) => {
    const { Origin: peer = null, 'X-Forwarded-For': from = address } = headers;
    const record = await refusedOnce(async () => {
      const answer = await call(whole, headers);
      expect([answer.status, answer.type]).toEqual([403, 'application/problem+json']);
      expect(answer.body).toMatchObject({ code: 'context.caller-forbidden' });
      expect(answer.headers.location).toBeUndefined();
    });
    expect(record).toEqual({ outcome: 'refused', error: 'context.caller-forbidden', address: from, peer });
    const screen = await call(whole, { ...headers, Accept: page });
    expect([screen.status, screen.type]).toEqual([403, 'text/html']);
    expect(screen.text).toContain('autorisé à ouvrir un dossier');
    for (const { text } of [screen]) expect(text).not.toMatch(/ESSAIDRIM|19620112/);
  });

  it.each([
    ['JSON', 'application/json', JSON.stringify(callOf(thorax)), 400, 'platform.bad-request'],
    ['in another charset', `${form}; charset=utf-7`, 'a=b', 400, 'platform.bad-request'],
    ['too large', form, `a=${'b'.repeat(70_000)}`, 413, 'platform.too-large'],
    ['too large, without a type', '', `a=${'b'.repeat(70_000)}`, 413, 'platform.too-large'],
    ['of too many parameters', form, `${'a=b&'.repeat(100)}${whole}`, 413, 'platform.too-large'],
    ['of too many, without a type', 'text/plain', `${whole}${'&a=b'.repeat(100)}`, 413, 'platform.too-large'],
    ['empty', form, '', 400, 'context.call-refused'],
  ])('counts and records a call whose body is %s', async (_what, type, body, status, code) => {
    const record = await refusedOnce(async () => {
      const answer = await call(body, { 'Content-Type': type });
      expect([answer.status, (JSON.parse(answer.text) as { code: string }).code]).toEqual([status, code]);
      expect(answer.text).not.toContain('ESSAIDRIM');
    });
    expect(record).toEqual({ outcome: 'refused', error: code, address, peer: null });
  });

  it('takes a form without a type, and one that says it is text', async () => {
    for (const type of ['', 'text/plain;charset=UTF-8'])
      expect((await call(whole, { 'Content-Type': type })).status).toBe(303);
  });

  it('counts and records the calls beyond the rate limit, whatever the spelling of the path', async () => {
    for (let number = 0; number < 5; number++) expect((await call(whole)).status).toBe(303);
    for (const path of ['/contextual-call', '/Contextual-Call/']) {
      const record = await refusedOnce(async () => {
        const answer = await call(whole, {}, path);
        expect(answer.status).toBe(429);
        expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
      });
      expect(record).toEqual({ outcome: 'refused', error: 'platform.too-many-requests', address, peer: null });
    }
  });

  it('never writes a patient into the log', () => {
    expect(bench.log.length).toBeGreaterThan(5);
    expect(bench.log.join('')).not.toMatch(/ESSAIDRIM|CAMILLE|19620112/);
  });
});
