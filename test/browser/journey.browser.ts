import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Page } from 'playwright-core';
import { demoPatients } from '../../sandbox/demo-data';
import type { Hospital } from '../../sandbox/hospital';
import { Sandbox, startSandbox } from '../../sandbox/start-sandbox';
import {
  accessibilityFaults,
  launchBrowser,
  overflowsSideways,
  picture,
  TestBrowser,
  widths,
} from '../support/browser';
import {
  drag,
  painted,
  paintMsMax,
  stackLengths,
  takeTool,
  untilStacks,
  untilViewports,
  viewerFrame,
  viewerState,
} from '../support/browser-viewer';
import { expectPainted, readPixels } from '../support/pixels';

const { thorax, head, abdomen } = demoPatients;
const testMsMax = 300_000;
const readyMsMax = 180_000;
/** Days of the demo studies: the current chest CT is here, its prior and the head MR in the other hospital. */
const day = { current: '12/10/2026', prior: '06/10/2025', headMr: '13/10/2026' };

/**
 * Real: two hospitals, each with its gateway process, certificates, database and Orthanc; mutual TLS between them; the RIS page,
 * Pro Santé Connect and the DMP of the sandbox; Chromium and OHIF.
 */
describe('from the RIS to the images of another hospital', () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'drimbox-journey-'));
  let sandbox: Sandbox;
  let browser: TestBrowser;

  beforeAll(async () => {
    sandbox = await startWithFreePorts();
    await Promise.all([sandbox.ports.internal, sandbox.ports.remoteInternal].map(ready));
    browser = await launchBrowser();
  }, 480_000);
  afterAll(async () => {
    await browser?.close();
    await sandbox?.stop();
    rmSync(dataDir, { recursive: true, force: true });
  });

  /** On a busy machine the first fetch of the white list or of a revocation list fails: the gateway tries again. */
  async function ready(internalPort: number): Promise<void> {
    type Readiness = { checks: { name: string; level: string }[] };
    let answer = '';
    for (const until = Date.now() + readyMsMax; Date.now() < until; await pause(1_000)) {
      answer = await fetch(`http://127.0.0.1:${internalPort}/health/ready`).then(
        (found) => found.text(),
        (error: Error) => JSON.stringify({ checks: [], error: error.message }),
      );
      const { checks } = JSON.parse(answer) as Readiness;
      if (checks.some(({ name, level }) => name === 'white-list' && level === 'up')) return;
    }
    throw new Error(`a gateway has no white list: ${answer}`);
  }

  /** Ports are chosen before the studies are made: on a busy machine another program may have taken one meanwhile. */
  async function startWithFreePorts(attempts = 3): Promise<Sandbox> {
    const settings = { DRIMBOX_PORTAL_LOGINS_PER_MINUTE: '10000' };
    const request = {
      portBase: 0,
      dataDir,
      pacs: 'orthanc',
      database: 'embedded',
      demoData: true,
      remote: true,
    } as const;
    try {
      return await startSandbox({ ...request, settings });
    } catch (error) {
      if (attempts <= 1 || !/port-in-use|EADDRINUSE/.test((error as Error).message)) throw error;
      rmSync(dataDir, { recursive: true, force: true });
      return startWithFreePorts(attempts - 1);
    }
  }

  /** Presses the RIS button of a patient, logs in when asked to, and ends at the list of exams. */
  async function examsOf(page: Page, family: string, username?: string): Promise<Page> {
    await page.goto(sandbox.neighbours.risPage.url);
    const line = page.locator('tbody tr', { hasText: family });
    const [tab] = await Promise.all([page.context().waitForEvent('page'), line.locator('button').click()]);
    if (username) {
      await tab.fill('#username', username);
      await tab.fill('#password', username);
      await tab.click('button[type=submit]');
    }
    await tab.waitForURL(/\/dossier\//);
    if (/\/situation/.test(tab.url())) await tab.click('main form button');
    await tab.waitForSelector('#exams');
    return tab;
  }

  const examOf = (list: Page, date: string) => list.locator('#exams tbody tr', { hasText: date });

  async function openImages(list: Page, date: string): Promise<void> {
    await examOf(list, date).locator('a.images').click();
    await list.waitForURL(/\/view\//, { waitUntil: 'commit' });
  }

  const strip = async (page: Page) => (await page.textContent('.patient'))?.replaceAll(/\s+/g, ' ').trim();

  /** The file as the PACS of its hospital holds it. */
  async function storedFile(hospital: Hospital | undefined, sopInstanceUid: string): Promise<Buffer> {
    const orthanc = (hospital?.pacsFacts.dicomweb ?? '').replace(/\/dicom-web$/, '');
    const found = await fetch(`${orthanc}/tools/lookup`, { method: 'POST', body: sopInstanceUid });
    const [{ ID } = { ID: '' }] = (await found.json()) as { ID: string }[];
    return Buffer.from(await (await fetch(`${orthanc}/instances/${ID}/file`)).arrayBuffer());
  }

  it(
    'call, login, list, viewer: the right patient, a bar that advances, the pixels of the slice',
    async () => {
      const { page, problems } = await browser.newPerson();
      const list = await examsOf(page, thorax.family, 'radiologue');
      await list.waitForFunction(() => document.querySelectorAll('link[rel=prefetch][as=script]').length > 3);
      const there = sandbox.remote?.gateway.child;
      // Nothing can come while the other hospital's process stands still: the images are its own.
      there?.kill('SIGSTOP');
      await openImages(list, day.prior);
      await list.waitForFunction(() => document.querySelector('#count')?.textContent === '0 / 60 images');
      expect(await list.locator('#bar').evaluate((bar) => (bar as unknown as { value: number }).value)).toBe(0);
      await picture(list, 'journey-waiting', false);
      there?.kill('SIGCONT');
      await painted(list);
      await untilStacks(list, 60);
      expect(await list.locator('#bar').evaluate((bar) => (bar as unknown as { value: number }).value)).toBe(60);
      expect(await strip(list)).toMatch(
        /^ESSAIDRIM-FICTIVE CAMILLE( ZOÉ)? Femme née le 12\/01\/1962 \(\d+ ans\) INS 2 62 01 75 113 901 68 Lieu de naissance 75113$/,
      );
      expect(await list.textContent('.use')).toBe('Consultation, hors diagnostic primaire');
      expect(list.url()).not.toMatch(/ESSAI|DEMO|1962|1\.2\.250/);
      const shown = await readPixels(list, 0);
      expect([shown.sopInstanceUid, shown.count]).toEqual(['1.2.250.1.213.4.5.2.1.9002.1.1', 60]);
      await expectPainted(list, 0, await storedFile(sandbox.remote, shown.sopInstanceUid));
      expect(await accessibilityFaults(list)).toEqual([]);
      expect(await accessibilityFaults(viewerFrame(list))).toEqual([]);
      await picture(list, 'journey-viewer', false);
      await list.setViewportSize(widths.hand);
      await list.reload();
      await painted(list);
      await picture(list, 'journey-viewer-hand', false);
      expect(await overflowsSideways(list)).toBe(false);
      expect(problems).toEqual([]);
      await page.context().close();
    },
    testMsMax,
  );

  it(
    'two exams side by side, scrolled together, each with its report',
    async () => {
      const { page, context } = await browser.newPerson();
      const list = await examsOf(page, thorax.family, 'radiologue');
      for (const date of [day.current, day.prior]) await examOf(list, date).locator('input[type=checkbox]').check();
      await list.click('#compare');
      await list.waitForURL(/\/view\//, { waitUntil: 'commit' });
      await painted(list);
      await untilStacks(list, 120, 60);
      const canvases = await viewerFrame(list).locator('.cornerstone-canvas').all();
      const [left, right] = await Promise.all(canvases.map((canvas) => canvas.boundingBox()));
      expect([canvases.length, left?.y]).toEqual([2, right?.y]);
      const both = async () => [await readPixels(list, 0), await readPixels(list, 1)];
      const before = await both();
      await canvases[0]?.hover();
      const scroll = async () => {
        for (let turn = 0; turn < 8; turn++) {
          await list.mouse.wheel(0, 100);
          await list.waitForTimeout(120);
        }
        return both();
      };
      const after = await scroll();
      expect(before.map(({ index }) => index)).toEqual([0, 0]);
      // 2.5 mm between slices here, 5 mm there: the same distance, half as many slices.
      expect(after[0]?.index).toBeGreaterThan(5);
      const movedMm = after.map(({ zMm = 0 }, order) => Math.abs(zMm - (before[order]?.zMm ?? 0)));
      expect(Math.abs((movedMm[0] ?? 0) - (movedMm[1] ?? 0))).toBeLessThanOrEqual(2.5);
      const hospitals = [sandbox.home, sandbox.remote];
      for (const [order, { sopInstanceUid }] of after.entries())
        await expectPainted(list, order, await storedFile(hospitals[order], sopInstanceUid));
      expect(after.map(({ sopInstanceUid }) => /\.(900\d)\./.exec(sopInstanceUid)?.[1])).toEqual(['9001', '9002']);
      await picture(list, 'journey-comparison', false);
      await list.click('#link');
      await canvases[0]?.hover();
      const apart = await scroll();
      expect([apart[0]?.index !== after[0]?.index, apart[1]?.index]).toEqual([true, after[1]?.index]);
      const reports = list.locator('button.report');
      expect(await reports.allTextContents()).toEqual([
        `Compte rendu du ${day.current}`,
        `Compte rendu du ${day.prior}`,
      ]);
      await reports.nth(1).click();
      await list.waitForTimeout(2_000);
      expect(await list.locator('#report-pane iframe:visible').getAttribute('src')).toMatch(/\/pdf#/);
      await picture(list, 'journey-comparison-report', false);
      expect(await accessibilityFaults(list)).toEqual([]);
      await context.close();
    },
    testMsMax,
  );

  it(
    'each tool of the bar does what it says, in French',
    async () => {
      const { page, context } = await browser.newPerson();
      const list = await examsOf(page, thorax.family, 'radiologue');
      await openImages(list, day.prior);
      await painted(list);
      await untilStacks(list, 60);
      const frame = viewerFrame(list);
      const first = async () => {
        const { viewports, annotations } = await viewerState(list);
        return { ...viewports[0], annotations };
      };
      const start = await first();
      const bar = ['WindowLevel', 'Zoom', 'Pan', 'StackScroll', 'Length', 'Angle', 'EllipticalROI', 'Cine', 'Reset'];
      const labels = await Promise.all(
        bar.map((tool) => frame.locator(`[data-cy="${tool}-btn"]`).getAttribute('aria-label')),
      );
      expect(labels).toEqual([
        'Fenêtrage',
        'Zoom',
        'Déplacer',
        'Défiler',
        'Longueur',
        'Angle',
        'Surface (ellipse)',
        'Ciné',
        'Réinitialiser la vue',
      ]);
      await drag(list, [0.5, 0.5], [0.6, 0.55]);
      expect((await first()).upper).not.toBe(start.upper);
      await frame.locator('[data-cy="windowLevelMenu-btn"]').click();
      await frame.getByText('Préréglages de fenêtre par modalité').click();
      for (const name of ['Médiastin', 'Os', 'Cerveau', 'Foie', 'Vaisseaux'])
        expect(await frame.getByText(name, { exact: true }).count()).toBe(1);
      await picture(list, 'journey-windows', false);
      await frame.getByText('Poumon', { exact: true }).click();
      await list.waitForTimeout(300);
      const lung = await first();
      expect([Math.round(lung.lower), Math.round(lung.upper)]).toEqual([-1350, 149]);
      const first9002 = await storedFile(sandbox.remote, '1.2.250.1.213.4.5.2.1.9002.1.1');
      await expectPainted(list, 0, first9002);
      await takeTool(list, 'Zoom');
      await drag(list, [0.5, 0.5], [0.5, 0.6]);
      const zoomed = await first();
      expect(zoomed.scale).toBeLessThan(start.scale * 0.9);
      await takeTool(list, 'Pan');
      await drag(list, [0.5, 0.5], [0.6, 0.6]);
      expect((await first()).focalPoint).not.toEqual(zoomed.focalPoint);
      await takeTool(list, 'Length');
      await drag(list, [0.3, 0.4], [0.5, 0.4]);
      await takeTool(list, 'Angle');
      await drag(list, [0.3, 0.6], [0.5, 0.6]);
      await drag(list, [0.5, 0.6], [0.5, 0.7]);
      await takeTool(list, 'EllipticalROI');
      await drag(list, [0.6, 0.4], [0.7, 0.5]);
      const measured = await first();
      for (const line of ['Surface : ', 'Moyenne : ', 'Écart type : '])
        expect(await frame.locator('svg text, svg tspan', { hasText: line }).count()).toBeGreaterThan(0);
      const stats = Object.fromEntries(measured.annotations.map(({ tool, stats: of }) => [tool, of]));
      const box = await frame.locator('.cornerstone-canvas').first().boundingBox();
      const pixels = { width: box?.width ?? 0, height: box?.height ?? 0 };
      const drawnMm = 0.2 * pixels.width * ((2 * measured.scale) / pixels.height);
      expect(stats.Length).toMatchObject({ unit: 'mm' });
      expect(Number(stats.Length?.length) / drawnMm).toBeCloseTo(1, 1);
      expect(Number(stats.Angle?.angle)).toBeCloseTo(90, 0);
      expect(Number(stats.EllipticalROI?.area)).toBeGreaterThan(100);
      await picture(list, 'journey-measures', false);
      await takeTool(list, 'StackScroll');
      await drag(list, [0.5, 0.3], [0.5, 0.5]);
      const scrolled = await first();
      expect(scrolled.index).toBeGreaterThan(3);
      await takeTool(list, 'Cine');
      await frame.getByText('img/s').first().waitFor();
      await frame.locator('[data-cy="cine-player-play-pause"]').click();
      await list.waitForTimeout(1_500);
      expect((await first()).index).not.toBe(scrolled.index);
      await frame.locator('[data-cy="cine-player-play-pause"]').click();
      await takeTool(list, 'Cine');
      await takeTool(list, 'Reset');
      await list.waitForTimeout(500);
      const again = await first();
      expect([again.scale, again.lower, again.upper]).toEqual([start.scale, start.lower, start.upper]);
      await frame.locator('[data-cy="Layout"]').click();
      await frame.getByText('MPR (trois plans)').click();
      await untilViewports(list, 'orthographic', 3);
      await untilGrey(list);
      await picture(list, 'journey-mpr', false);
      await context.close();
    },
    testMsMax,
  );

  /** Waits until each of the three planes holds an image. */
  async function untilGrey(page: Page): Promise<void> {
    let grey: boolean[] = [];
    for (const until = Date.now() + paintMsMax; Date.now() < until; await pause(500)) {
      grey = await greyLevels(page);
      if (grey.length === 3 && grey.every(Boolean)) return;
    }
    expect(grey).toEqual([true, true, true]);
  }

  /** Whether each canvas holds an image: more than a few greys. */
  function greyLevels(page: Page): Promise<boolean[]> {
    return viewerFrame(page).evaluate(`window.cornerstone.getRenderingEngines()[0].getViewports().map((viewport) => {
      const canvas = viewport.getCanvas();
      const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
      const levels = new Set();
      for (let at = 0; at < data.length; at += 4 * 97) levels.add(data[at]);
      return levels.size > 8;
    })`);
  }

  it(
    'key images: those of the exam’s notes, and those that the reader marks',
    async () => {
      const { page, context } = await browser.newPerson();
      const list = await examsOf(page, head.family, 'radiologue');
      await openImages(list, day.headMr);
      await painted(list);
      await list.waitForFunction(() => document.querySelector('#key-count')?.textContent === '(2)');
      await list.click('#keys');
      const panel = list.locator('#key-images');
      expect(await panel.locator('h2').allTextContents()).toEqual(['D’intérêt']);
      expect(await panel.textContent()).toContain('Images à regarder en premier');
      await untilStacks(list, 24);
      await panel.locator('button', { hasText: 'AX T1 SE – 7' }).click();
      await list.waitForTimeout(500);
      expect((await readPixels(list, 0)).sopInstanceUid).toBe('1.2.250.1.213.4.5.2.1.9003.1.7');
      await viewerFrame(list).locator('.cornerstone-canvas').first().hover();
      await list.mouse.wheel(0, 100);
      await list.waitForTimeout(500);
      await list.click('#mark');
      await panel.locator('h2', { hasText: 'Marquées par vous' }).waitFor();
      expect(await panel.locator('.group').first().locator('button').allTextContents()).toEqual(['AX T1 SE – 8']);
      expect(await list.textContent('#mark')).toBe('Retirer la marque');
      await picture(list, 'journey-key-images', false);
      expect(await accessibilityFaults(list)).toEqual([]);
      await list.reload();
      await painted(list);
      await list.waitForFunction(() => document.querySelector('#key-count')?.textContent === '(3)');
      await list.click('#keys');
      await panel.locator('button', { hasText: 'AX T1 SE – 8' }).click();
      await list.waitForTimeout(800);
      await list.click('#mark');
      await list.waitForFunction(() => document.querySelector('#key-count')?.textContent === '(2)');
      await context.close();
    },
    testMsMax,
  );

  it(
    'two people at once, and two patients in two tabs, never mix; what is closed is closed',
    async () => {
      const [one, other] = [await browser.newPerson(), await browser.newPerson()];
      const [first, theirs] = await Promise.all([
        examsOf(one.page, thorax.family, 'radiologue'),
        examsOf(other.page, abdomen.family, 'generaliste'),
      ]);
      const second = await examsOf(one.page, head.family);
      const dossier = first.url();
      await Promise.all([
        openImages(first, day.prior),
        openImages(second, day.headMr),
        theirs
          .locator('a.images')
          .first()
          .click()
          .then(() => theirs.waitForURL(/\/view\//, { waitUntil: 'commit' })),
      ]);
      for (const page of [first, second, theirs]) await painted(page);
      const shown = await Promise.all([first, second, theirs].map((page) => page.textContent('.name')));
      expect(shown.map((name) => name?.trim().split(' ')[0])).toEqual([thorax.family, head.family, abdomen.family]);
      const studies = await Promise.all([first, second, theirs].map(studyShown));
      expect(studies).toEqual(['9002', '9003', '9005']);
      const grants = [first, second, theirs].map((page) => /\/view\/([\w-]+)/.exec(page.url())?.[1] ?? '');
      expect(new Set(grants).size).toBe(3);
      for (const path of [`/view/${grants[0]}`, `/dicomweb/${grants[0]}/studies`, `/viewer/basic?grant=${grants[0]}`])
        expect((await other.page.request.get(sandbox.ready.portal.url + path)).status()).toBe(404);
      const ofSecond = await second.request.get(`${sandbox.ready.portal.url}/dicomweb/${grants[1]}/studies`);
      expect(JSON.stringify(await ofSecond.json())).not.toContain('.9002');
      // The first patient is closed in another tab: its viewer ends at once, the other patient's stays.
      const closing = await one.context.newPage();
      await closing.goto(dossier);
      await closing.click('form[action$="/fermer"] button');
      await first.waitForSelector('#ended:not([hidden])');
      await picture(first, 'journey-ended', false);
      expect(await second.locator('#ended').isHidden()).toBe(true);
      await first.reload();
      expect(await first.textContent('main')).toContain("Cette visionneuse n'est plus ouverte");
      expect(await accessibilityFaults(first)).toEqual([]);
      await picture(first, 'journey-expired');
      await one.context.close();
      await other.context.close();
    },
    testMsMax,
  );

  /** Last number of the study that the first viewport shows. */
  async function studyShown(page: Page): Promise<string | undefined> {
    expect((await stackLengths(page)).length).toBeGreaterThan(0);
    return viewerFrame(page).evaluate(`/\\.(9\\d{3})$/.exec(window.drimboxViewer.current().studyInstanceUid)[1]`);
  }

  it('writes no identity to the logs of either gateway', () => {
    for (const site of ['home', 'remote'])
      expect(readFileSync(join(dataDir, `gateway-${site}.log`), 'utf8')).not.toMatch(
        /ESSAIDRIM|ÉPREUVEDRIM|26201751139/,
      );
  });
});
