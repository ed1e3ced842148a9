import type { Frame, Page } from 'playwright-core';

/** Without a graphics card, on a busy machine, a first image takes its time. */
export const paintMsMax = 90_000;

export async function painted(page: Page): Promise<void> {
  await page.waitForFunction(() => performance.getEntriesByName('drimbox-painted').length > 0, undefined, {
    timeout: paintMsMax,
  });
}

/** OHIF's own page in ours. */
export function viewerFrame(page: Page): Frame {
  const frame = page.frames().find((each) => each.url().includes('/viewer/basic'));
  if (!frame) throw new Error('the page holds no viewer');
  return frame;
}

export interface Annotation {
  readonly tool: string;
  /** What the tool computed: lengths in mm, angles in degrees, areas in mm². */
  readonly stats: Readonly<Record<string, unknown>>;
}

/** What a viewport of OHIF does at this moment. */
export interface ViewportState {
  readonly kind: string;
  readonly index: number | undefined;
  readonly lower: number;
  readonly upper: number;
  /** Half the height of what is shown, in mm: smaller when zoomed in. */
  readonly scale: number;
  readonly focalPoint: readonly number[];
}

/** Runs in the page; as text, since the objects of OHIF have no types here. */
const readState = `(() => {
  const { cornerstone, cornerstoneTools } = window;
  const viewports = cornerstone.getRenderingEngines()[0].getViewports().map((viewport) => {
    const { parallelScale: scale, focalPoint } = viewport.getCamera();
    const { lower, upper } = viewport.getProperties().voiRange ?? {};
    return { kind: viewport.type, index: viewport.getCurrentImageIdIndex?.(), lower, upper, scale, focalPoint };
  });
  const annotations = cornerstoneTools.annotation.state
    .getAllAnnotations()
    .filter(({ data }) => data.handles?.points?.length > 0)
    .map(({ metadata, data }) => ({
      tool: metadata.toolName,
      stats: JSON.parse(JSON.stringify(Object.values(data.cachedStats ?? {})[0] ?? {})),
    }));
  return { viewports, annotations };
})()`;

export function viewerState(page: Page): Promise<{ viewports: ViewportState[]; annotations: Annotation[] }> {
  return viewerFrame(page).evaluate(readState);
}

/** Length of the stack in each viewport. */
export function stackLengths(page: Page): Promise<number[]> {
  return viewerFrame(page).evaluate('window.drimboxViewer.counts()');
}

/** Waits until the viewports hold stacks of these lengths. As a function: the page's policy lets no text be run again and again. */
export async function untilStacks(page: Page, ...lengths: number[]): Promise<void> {
  type Known = { drimboxViewer?: { counts(): number[] } };
  await viewerFrame(page).waitForFunction(
    (wanted) => JSON.stringify((globalThis as unknown as Known).drimboxViewer?.counts()) === wanted,
    JSON.stringify(lengths),
    { timeout: paintMsMax },
  );
}

/** Waits until as many viewports of this kind are shown (cornerstone's names: stack, orthographic). */
export async function untilViewports(page: Page, kind: string, count: number): Promise<void> {
  type Engine = { getViewports(): { type: string }[] };
  type Known = { cornerstone: { getRenderingEngines(): Engine[] } };
  await viewerFrame(page).waitForFunction(
    ([wanted, many]) => {
      const [engine] = (globalThis as unknown as Known).cornerstone.getRenderingEngines();
      return engine?.getViewports().filter(({ type }) => type === wanted).length === many;
    },
    [kind, count] as const,
    { timeout: paintMsMax },
  );
}

/** Waits until every image of the first stack is in the browser's memory. */
export async function untilLoaded(page: Page): Promise<void> {
  type Engine = { getViewports(): { getImageIds(): string[] }[] };
  type Cornerstone = { getRenderingEngines(): Engine[]; cache: { isLoaded(id: string): boolean } };
  await viewerFrame(page).waitForFunction(
    () => {
      const { cornerstone } = globalThis as unknown as { cornerstone: Cornerstone };
      const ids = cornerstone.getRenderingEngines()[0]?.getViewports()[0]?.getImageIds() ?? [];
      return ids.length > 0 && ids.every((id) => cornerstone.cache.isLoaded(id));
    },
    undefined,
    { timeout: paintMsMax },
  );
}

type Point = readonly [number, number];

/** Drags on the first image; points as shares of its width and height. */
export async function drag(page: Page, from: Point, to: Point): Promise<void> {
  const box = await viewerFrame(page).locator('.cornerstone-canvas').first().boundingBox();
  if (!box) throw new Error('no image is shown');
  const at = ([x, y]: Point) => [box.x + box.width * x, box.y + box.height * y] as const;
  await page.mouse.move(...at(from));
  await page.mouse.down();
  await page.mouse.move(...at([(from[0] + to[0]) / 2, (from[1] + to[1]) / 2]));
  await page.mouse.move(...at(to), { steps: 4 });
  await page.mouse.up();
  await page.waitForTimeout(300);
}

/** Presses a tool of the bar by OHIF's own name for it. */
export async function takeTool(page: Page, tool: string): Promise<void> {
  await viewerFrame(page).locator(`[data-cy="${tool}-btn"]`).click();
}
