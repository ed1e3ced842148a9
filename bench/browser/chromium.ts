import { existsSync } from 'node:fs';
import { Browser, BrowserContext, chromium, Page } from 'playwright-core';

const program = ['/usr/bin/chromium', '/usr/bin/chromium-browser'].find(existsSync);

export const chromiumIsInstalled = (): boolean => program !== undefined;

/** Debian's Chromium without a screen or a graphics card. */
export function launchChromium(): Promise<Browser> {
  if (!program) throw new Error('Chromium is missing (Debian: apt-get install chromium)');
  return chromium.launch({
    executablePath: program,
    args: ['--no-sandbox', '--disable-dev-shm-usage', '--use-angle=swiftshader', '--enable-unsafe-swiftshader'],
  });
}

/** Milliseconds from the click. */
export interface Opened {
  /** A picture of the first image, drawn before the viewer itself has started; undefined where there is none. */
  readonly preview?: number;
  /** The viewer has painted the first image. */
  readonly canvas: number;
  /** Every image of the series is decoded and in the viewer's memory. */
  readonly whole: number;
  readonly scroll: Scrolled;
}

/** Scrolling through images that are in the viewer's memory. */
export interface Scrolled {
  /** From the turn of the wheel to the image painted, in ms: not more for 95 of 100 images. */
  readonly slowMs: number;
  /** Images asked for again meanwhile: none, when nothing waits. */
  readonly asked: number;
}

/** Runs in the viewer's frame: goes through a hundred images, one after the other. */
const scroll = `(async () => {
  const [viewport] = window.cornerstone.getRenderingEngines()[0].getViewports();
  const frames = () => performance.getEntriesByType('resource').filter(({ name }) => /\\/frames\\//.test(name)).length;
  const before = frames();
  const times = [];
  const step = Math.max(1, Math.floor(viewport.getImageIds().length / 100));
  for (let index = step; index < viewport.getImageIds().length && times.length < 100; index += step) {
    const from = performance.now();
    const painted = new Promise((done) => {
      const settle = () => (viewport.element.removeEventListener('CORNERSTONE_IMAGE_RENDERED', settle), done());
      viewport.element.addEventListener('CORNERSTONE_IMAGE_RENDERED', settle);
      setTimeout(settle, 5000);
    });
    await viewport.setImageIdIndex(index);
    await painted;
    times.push(performance.now() - from);
    await new Promise((next) => setTimeout(next, 10));
  }
  times.sort((one, other) => one - other);
  return { slowMs: times[Math.floor(times.length * 0.95)] ?? 0, asked: frames() - before };
})()`;

/** Runs in every frame of the viewer, ours and the reference's alike. */
const watch = `(() => {
  if (!location.pathname.startsWith('/viewer/')) return;
  performance.setResourceTimingBufferSize(20000);
  const now = () => performance.timeOrigin + performance.now();
  let hasImage = false;
  document.addEventListener('CORNERSTONE_STACK_NEW_IMAGE', () => (hasImage = true), true);
  document.addEventListener('CORNERSTONE_IMAGE_RENDERED', () => {
    if (hasImage && !window.benchCanvas) requestAnimationFrame(() => (window.benchCanvas ??= now()));
  }, true);
  const timer = setInterval(() => {
    const { cornerstone, benchImages } = window;
    const [viewport] = cornerstone?.getRenderingEngines?.()?.[0]?.getViewports() ?? [];
    const ids = viewport?.getImageIds?.() ?? [];
    window.benchKnown = ids.length;
    if (ids.length < benchImages) return;
    window.benchLoaded = ids.filter((id) => cornerstone.cache.isLoaded(id)).length;
    if (window.benchLoaded < benchImages) return;
    clearInterval(timer);
    window.benchWhole = now();
  }, 100);
})();`;

/** A browser of its own, with nothing cached. */
export async function newVisitor(browser: Browser, images: number): Promise<{ page: Page; context: BrowserContext }> {
  const context = await browser.newContext({
    ignoreHTTPSErrors: true,
    locale: 'fr-FR',
    viewport: { width: 1280, height: 900 },
  });
  await context.addInitScript(`window.benchImages = ${images}; ${watch}`);
  return { page: await context.newPage(), context };
}

const limitMs = 120_000;

/** Clicks by script, so that the time is that of the page itself, and follows what the viewer does. */
export async function openAndMeasure(page: Page, selector: string): Promise<Opened> {
  const clicked = await page.evaluate(`(() => {
    const link = document.querySelector(${JSON.stringify(selector)});
    setTimeout(() => link.click(), 0);
    return performance.timeOrigin + performance.now();
  })()`);
  await page.waitForURL(/\/(view|viewer)\//, { waitUntil: 'commit' });
  const since = async (name: string): Promise<number> => {
    const until = Date.now() + limitMs;
    for (;;) {
      for (const frame of page.frames()) {
        const at: unknown = await frame.evaluate(`window.${name}`).catch(() => undefined);
        if (typeof at === 'number') return at - Number(clicked);
      }
      if (Date.now() > until) throw new Error(`the viewer never said ${name}: ${await state(page)}`);
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
  };
  const canvas = await since('benchCanvas');
  const preview: unknown = await page.evaluate(
    `(() => { const [mark] = performance.getEntriesByName('drimbox-preview'); return mark && performance.timeOrigin + mark.startTime; })()`,
  );
  const whole = await since('benchWhole');
  const frame = page.frames().find((each) => new URL(each.url()).pathname.startsWith('/viewer/'));
  if (!frame) throw new Error('the viewer is gone');
  const scrolled: Scrolled = await frame.evaluate(scroll);
  return {
    canvas,
    whole,
    scroll: scrolled,
    preview: typeof preview === 'number' ? preview - Number(clicked) : undefined,
  };
}

async function state(page: Page): Promise<string> {
  const facts = page
    .frames()
    .map((frame) => frame.evaluate('`${window.benchKnown} known, ${window.benchLoaded} loaded`'));
  return (await Promise.allSettled(facts))
    .map((each) => (each.status === 'fulfilled' ? String(each.value) : ''))
    .join('; ');
}
