import type { Page } from 'playwright-core';
import { DataSource } from 'typeorm';
import { AlarmWatch } from '../../src/audit/alarms';
import {
  accessibilityFaults,
  launchBrowser,
  logInAs,
  overflowsSideways,
  picture,
  TestBrowser,
  Width,
} from '../support/browser';
import { seedTrail, seenPatient } from '../support/audit-rows';
import { PortalBench, startPortalBench } from '../support/portal-bench';
import { seedPublications } from '../support/publication-rows';

/** What the test reads of a chart of chart.js. */
interface DrawnChart {
  readonly data: { readonly datasets: readonly { readonly data: readonly number[] }[] };
  getDatasetMeta(index: number): { readonly data: readonly { x: number; y: number; base: number }[] };
}

/** Real: Chromium, the whole gateway over HTTPS, the sandbox Pro Santé Connect. The PACS is absent on purpose. */
describe('the pages of the operator', () => {
  let bench: PortalBench;
  let browser: TestBrowser;

  beforeAll(async () => {
    bench = await startPortalBench({
      DRIMBOX_PUBLICATION_ENABLED: 'false',
      DRIMBOX_ALARM_CHECK_SECONDS: '3600',
      DRIMBOX_ALARM_RAISE_CHECKS: '1',
      DRIMBOX_ALARM_RAISE_SECONDS: '0',
    });
    await seedPublications(bench.app.get(DataSource), 8);
    await seedTrail(bench.app.get(DataSource), 45);
    await bench.app.get(AlarmWatch).tick();
    browser = await launchBrowser();
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
    await bench?.close();
  });

  async function see(page: Page, name: string, width: Width): Promise<void> {
    await picture(page, `portal-${name}-${width}`);
    expect({ name, faults: await accessibilityFaults(page) }).toEqual({ name, faults: [] });
    expect({ name, overflows: await overflowsSideways(page) }).toEqual({ name, overflows: false });
    const tooWide = await page.evaluate<number>(
      `[...document.querySelectorAll('.card.flush')].filter((card) => card.scrollWidth > card.clientWidth + 1).length`,
    );
    expect({ name, tooWide }).toEqual({ name, tooWide: 0 });
  }

  it.each<Width>(['desk', 'hand'])('are accessible and fit the window: %s', async (width) => {
    const { page, problems } = await browser.newPerson(width);
    await page.goto(`${bench.url}/`);
    await see(page, 'welcome', width);
    await logInAs(page, bench.url, 'radiologue');
    await see(page, 'situation', width);
    await page.click('form[action="/login/situation"] button');
    await see(page, 'home', width);
    for (const [name, path] of pages) {
      await page.goto(`${bench.url}${path}`);
      await page.waitForLoadState('networkidle');
      await see(page, name, width);
    }
    await page.fill('#q-patient', seenPatient.matricule);
    await page.press('#q-patient', 'Enter');
    await page.waitForSelector('text=DOMINIQUE ESSAI-GENERALISTE');
    expect(page.url()).not.toContain(seenPatient.matricule);
    await see(page, 'who-saw', width);
    expect(problems).toEqual([]);
    await page.goto(`${bench.url}/nulle-part`);
    await see(page, 'failure', width);
  });
  it('are as legible in a dark reading room', async () => {
    const { page } = await browser.newPerson('desk', 'dark');
    await logInAs(page, bench.url, 'radiologue');
    for (const [name, path] of pages) {
      await page.goto(`${bench.url}${path}`);
      await page.waitForLoadState('networkidle');
      await see(page, `${name}-dark`, 'desk');
    }
  });

  const pages: readonly [string, string][] = [
    ['publications', '/publications'],
    ['publication', '/publications/5'],
    ['service', '/service'],
    ['guide', '/service/aide/pacs'],
    ['statistics', '/statistiques'],
    ['statistics-empty', '/statistiques?du=2020-01-01&au=2020-01-07'],
    ['trail', '/journal'],
  ];

  it('search by words without putting them in an address, page by page, by keyboard', async () => {
    const { page } = await browser.newPerson();
    await logInAs(page, bench.url, 'radiologue', '/publications');
    await expect(page.locator('tbody tr').count()).resolves.toBe(50);
    await page.focus('#texte');
    await page.keyboard.type('Patient Cinq');
    await page.keyboard.press('Enter');
    await page.waitForSelector('text=8 sur 8');
    expect(page.url()).toBe(`${bench.url}/publications`);
    await expect(page.inputValue('#texte')).resolves.toBe('Patient Cinq');
    await page.goto(`${bench.url}/publications`);
    await page.click('text=Page suivante');
    await page.waitForSelector('text=51–64 sur 64');
    await page.click('text=Page précédente');
    await page.waitForSelector('text=1–50 sur 64');
  });

  it('lead from a bar of a chart, and by keyboard from its table, to the lines of the trail behind it', async () => {
    const { page, problems } = await browser.newPerson();
    await logInAs(page, bench.url, 'radiologue', '/statistiques?jours=7');
    await page.waitForLoadState('networkidle');
    const calls = page.locator('section[aria-labelledby="h-calls"]');
    await calls.locator('canvas').scrollIntoViewIfNeeded();
    const [bar, figure] = await page.evaluate(() => {
      const canvas = document.querySelector<HTMLCanvasElement>('section[aria-labelledby="h-calls"] canvas');
      const { Chart } = globalThis as unknown as { Chart: { getChart(of: unknown): DrawnChart } };
      const { x, y, base } = Chart.getChart(canvas).getDatasetMeta(0).data[3];
      return [{ x, y: (y + base) / 2 }, Chart.getChart(canvas).data.datasets[0].data[3]] as const;
    });
    await calls.locator('canvas').click({ position: bar });
    await page.waitForURL(/\/journal\?/);
    expect(new URL(page.url()).searchParams.get('actes')).toBe('context.called');
    await expect(page.inputValue('#actes')).resolves.toBe('context.called');
    await expect(page.inputValue('#resultat')).resolves.toBe('success');
    await expect(page.inputValue('#du')).resolves.toBe(await page.inputValue('#au'));
    await expect(page.locator('tbody tr').count()).resolves.toBe(figure);
    await page.goBack();
    await calls.locator('summary').click();
    await calls.locator('tbody a').first().focus();
    await page.keyboard.press('Enter');
    await page.waitForURL(/\/journal\?/);
    expect(problems).toEqual([]);
  });

  it('show an alarm above every page, and who takes care of it', async () => {
    const { page } = await browser.newPerson();
    await logInAs(page, bench.url, 'radiologue', '/publications');
    await page.click('.alarm-line a');
    await page.waitForURL(`${bench.url}/service`);
    const alarm = page.locator('.alarm', { hasText: 'PACS « pacs »' });
    await alarm.locator('button').click();
    await page.waitForSelector('text=L’alarme est prise en compte.');
    await page.waitForSelector('text=Prise en compte par CAMILLE ESSAI-RADIOLOGUE');
    await expect(alarm.locator('button').count()).resolves.toBe(0);
    await alarm.locator('a').click();
    await page.waitForSelector('h1:has-text("PACS")');
    await page.goto(`${bench.url}/publications`);
    await page.waitForSelector('.alarm-line:has-text("prise en compte")');
  });

  it('try a refused publication again, once', async () => {
    const { page } = await browser.newPerson();
    await logInAs(page, bench.url, 'radiologue', '/publications/5');
    await page.click('text=Relancer la publication');
    await page.waitForSelector('text=La publication est relancée.');
    await expect(page.locator('text=Relancer la publication').count()).resolves.toBe(0);
    const rows = await bench.app
      .get(DataSource)
      .query<unknown[]>("SELECT actor FROM audit_record WHERE kind = 'publication.retried'");
    expect(rows).toMatchObject([{ actor: { professionalId: '899900000017' } }]);
  });
});
