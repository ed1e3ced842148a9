import { createServer, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { request } from 'undici';
import { aheadMs, dateOfAnswer } from './clock-readings';
import { ClockWatch } from './clock-watch';
import { clockFinding } from './clock.health';
import { diskFinding } from './disk.health';

describe('the disk of the data folder', () => {
  const limits = { diskWarningPercent: 15, diskCriticalPercent: 5 };
  const disk = { sizeBytes: 100e9, freeBytes: 50e9, files: 1_000, freeFiles: 900 };

  it.each([
    [{}, 'up'],
    [{ freeBytes: 15e9 }, 'up'],
    [{ freeBytes: 14e9 }, 'warning'],
    [{ freeBytes: 5e9 }, 'warning'],
    [{ freeBytes: 4.9e9 }, 'down'],
    [{ freeFiles: 40 }, 'down'],
    [{ files: 0, freeFiles: 0 }, 'up'],
    [{ sizeBytes: 0, freeBytes: 0 }, 'up'],
  ])('%j is %s', (change, level) => {
    const finding = diskFinding({ ...disk, ...change }, limits);
    expect([finding.level, finding.advice !== undefined]).toEqual([level, level !== 'up']);
  });

  it('says which of its two resources is short', () => {
    expect(diskFinding({ ...disk, freeFiles: 40 }, limits).summary).toContain('4 % des fichiers');
    expect(diskFinding({ ...disk, freeBytes: 4e9 }, limits).summary).toContain('4 Go (4 %)');
  });
});

describe('our clock', () => {
  const reading = { theirsMs: 10_000, grainMs: 999, sentMs: 9_900, receivedMs: 10_400 };

  it.each([
    ['between question and answer', reading, 0],
    ['told in whole seconds', { ...reading, sentMs: 10_990, receivedMs: 11_200 }, 0],
    ['ahead', { ...reading, sentMs: 15_999, receivedMs: 16_500 }, 5_000],
    ['behind', { ...reading, sentMs: 3_000, receivedMs: 4_000 }, -6_000],
    ['hidden by a slow answer', { ...reading, sentMs: 0, receivedMs: 60_000 }, 0],
  ])('%s', (_, given, expected) => expect(aheadMs(given)).toBe(expected));

  it.each([
    ['Sat, 21 Nov 2026 05:00:00 GMT', undefined, Date.UTC(2026, 10, 21, 5)],
    ['Sat, 21 Nov 2026 05:00:00 GMT', '60', Date.UTC(2026, 10, 21, 5, 1)],
    ['Sat, 21 Nov 2026 05:00:00 GMT', '1e9', Date.UTC(2026, 10, 21, 5)],
    ['yesterday', undefined, undefined],
  ])('reads the date %p kept for %p s', (date, age, expected) => expect(dateOfAnswer(date, age)).toBe(expected));

  it.each([
    [[0, 9_000], 'up', 'juste'],
    [[0, 11_000], 'warning', 'en avance de 11 s sur le DMP'],
    [[0, -61_000], 'down', 'en retard de 61 s sur le DMP'],
    [[], 'warning', 'aucune autre'],
  ])('apart by %j ms is %s', (apart, level, words) => {
    const seenAt = new Date();
    const clocks = apart.map((ms, index) => ({ name: index === 0 ? 'database' : 'dmp', aheadMs: ms, seenAt }));
    expect(clockFinding(clocks, 10_000)).toMatchObject({ level, summary: expect.stringContaining(words) as string });
  });

  describe('heard from a neighbour', () => {
    let server: Server;
    let url: string;
    let date: Date;
    beforeAll(async () => {
      server = createServer((_, response) => {
        response.sendDate = false;
        response.setHeader('Date', date.toUTCString());
        response.end();
      });
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks`;
    });
    afterAll(() => server.close());

    it('counts when the neighbour is trusted, and only then', async () => {
      const watch = new ClockWatch();
      watch.onModuleInit();
      const ask = async () => (await request(url)).body.dump();
      date = new Date(Date.now() - 300_000);
      await ask();
      expect(watch.clocks()).toEqual([]);
      watch.trust('psc', url);
      await ask();
      expect(watch.clocks()).toMatchObject([{ name: 'psc' }]);
      expect(watch.clocks()[0]?.aheadMs).toBeGreaterThan(298_000);
      date = new Date();
      await ask();
      expect(watch.clocks()).toMatchObject([{ name: 'psc', aheadMs: 0 }]);
      watch.onApplicationShutdown();
      date = new Date(Date.now() - 300_000);
      await ask();
      expect(watch.clocks()).toMatchObject([{ aheadMs: 0 }]);
    });
  });
});
