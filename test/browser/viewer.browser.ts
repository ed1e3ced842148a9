import type { BrowserContext, Page } from 'playwright-core';
import { DataSource } from 'typeorm';
import { ViewerOpening, type ViewerStudySource } from '../../src/viewer';
import { accessibilityFaults, logInAs, launchBrowser, picture, TestBrowser } from '../support/browser';
import { painted, paintMsMax, untilLoaded, untilStacks, untilViewports, viewerFrame } from '../support/browser-viewer';
import { documentFile, imageFile, onePagePdf, uidsOf } from '../support/remote-images';
import { holding, retrievedSource, startRemotePeer } from '../support/remote-exam-source';
import type { ScriptedPeer } from '../support/scripted-peer';
import { expectPainted, readPixels } from '../support/pixels';
import { until } from '../support/sandbox';
import { ScheduledSource } from '../support/scheduled-source';
import { filesOf, startViewerBench, ViewerBench, viewerPatientOf } from '../support/viewer-bench';

/** Without a graphics card, on a busy machine, a first image takes its time. */
const testMsMax = 240_000;

/** Real: the gateway over HTTPS, its database, the sandbox's PACS and Pro Santé Connect, Chromium, OHIF. */
describe('the viewer', () => {
  let bench: ViewerBench;
  let browser: TestBrowser;
  let peer: ScriptedPeer;
  beforeAll(async () => {
    bench = await startViewerBench({ instances: 24, columns: 256 }, { DRIMBOX_RETRIEVAL_ATTEMPTS_MAX: '1' });
    peer = await startRemotePeer(bench);
    browser = await launchBrowser();
  }, 180_000);
  afterAll(async () => {
    await browser.close();
    await peer.stop();
    await bench.close();
  });

  /** The page's own session may use what is opened here, as the list of exams does it. */
  async function openFor(context: BrowserContext, page: Page, sources: ViewerStudySource[], more: object = {}) {
    const cookie = (await context.cookies(bench.url)).find(({ name }) => name === '__Host-drimbox');
    const sessionId = decodeURIComponent(cookie?.value ?? '').replace(/^s:([^.]+)\..*$/s, '$1');
    const professional = { id: '899900000017', name: 'ESSAI' };
    const opening = bench.app.get(ViewerOpening, { strict: false });
    const { grant, key } = await opening.open({ sessionId, professional, sources, ...more });
    const path = `/dicomweb/${grant.id}`;
    const mark = { name: '__Secure-drimbox-view', value: key, domain: 'localhost', path };
    await context.addCookies([{ ...mark, secure: true, httpOnly: true, sameSite: 'Strict' }]);
    // The picture of an image that is not here yet is awaited: the page is complete only after it.
    await page.goto(`${bench.url}/view/${grant.id}`, { waitUntil: 'domcontentloaded' });
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
      expect(await accessibilityFaults(viewerFrame(page))).toEqual([]);
      const shown = await readPixels(page, 0);
      await expectPainted(page, 0, bench.files.get(shown.sopInstanceUid)!);
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

  it.each([
    ['at its first image, although the last ones came first', false],
    ['at the image being looked at, once the reader has acted', true],
  ])(
    'shows what is here before the rest has arrived, and grows: the stack stands %s',
    async (_where, acts) => {
      const [study] = bench.studies;
      const { page, context } = await browser.newPerson();
      await logInAs(page, bench.url, 'generaliste');
      const files = await filesOf(study);
      const source = new ScheduledSource([...files].reverse(), viewerPatientOf(study));
      source.arrive(3);
      await openFor(context, page, [source]);
      await painted(page);
      if (acts) {
        await viewerFrame(page).locator('.cornerstone-canvas').first().hover();
        await page.mouse.wheel(0, 100);
      }
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
      expect(after.count).toBe(24);
      if (acts) expect(after.sopInstanceUid).toBe(before.sopInstanceUid);
      else expect([after.index, before.sopInstanceUid === after.sopInstanceUid]).toEqual([0, false]);
      await expectPainted(page, 0, bench.files.get(after.sopInstanceUid)!);
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
      await expectPainted(page, 0, bench.files.get(last.sopInstanceUid) as Buffer);
      expect(await page.textContent('#count')).toBe('24 / 36 images');
      await context.close();
    },
    testMsMax,
  );

  describe('when another hospital misbehaves', () => {
    const waitText = (page: Page) => page.textContent('#wait-text');
    const untilTold = (page: Page) => page.waitForSelector('#wait.told .retry:not([hidden])');

    /** A physician's page on a study that the gateway really retrieves, from the base address given. */
    async function look(base = peer.base) {
      const [study] = bench.studies;
      const files = await filesOf(study);
      const { page, context } = await browser.newPerson();
      await logInAs(page, bench.url, 'generaliste');
      await openFor(context, page, [await retrievedSource(bench, study, files, base)]);
      return { page, context, study, files };
    }

    it(
      'a host outside the white list: says so in the place of the images, and no other attempt reaches it',
      async () => {
        peer.asked.length = 0;
        const { page, context } = await look(peer.base.replace('localhost', '127.0.0.1'));
        await untilTold(page);
        expect(await waitText(page)).toContain('liste blanche');
        expect(await page.textContent('#count')).toBe('0 / 24 images');
        await picture(page, 'viewer-unlisted', false);
        expect(await accessibilityFaults(page)).toEqual([]);
        const asked = page.waitForResponse((answer) => answer.url().endsWith('/retry'));
        await page.click('#wait .retry');
        expect((await asked).status()).toBe(204);
        await untilTold(page);
        expect([await waitText(page), peer.asked.length]).toEqual([expect.stringContaining('liste blanche'), 0]);
        await context.close();
      },
      testMsMax,
    );

    it(
      'images of another patient: none is reachable, it is said; put right at their source, they are shown after another attempt',
      async () => {
        const swapped = (file: Buffer) =>
          Buffer.from(file.toString('latin1').replace('19620112', '19480924'), 'latin1');
        peer.script = (path) => holding(filesHeld.map(swapped), path);
        const filesHeld = await filesOf(bench.studies[0]);
        const { page, context, study } = await look();
        await untilTold(page);
        expect(await waitText(page)).toContain("ne porte pas l'identité du patient");
        await picture(page, 'viewer-foreign', false);
        const grant = /\/view\/([\w-]+)/.exec(page.url())?.[1] ?? '';
        const series = study.seriesInstanceUids[0] ?? '';
        const image = `/dicomweb/${grant}/studies/${study.studyInstanceUid}/series/${series}/instances/${series}.1`;
        for (const what of ['frames/1', 'rendered', 'metadata', ''])
          expect((await page.request.get(`${bench.url}${image}/${what}`.replace(/\/$/, ''))).status()).toBe(502);
        expect(await page.content()).not.toMatch(/24\/09\/1948|19480924/);
        peer.script = (path) => holding(filesHeld, path);
        await page.click('#wait .retry');
        await painted(page);
        await context.close();
      },
      testMsMax,
    );

    it(
      'a transfer cut before its first image: says so, and shows the images after another attempt',
      async () => {
        const held = await filesOf(bench.studies[0]);
        peer.script = (path) => ({ ...holding(held, path), cutAfter: 0 });
        const { page, context } = await look();
        await untilTold(page);
        expect(await waitText(page)).toMatch(/interrompu/);
        peer.script = (path) => holding(held, path);
        await page.click('#wait .retry');
        await painted(page);
        await untilStacks(page, 24);
        expect(await page.isHidden('#retry')).toBe(true);
        expect(await page.textContent('#trouble')).toBe('');
        const shown = await readPixels(page, 0);
        await expectPainted(page, 0, bench.files.get(shown.sopInstanceUid) as Buffer);
        await context.close();
      },
      testMsMax,
    );

    it(
      'a transfer cut in the middle: what came is shown without several planes; the strip asks for the rest',
      async () => {
        const held = await filesOf(bench.studies[0]);
        // Attempts are counted from here.
        peer.asked.length = 0;
        // The rest stays away, also when it is asked for image by image.
        peer.script = (path, attempt) =>
          attempt === 1 && !path.includes('/instances/') ? { ...holding(held, path), cutAfter: 6 } : { status: 503 };
        const { page, context } = await look();
        await painted(page);
        await page.waitForSelector('#retry:not([hidden])');
        await untilStacks(page, 6);
        expect(await page.textContent('#trouble')).not.toMatch(/aura lieu/);
        const frame = viewerFrame(page);
        const planes = frame.getByRole('button', { name: 'MPR (trois plans)' });
        await frame.locator('[data-cy="Layout"]').click();
        expect([await planes.isDisabled(), await planes.getAttribute('title')]).toEqual([
          true,
          expect.stringContaining('incomplètes'),
        ]);
        await picture(page, 'viewer-cut', false);
        expect(await accessibilityFaults(frame)).toEqual([]);
        expect(await frame.getByRole('button', { name: 'Quatre vues', exact: true }).isEnabled()).toBe(true);
        await page.keyboard.press('Escape');
        peer.script = (path) => holding(held, path);
        await page.click('#retry');
        await untilStacks(page, 24);
        await until('several planes can be chosen', async () => {
          await page.keyboard.press('Escape');
          await frame.locator('[data-cy="Layout"]').click();
          return planes.isEnabled();
        });
        expect(await planes.getAttribute('title')).toBeNull();
        // By the keys, too: the list is made of boxes that OHIF lets take a click only.
        await planes.press('Enter');
        await untilViewports(page, 'orthographic', 3);
        expect(await page.isHidden('#retry')).toBe(true);
        await context.close();
      },
      testMsMax,
    );
  });

  it(
    'keeps the strip two rows high at two exams and their reports, whatever the call adds to the identity',
    async () => {
      const patient = viewerPatientOf(bench.studies[0]);
      const { page, context } = await browser.newPerson();
      await logInAs(page, bench.url, 'generaliste');
      const both = await Promise.all(bench.studies.slice(0, 2).map((study) => filesOf(study)));
      await openFor(
        context,
        page,
        both.map((files) => new ScheduledSource(files, patient)),
        {
          called: { birthPlace: '75113', absentTraits: ['birthPlace', 'gender'] },
          reports: ['20261012', '20251006'].map((date) => ({ path: '/none', date })),
        },
      );
      await page.waitForSelector('#count:not(:empty)');
      await picture(page, 'viewer-two-exams', false);
      const strip = await page.locator('.strip').boundingBox();
      expect(strip?.height).toBeLessThan(110);
      for (const what of ['.name', '.ins', '.absent', '#link', 'button.report', '.close', '.use'])
        expect([what, await page.locator(what).first().isVisible()]).toEqual([what, true]);
      await context.close();
    },
    testMsMax,
  );

  it(
    'shows a document that is no image, and says of another kind that it cannot be shown',
    async () => {
      const patient = viewerPatientOf(bench.studies[0]);
      const { page, context, problems } = await browser.newPerson();
      await logInAs(page, bench.url, 'generaliste');
      const open = async (file: Buffer) => {
        const source = new ScheduledSource([file], patient);
        source.arrive();
        await openFor(context, page, [source]);
      };
      await open(documentFile('1.2.250.1.999.4', onePagePdf));
      await page.waitForSelector('#wait', { state: 'hidden' });
      const pdf = viewerFrame(page).locator('object[type="application/pdf"]');
      await pdf.waitFor();
      await picture(page, 'viewer-pdf', false);
      await open(imageFile({ ...uidsOf('1.2.250.1.999.5'), sopClassUid: '1.2.840.10008.5.1.4.1.1.9.1.1' }));
      await page.waitForSelector('#wait.aside');
      expect(await page.textContent('#wait-text')).toBe('Ce type de document ne s’affiche pas ici.');
      await picture(page, 'viewer-waveform', false);
      expect(problems.filter((text) => /Content Security Policy|Refused/.test(text))).toEqual([]);
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
