import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { launchChromium, newVisitor, openAndMeasure, Opened } from '../browser/chromium';
import type { Lab } from '../lab/lab';
import { startTwoHospitals, viewerWeb } from '../lab/two-hospitals';
import { Measure, measureOf } from '../measure';
import { OhifDirect, startOhifDirect } from '../references/ohif-direct';
import { alternate, median } from '../statistics';
import type { Group } from './group';

/** How long the list, or the reference's first page, is looked at before the click. */
const readingMs = 6_000;
/** Between two openings: what the gateways do after an exam was closed is over. */
const restMs = 1_500;

/** RIS page, login, list of exams, click on the exam of the other hospital; a browser without a past each time. */
async function throughGateways(browser: Browser, risPage: string, images: number): Promise<Opened> {
  const { page, context } = await newVisitor(browser, images);
  try {
    const list = await listOf(page, risPage);
    await list.waitForTimeout(readingMs);
    return await openAndMeasure(list, '#exams a.images');
  } finally {
    await closePatient(context.pages().at(-1));
    await context.close();
    await new Promise((resolve) => setTimeout(resolve, restMs));
  }
}

async function listOf(page: Page, risPage: string): Promise<Page> {
  await page.goto(risPage);
  const [tab] = await Promise.all([page.context().waitForEvent('page'), page.locator('tbody button').first().click()]);
  await tab.fill('#username', 'generaliste');
  await tab.fill('#password', 'generaliste');
  await tab.click('button[type=submit]');
  await tab.waitForURL(/\/dossier\//);
  if (/\/situation/.test(tab.url())) await tab.click('main form button');
  // The reference study may be older than the two years that the list begins with.
  const everything = tab.locator('a', { hasText: 'Tout l’historique' }).first();
  if (await everything.isVisible()) await everything.click();
  await tab.waitForSelector('#exams a.images');
  return tab;
}

/** Closing the patient purges what was kept of the images: the next round fetches them again. */
async function closePatient(tab: Page | undefined): Promise<void> {
  if (!tab || !/\/view\//.test(tab.url())) return;
  await tab.click('.close');
  await tab.click('form[action$="/fermer"] button');
  await tab.waitForURL(/\/dossiers$/);
}

async function direct(browser: Browser, reference: OhifDirect, lab: Lab): Promise<Opened> {
  const { page, context } = await newVisitor(browser, lab.study.files.length);
  try {
    await page.goto(reference.lobby);
    await page.evaluate(
      `document.body.innerHTML = ${JSON.stringify(`<a id="open" href="${reference.viewer(lab.study.studyInstanceUid)}">open</a>`)}`,
    );
    await page.waitForTimeout(readingMs);
    return await openAndMeasure(page, '#open');
  } finally {
    await context.close();
    await new Promise((resolve) => setTimeout(resolve, restMs));
  }
}

/** From the click to the first image and to the whole series, browser included. */
export const viewerGroup: Group = {
  name: 'viewer',
  ids: ['viewer-first', 'viewer-canvas', 'viewer-whole', 'viewer-scroll'],
  run: async (lab, rounds): Promise<Measure[]> => {
    const { neighbours, ports } = await lab.neighbours();
    const { say, study } = lab;
    const hospitals = await lab.once(
      'two hospitals',
      () => startTwoHospitals({ folder: join(lab.folder, 'hospitals'), neighbours, ports, study, say }),
      (both) => both.stop(),
    );
    const dicomweb = hospitals.remote.pacsFacts.dicomweb ?? '';
    const folder = join(lab.folder, 'ohif-direct');
    const reference = await lab.once(
      'OHIF before Orthanc',
      () => startOhifDirect(folder, viewerWeb, dicomweb, neighbours.pki),
      (started) => started.stop(),
    );
    const browser = await lab.once('Chromium', launchChromium, (started) => started.close());
    const found = await alternate(rounds.slow, {
      ours: () => throughGateways(browser, hospitals.risPage, study.files.length),
      reference: () => direct(browser, reference, lab),
    });
    return measuresOf(found.ours ?? [], found.reference ?? []);
  },
};

function measuresOf(ours: readonly Opened[], reference: readonly Opened[]): Measure[] {
  const of = (all: readonly Opened[], value: (opened: Opened) => number) => median(all.map(value));
  const line = (
    id: string,
    aim: number,
    mine: (opened: Opened) => number,
    theirs: (opened: Opened) => number,
    note: string,
  ) =>
    measureOf({
      id,
      value: of(ours, mine),
      unit: 'ms',
      reference: 'OHIF before Orthanc',
      referenceValue: of(reference, theirs),
      aim: { atMost: aim },
      runs: ours.length,
      note: `${note}; ours ${list(ours, mine)}, reference ${list(reference, theirs)}`,
    });
  return [
    line(
      'viewer-first',
      1,
      ({ preview, canvas }) => preview ?? canvas,
      ({ canvas }) => canvas,
      'first image on the screen: ours is the picture drawn by the gateway',
    ),
    line(
      'viewer-canvas',
      1,
      ({ canvas }) => canvas,
      ({ canvas }) => canvas,
      'first image painted by OHIF itself',
    ),
    line(
      'viewer-whole',
      1.3,
      ({ whole }) => whole,
      ({ whole }) => whole,
      'every image decoded in the browser',
    ),
    line(
      'viewer-scroll',
      1.2,
      ({ scroll }) => scroll.slowMs,
      ({ scroll }) => scroll.slowMs,
      `scrolling through what is here, 95 of 100 images are painted within this time, and ${asked(ours)} images were asked for again`,
    ),
  ];
}

const asked = (all: readonly Opened[]) => all.reduce((sum, { scroll }) => sum + scroll.asked, 0);

const list = (all: readonly Opened[], value: (opened: Opened) => number) =>
  all.map((each) => Math.round(value(each))).join(' ');
