import { HealthFinding, HealthRegistry } from '.';

describe('health', () => {
  it('asks every check, and is ready while no critical one is down', async () => {
    const health = new HealthRegistry();
    health.register({ name: 'good', critical: true, check: async () => ({ level: 'up', summary: 'ok' }) });
    health.register({ name: 'lame', critical: false, check: async () => ({ level: 'down', summary: 'non' }) });
    const reports = await health.report();
    expect(reports.map(({ name, level }) => [name, level])).toEqual([
      ['good', 'up'],
      ['lame', 'down'],
    ]);
    expect(HealthRegistry.isReady(reports)).toBe(true);
    health.register({ name: 'vital', critical: true, check: () => Promise.reject(new Error('no way')) });
    const later = await health.report();
    expect(HealthRegistry.isReady(later)).toBe(false);
    expect(later[2]).toMatchObject({ level: 'down', lastError: 'no way' });
  });

  it('says since when, and keeps the last error after recovery', async () => {
    const health = new HealthRegistry();
    let broken = true;
    health.register({
      name: 'moody',
      critical: false,
      check: () => (broken ? Promise.reject(new Error('once')) : Promise.resolve({ level: 'up', summary: 'ok' })),
    });
    const [first] = await health.report();
    const [second] = await health.report();
    expect(second?.since).toBe(first?.since);
    broken = false;
    const [third] = await health.report();
    expect(third).toMatchObject({ level: 'up', lastError: 'once', lastErrorAt: second?.lastErrorAt });
  });

  it('does not wait for ever', async () => {
    const health = new HealthRegistry();
    health.register({ name: 'mute', critical: true, timeoutMs: 20, check: () => new Promise(() => undefined) });
    const [report] = await health.report();
    expect(report).toMatchObject({ level: 'down', lastError: 'no answer within 20 ms' });
  });

  it('refuses a name used twice', () => {
    const health = new HealthRegistry();
    const check = { name: 'twin', critical: false, check: async () => ({ level: 'up', summary: 'ok' }) as const };
    health.register(check);
    expect(() => health.register(check)).toThrow('twice');
  });

  it('remembers what a check told without failing', async () => {
    const health = new HealthRegistry();
    const findings: HealthFinding[] = [
      { level: 'warning', summary: 'Le certificat finit bientôt.', advice: 'Le renouveler.' },
      { level: 'up', summary: 'ok' },
    ];
    const check = async (): Promise<HealthFinding> => findings.shift() ?? { level: 'up', summary: 'ok' };
    health.register({ name: 'certificates', critical: false, check });
    await expect(health.report()).resolves.toMatchObject([{ advice: 'Le renouveler.', runbook: 'certificates' }]);
    await expect(health.report()).resolves.toMatchObject([{ level: 'up', lastError: 'Le certificat finit bientôt.' }]);
  });

  it('asks once for all who look at the same time, and again when what it knows is old', async () => {
    const health = new HealthRegistry();
    let asked = 0;
    const check = async () => ({ level: 'up', summary: `${++asked}` }) as const;
    health.register({ name: 'pacs-salle', critical: false, check });
    const all = await Promise.all([health.recent(), health.recent(), health.recent()]);
    expect(all.map(([one]) => one?.summary)).toEqual(['1', '1', '1']);
    expect((await health.recent(0))[0]?.summary).toBe('2');
    expect((await health.recent())[0]).toMatchObject({ summary: '2', runbook: 'pacs' });
  });
});
