import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AxeResults, Result } from 'axe-core';
import { Browser, BrowserContext, chromium, Frame, Page } from 'playwright-core';

const program = ['/usr/bin/chromium', '/usr/bin/chromium-browser'].find(existsSync);
const root = join(__dirname, '../..');
const artefacts = join(root, 'test-artefacts');
const axeSource = readFileSync(join(root, 'node_modules/axe-core/axe.min.js'), 'utf8');

/** Widths at which every page is looked at: a workstation, a telephone. */
export const widths = { desk: { width: 1280, height: 900 }, hand: { width: 390, height: 844 } } as const;
export type Width = keyof typeof widths;

/** On a machine shared with other programs a page takes its time. */
const waitMsMax = 90_000;

export interface TestBrowser {
  /** A browser of somebody else: its own cookies. `problems` collects what the console and the policy complain about. */
  newPerson(
    width?: Width,
    colours?: 'light' | 'dark',
  ): Promise<{ page: Page; context: BrowserContext; problems: string[] }>;
  close(): Promise<void>;
}

/** Debian's Chromium without a screen. It believes any certificate: the sandbox's authority is not in its store. */
export async function launchBrowser(): Promise<TestBrowser> {
  if (!program) throw new Error('Chromium is not installed (Debian package chromium)');
  const home = mkdtempSync(join(tmpdir(), 'drimbox-chromium-'));
  const browser: Browser = await chromium.launch({
    executablePath: program,
    args: [
      '--no-sandbox',
      '--lang=fr-FR',
      '--disable-dev-shm-usage',
      '--use-angle=swiftshader',
      '--enable-unsafe-swiftshader',
    ],
    env: { ...process.env, HOME: home, LANGUAGE: 'fr' },
  });
  return {
    async newPerson(width = 'desk', colours = 'light') {
      const context = await browser.newContext({
        ignoreHTTPSErrors: true,
        locale: 'fr-FR',
        viewport: widths[width],
        reducedMotion: 'reduce',
        colorScheme: colours,
      });
      context.setDefaultTimeout(waitMsMax);
      const page = await context.newPage();
      const problems: string[] = [];
      page.on('pageerror', (error) => problems.push(error.message));
      page.on('console', (message) => {
        // Chromium asks every host for this picture, also the sandbox's neighbours.
        const isIcon = message.location().url.endsWith('/favicon.ico');
        if (message.type() === 'error' && !isIcon) problems.push(`${message.text()} ${message.location().url}`);
      });
      return { page, context, problems };
    },
    async close() {
      await browser.close();
      rmSync(home, { recursive: true, force: true });
    },
  };
}

/** Keeps a picture of the page, to the end or at most 2400 px deep, in `test-artefacts/`. */
export async function picture(page: Page, name: string, fullPage = true): Promise<string> {
  mkdirSync(artefacts, { recursive: true });
  const path = join(artefacts, `${name}.png`);
  const height = await page.evaluate(() => document.documentElement.scrollHeight);
  const clip = { x: 0, y: 0, width: page.viewportSize()?.width ?? 1280, height: Math.min(height, 2400) };
  await page.screenshot({ path, animations: 'disabled', ...(fullPage ? { fullPage, clip } : {}) });
  return path;
}

/** Findings of axe (WCAG 2.1 A and AA) that are serious or critical, as readable lines. */
export async function accessibilityFaults(page: Page | Frame): Promise<string[]> {
  await page.evaluate(axeSource);
  const results = await page.evaluate(() =>
    (globalThis as unknown as { axe: { run(what: unknown, options: unknown): Promise<AxeResults> } }).axe.run(
      globalThis.document,
      { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'best-practice'] },
    ),
  );
  const isSerious = ({ impact }: Result) => impact === 'serious' || impact === 'critical';
  return results.violations
    .filter(isSerious)
    .map(
      (fault) =>
        `${fault.id}: ${fault.nodes.map((node) => `${node.html.slice(0, 120)} ${node.failureSummary ?? ''}`).join(' | ')}`,
    );
}

/** True when the page is wider than the window: on a telephone nobody should have to move it sideways. */
export function overflowsSideways(page: Page): Promise<boolean> {
  return page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth);
}

/** Logs in at the sandbox Pro Santé Connect, from whatever page of the portal; ends on the page after the login. */
export async function logInAs(page: Page, portal: string, username: string, next = '/'): Promise<void> {
  await page.goto(`${portal}/login?next=${encodeURIComponent(next)}`);
  await page.fill('#username', username);
  await page.fill('#password', username);
  await Promise.all([page.waitForURL((url) => url.origin === portal), page.click('button[type=submit]')]);
}
