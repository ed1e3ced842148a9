import type { Page } from 'playwright-core';
import { demoPatients } from '../../sandbox/demo-data';
import { PACS_DIRECTORY, type PacsDirectory } from '../../src/connectors/pacs';
import { accessibilityFaults, launchBrowser, overflowsSideways, picture, TestBrowser } from '../support/browser';
import { startTwoHospitals, type TwoHospitals } from '../support/two-hospitals';

const { head, thorax } = demoPatients;
/** On a busy machine an exam takes its time. */
const doneMsMax = 100_000;
const testMsMax = 300_000;

/** Real: Chromium, the gateway over HTTPS, another gateway as a process with its PACS, mutual TLS, the home PACS (Orthanc). */
describe('images of another hospital into the local PACS', () => {
  let both: TwoHospitals;
  let browser: TestBrowser;

  beforeAll(async () => {
    both = await startTwoHospitals();
    both.record(9002);
    both.record(9003);
    browser = await launchBrowser();
  }, 240_000);
  afterAll(async () => {
    await browser?.close();
    await both?.close();
  });

  async function see(page: Page, name: string, width: string): Promise<void> {
    await picture(page, `${name}-${width}`);
    expect({ name, faults: await accessibilityFaults(page) }).toEqual({ name, faults: [] });
    expect({ name, overflows: await overflowsSideways(page) }).toEqual({ name, overflows: false });
  }

  /** Presses the RIS button of a patient and logs in. */
  async function callFor(page: Page, family: string): Promise<Page> {
    await page.goto(both.neighbours.risPage.url);
    const line = page.locator('tbody tr', { hasText: family });
    const [tab] = await Promise.all([page.context().waitForEvent('page'), line.locator('button').click()]);
    await tab.waitForLoadState();
    if (await tab.locator('#username').count()) {
      await tab.fill('#username', 'generaliste');
      await tab.fill('#password', 'generaliste');
      await tab.click('button[type=submit]');
    }
    await tab.waitForURL(/\/dossier\//);
    await tab.waitForSelector('#exams');
    return tab;
  }

  const found = (studyInstanceUid: string) =>
    both.app
      .get<PacsDirectory>(PACS_DIRECTORY, { strict: false })
      .all[0]?.findStudies({ StudyInstanceUID: studyInstanceUid, PatientID: '', NumberOfStudyRelatedInstances: '' });

  it(
    'from the list to the archive: choice, identity, progress, found there by C-FIND',
    async () => {
      const { page, problems } = await browser.newPerson();
      const tab = await callFor(page, head.family);
      const { studyInstanceUid, objects } = both.study(9003);
      expect(await found(studyInstanceUid)).toEqual([]);
      expect(await tab.locator('#import').isDisabled()).toBe(true);
      await tab.check('#exams input[name=examens]');
      expect(await tab.locator('#compare').isDisabled()).toBe(true);
      await picture(tab, 'import-list-desk');
      await tab.click('#import');
      await tab.waitForSelector('.identity');
      await see(tab, 'import-choice', 'desk');
      expect(tab.url()).not.toMatch(/DRIM-FICTIVE|1948|DEMO0/);
      const identity = await tab.textContent('.identity');
      expect(identity).toContain(head.patientId);
      expect(identity).toContain('conservé');
      expect(await tab.textContent('#start')).toContain(String(objects.length));
      await tab.click('#start');
      await tab.waitForURL(/\/imports$/);
      await tab.waitForSelector('.import-card[data-state=done]', { timeout: doneMsMax });
      expect(await tab.textContent('.import-card .count')).toBe(
        `${objects.length} / ${objects.length} images archivées`,
      );
      await see(tab, 'import-done', 'desk');
      expect(await found(studyInstanceUid)).toMatchObject([
        { PatientID: [head.patientId], NumberOfStudyRelatedInstances: [String(objects.length)] },
      ]);
      await tab.click('text=Détail par image');
      await see(tab, 'import-objects', 'desk');
      expect(await tab.locator('tbody tr').count()).toBe(objects.length);
      expect(problems).toEqual([]);
      await page.context().close();
    },
    testMsMax,
  );

  it(
    'shows progress as it goes, stops when told, goes on with the rest, by telephone too',
    async () => {
      const { page, problems } = await browser.newPerson('hand');
      const tab = await callFor(page, thorax.family);
      const { objects, studyInstanceUid } = both.study(9002);
      both.proxy.does({ bytesPerSecond: 1_000_000 });
      await tab.check('#exams input[name=examens]');
      await picture(tab, 'import-list-hand');
      await tab.click('#import');
      await tab.waitForSelector('.identity');
      await see(tab, 'import-choice', 'hand');
      await tab.click('#start');
      await tab.waitForSelector('.import-card[data-state=running]', { timeout: doneMsMax });
      await tab.waitForFunction(() => document.querySelector('progress')!.value > 0, undefined, { timeout: doneMsMax });
      // From here nearly nothing comes: however long the page is looked at, there is something left to stop.
      both.proxy.harm = { bytesPerSecond: 20_000 };
      await see(tab, 'import-running', 'hand');
      await tab.click('text=Arrêter');
      await tab.waitForSelector('.import-card[data-state=cancelled]', { timeout: doneMsMax });
      const stored = await tab.locator('progress').evaluate((bar: HTMLProgressElement) => bar.value);
      expect(stored).toBeLessThan(objects.length);
      both.proxy.does({});
      await tab.click('text=Reprendre');
      await tab.waitForSelector('.import-card[data-state=done]', { timeout: doneMsMax });
      await see(tab, 'import-resumed', 'hand');
      expect(await found(studyInstanceUid)).toMatchObject([
        { NumberOfStudyRelatedInstances: [String(objects.length)] },
      ]);
      expect(problems).toEqual([]);
      await page.context().close();
    },
    testMsMax,
  );

  it(
    'follows also where no stream of events holds',
    async () => {
      const { page } = await browser.newPerson();
      await page.context().route('**/imports/suivi', (route) => route.abort());
      const tab = await callFor(page, head.family);
      await tab.check('#exams input[name=examens]');
      await tab.click('#import');
      for (const tick of (await tab.locator('input[name=series]').all()).slice(1)) await tick.uncheck();
      const images = both
        .study(9003)
        .objects.filter(({ seriesInstanceUid }) => seriesInstanceUid.endsWith('.1')).length;
      expect(await tab.textContent('#start')).toContain(`(${images} images)`);
      await tab.click('#start');
      await tab.waitForSelector('.import-card[data-state=done]', { timeout: doneMsMax });
      expect(await tab.textContent('.import-card .count')).toContain(`${images} / ${images}`);
      await page.context().close();
    },
    testMsMax,
  );
});
