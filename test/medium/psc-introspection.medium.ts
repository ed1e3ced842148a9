import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { fetch } from 'undici';
import { introspectionEndpoint, IntrospectionPolicy, TokenIntrospector } from '../../src/connectors/psc';
import { PscBench, startPscBench } from '../support/psc-bench';

/** Real: a certified OpenID provider library over mutual TLS. Doubled: Pro Santé Connect's own users. */
const policy: IntrospectionPolicy = {
  cacheMs: 15_000,
  cacheEntriesMax: 100,
  allowedClients: [],
  allowedAudiences: [],
  tokenBinding: 'ignored',
};

describe('introspection at the sandbox Pro Santé Connect', () => {
  let bench: PscBench;
  const introspector = (more: Partial<IntrospectionPolicy> = {}) =>
    new TokenIntrospector(introspectionEndpoint(bench.provider), { ...policy, ...more });
  const questions = () => bench.psc.requests(/introspect/);

  beforeAll(async () => {
    bench = await startPscBench({ timeoutMs: 3_000 });
  });
  afterAll(() => bench.close());
  afterEach(() => bench.psc.behave({}));

  it('says who holds an active token, until when, and to which certificate it is bound', async () => {
    const token = await bench.psc.token('radiologue');
    const found = await introspector().introspect(token);
    expect(found.professional).toMatchObject({
      subjectNameId: '899900000017',
      rpps: '99900000017',
      family: 'ESSAI-RADIOLOGUE',
    });
    expect(found.clientId).toBe('drimbox-demonstration');
    expect(found.expiresAt!.getTime() - Date.now()).toBeGreaterThan(100_000);
    const certificate = new X509Certificate(await readFile(bench.pki.members.pscClient.leaf));
    expect(Buffer.from(found.confirmation!, 'base64url').toString('hex')).toBe(
      certificate.fingerprint256.replace(/:/g, '').toLowerCase(),
    );
  });

  it('gives tokens by the sandbox address, and none for a stranger', async () => {
    const answer = (await (
      await fetch(`${bench.psc.tokenAddress}generaliste`, { dispatcher: bench.agent })
    ).json()) as { access_token: string };
    await expect(introspector().introspect(answer.access_token)).resolves.toMatchObject({
      professional: { rpps: '99900000025' },
    });
    expect((await fetch(`${bench.psc.tokenAddress}personne`, { dispatcher: bench.agent })).status).toBe(404);
  });

  it('accepts the token of another gateway, unless the clients are limited', async () => {
    const token = await bench.psc.token('generaliste', 'drimbox-paire');
    await expect(introspector().introspect(token)).resolves.toMatchObject({ clientId: 'drimbox-paire' });
    await expect(introspector({ allowedClients: ['drimbox-demonstration'] }).introspect(token)).rejects.toMatchObject({
      code: 'psc.token-foreign',
    });
  });

  it('asks once for the same token, also when many ask at the same time', async () => {
    const token = await bench.psc.token('radiologue');
    const asker = introspector();
    const before = questions();
    await Promise.all(Array.from({ length: 20 }, () => asker.introspect(token)));
    await asker.introspect(token);
    expect(questions() - before).toBe(1);
  });

  it('refuses an unknown token, and one that the provider ended', async () => {
    await expect(introspector().introspect('inconnu')).rejects.toMatchObject({ code: 'psc.token-inactive' });
    const token = await bench.psc.token('radiologue');
    bench.psc.behave({ inactive: true });
    await expect(introspector().introspect(token)).rejects.toMatchObject({ code: 'psc.token-inactive' });
  });

  it.each([
    ['down', { down: true }],
    ['too slow', { slowMs: 20_000 }],
  ])('names a provider that is %s as unreachable, asks for patience, and recovers', async (_, behaviour) => {
    const token = await bench.psc.token('radiologue');
    await introspector().introspect(token);
    bench.psc.behave(behaviour);
    const refusal = introspector().introspect(token);
    await expect(refusal).rejects.toMatchObject({
      code: 'psc.unreachable',
      retryAfterSeconds: 5,
      entry: { status: 503 },
    });
    await refusal.catch((error: Error) =>
      expect(JSON.stringify([error.message, String(error.cause)])).not.toContain(token),
    );
    bench.psc.behave({});
    await expect(introspector().introspect(token)).resolves.toBeDefined();
  });

  it('ends the wait of a caller who leaves, not the question of the others', async () => {
    const token = await bench.psc.token('radiologue');
    const asker = introspector();
    await asker.introspect(await bench.psc.token('generaliste'));
    bench.psc.behave({ slowMs: 200 });
    const leaving = new AbortController();
    const left = asker.introspect(token, leaving.signal);
    const stayed = asker.introspect(token);
    leaving.abort();
    await expect(left).rejects.toThrow(/abort/i);
    await expect(stayed).resolves.toBeDefined();
  });

  it.each(['remotePscClient', 'foreign'] as const)(
    'tells a refusal of our certificate (%s) from a bad token',
    async (member) => {
      const provider = await bench.providerAs(member);
      const token = await bench.psc.token('radiologue');
      const asker = new TokenIntrospector(introspectionEndpoint(provider), policy);
      await expect(asker.introspect(token)).rejects.toMatchObject({ code: 'psc.refused-us', entry: { status: 502 } });
    },
  );
});
