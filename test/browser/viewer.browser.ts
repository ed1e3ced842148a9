import type { BrowserContext, Page } from 'playwright-core';
import { DataSource } from 'typeorm';
import { ViewerOpening } from '../../src/viewer';
import { logInAs, launchBrowser, picture, TestBrowser } from '../support/browser';
import { painted, paintMsMax, untilLoaded, viewerFrame } from '../support/browser-viewer';
import { readPixels } from '../support/pixels';
import { ScheduledSource } from '../support/scheduled-source';
import { filesOf, startViewerBench, ViewerBench, viewerPatientOf } from '../support/viewer-bench';

/** Without a graphics card, on a busy machine, a first image takes its time. */
const testMsMax = 240_000;

/** Real: the gateway over HTTPS, its database, the sandbox's PACS and Pro Santé Connect, Chromium, OHIF. */
describe('the viewer', () => {
  let bench: ViewerBench;
  let browser: TestBrowser;
  beforeAll(async () => {
    bench = await startViewerBench({ instances: 24, columns: 256 });
    browser = await launchBrowser();
  }, 180_000);
  afterAll(async () => {
    await browser.close();
    await bench.close();
  });

  /** The page's own session may use what is opened here, as the list of exams does it. */
  async function openFor(context: BrowserContext, page: Page, sources: ScheduledSource[], more: object = {}) {
    const cookie = (await context.cookies(bench.url)).find(({ name }) => name === '__Host-drimbox');
    const sessionId = decodeURIComponent(cookie?.value ?? '').replace(/^s:([^.]+)\..*$/s, '$1');
    const professional = { id: '899900000017', name: 'ESSAI' };
    const opening = bench.app.get(ViewerOpening, { strict: false });
    const { grant, key } = await opening.open({ sessionId, professional, sources, ...more });
    const path = `/dicomweb/${grant.id}`;
    const mark = { name: '__Secure-drimbox-view', value: key, domain: 'localhost', path };
    await context.addCookies([{ ...mark, secure: true, httpOnly: true, sameSite: 'Strict' }]);
    await page.goto(`${bench.url}/view/${grant.id}`);
    return grant;
  }

  it(
    'opens the local study behind the link of a report, and paints the pixels of the slice',
    async () => {
      const [study] = bench.studies;
      const { page, problems } = await browser.newPerson();
      await page.goto(bench.url + bench.link(study));
      await page.click('text=Professionnel de santé');
      await page.fill('#username', 'generaliste');
      await page.fill('#password', 'generaliste');
      await page.click('button[type=submit]');
      await page.waitForURL(/\/view\//);
      await painted(page);
      expect(page.url()).not.toMatch(new RegExp([study.studyInstanceUid, study.accessionNumber].join('|')));
      const strip = await page.textContent('.strip');
      expect(strip).toContain('ESSAIDRIM-FICTIVE');
      expect(strip).toContain('née le 12/01/1962');
      expect(strip).toContain('24 / 24 images');
      await picture(page, 'viewer-exam', false);
      const shown = await readPixels(page, 0);
      expect(shown.against(bench.files.get(shown.sopInstanceUid)!)).toBe(1);
      // A minute of reading later, work in the viewer keeps the session.
      await page.evaluate(() => {
        const { now } = Date;
        Date.now = () => now() + 61_000;
      });
      const present = page.waitForResponse((answer) => answer.url().endsWith('/presence'));
      await page.frameLocator('#viewer').locator('canvas').first().hover();
      await page.mouse.wheel(0, 100);
      expect((await present).status()).toBe(204);
      expect(problems.filter((text) => /Content Security Policy|Refused/.test(text))).toEqual([]);
      await page.context().close();
    },
    testMsMax,
  );

  it(
    'shows what is here before the rest has arrived, and grows without losing the image being looked at',
    async () => {
      const [study] = bench.studies;
      const { page, context } = await browser.newPerson();
      await logInAs(page, bench.url, 'generaliste');
      const source = new ScheduledSource(await filesOf(study), viewerPatientOf(study));
      source.arrive(3);
      await openFor(context, page, [source]);
      await painted(page);
      const before = await readPixels(page, 0);
      expect(before.count).toBe(3);
      expect(await page.textContent('#count')).toBe('3 / 24 images');
      await picture(page, 'viewer-arriving', false);
      source.arrive();
      await page.waitForFunction(
        () => {
          const [frame] = [...document.querySelectorAll('iframe')];
          type Known = { drimboxViewer?: { counts(): number[] } };
          return (frame?.contentWindow as unknown as Known).drimboxViewer?.counts()[0] === 24;
        },
        undefined,
        { timeout: paintMsMax },
      );
      const after = await readPixels(page, 0);
      expect([after.count, after.sopInstanceUid]).toEqual([24, before.sopInstanceUid]);
      expect(after.against(bench.files.get(after.sopInstanceUid)!)).toBe(1);
      await context.close();
    },
    testMsMax,
  );

  it(
    'never lets an image that is here wait for one that is not',
    async () => {
      const [study] = bench.studies;
      const { page, context } = await browser.newPerson();
      await logInAs(page, bench.url, 'generaliste');
      const source = new ScheduledSource(await filesOf(study), viewerPatientOf(study), 12);
      source.arrive();
      await openFor(context, page, [source]);
      await painted(page);
      const frame = viewerFrame(page);
      await frame.locator('.cornerstone-canvas').first().hover();
      // Each image is on its way at once, although the browser's connections are few and twelve series are awaited.
      for (let turn = 0; turn < 23; turn++) await page.mouse.wheel(0, 100);
      await untilLoaded(page);
      const last = await readPixels(page, 0);
      expect([last.count, last.index]).toEqual([24, 23]);
      expect(last.against(bench.files.get(last.sopInstanceUid) as Buffer)).toBe(1);
      expect(await page.textContent('#count')).toBe('24 / 36 images');
      await context.close();
    },
    testMsMax,
  );

  it(
    'gives no image to another session, nor after the viewer is closed',
    async () => {
      const [study] = bench.studies;
      const { page, context } = await browser.newPerson();
      await logInAs(page, bench.url, 'generaliste');
      const source = new ScheduledSource(await filesOf(study), viewerPatientOf(study));
      source.arrive();
      const grant = await openFor(context, page, [source]);
      const other = await browser.newPerson();
      await logInAs(other.page, bench.url, 'radiologue');
      const answer = await other.page.request.get(`${bench.url}/view/${grant.id}`);
      expect(answer.status()).toBe(404);
      const images = await other.page.request.get(`${bench.url}/dicomweb/${grant.id}/studies`);
      expect(images.status()).toBe(404);
      await bench.app.get(DataSource).query('DELETE FROM portal_session WHERE sid = $1', [grant.sessionId]);
      await page.waitForSelector('#ended:not([hidden])', { timeout: 40_000 });
      expect(source.isClosed).toBe(true);
      await other.context.close();
      await context.close();
    },
    testMsMax,
  );
});
