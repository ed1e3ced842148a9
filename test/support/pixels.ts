import type { Page } from 'playwright-core';
import { parseDicom } from 'dicom-parser';
import { decodeOneFrame } from './one-frame';

/** What one viewport of OHIF shows now. */
export interface ShownImage {
  readonly sopInstanceUid: string;
  readonly index: number;
  readonly count: number;
  /** Where the slice lies along the patient, in mm; undefined when the image does not say it. */
  readonly zMm: number | undefined;
  /**
   * Share of sampled points of the canvas whose grey is that of the object under the viewport's window, within a tolerance
   * for the interpolation: 1 when all are.
   */
  readonly against: (partTen: Buffer) => number;
}

interface Sample {
  readonly x: number;
  readonly y: number;
  /** Grey of the canvas, 0 to 255. */
  readonly grey: number;
}

interface Raw {
  readonly imageId: string;
  readonly index: number;
  readonly count: number;
  readonly zMm: number | undefined;
  readonly lower: number;
  readonly upper: number;
  readonly samples: readonly Sample[];
}

/** Points read from each viewport, on a grid of the image. */
const grid = 24;
const tolerance = 10;

/** Runs in the page; as text, since the objects of OHIF have no types here. */
const readViewport = `(order, points) => {
  const { cornerstone } = document.querySelector('iframe').contentWindow;
  const viewports = cornerstone.getRenderingEngines()[0].getViewports().filter((each) => each.setImageIdIndex);
  const viewport = viewports[order];
  const canvas = viewport.getCanvas();
  const context = canvas.getContext('2d');
  const { dimensions, imageData } = viewport.getImageData();
  const { lower, upper } = viewport.getProperties().voiRange;
  const ratio = canvas.width / canvas.clientWidth;
  const samples = [];
  for (let row = 1; row < points; row++)
    for (let column = 1; column < points; column++) {
      const x = Math.floor((dimensions[0] * column) / points);
      const y = Math.floor((dimensions[1] * row) / points);
      const [left, top] = viewport.worldToCanvas(imageData.indexToWorld([x, y, 0]));
      const [grey] = context.getImageData(Math.round(left * ratio), Math.round(top * ratio), 1, 1).data;
      samples.push({ x, y, grey });
    }
  return {
    imageId: viewport.getCurrentImageId(),
    index: viewport.getCurrentImageIdIndex(),
    count: viewport.getImageIds().length,
    zMm: cornerstone.metaData.get('imagePlaneModule', viewport.getCurrentImageId())?.imagePositionPatient?.[2],
    lower,
    upper,
    samples,
  };
}`;

/** Reads the viewport by its order: which image it says it shows, and what is really on its canvas. */
export async function readPixels(page: Page, order: number): Promise<ShownImage> {
  await page.waitForTimeout(700);
  const raw: Raw = await page.evaluate(`(${readViewport})(${order}, ${grid})`);
  const sopInstanceUid = /\/instances\/([\d.]+)/.exec(raw.imageId)?.[1] ?? '';
  const { index, count, zMm } = raw;
  return { sopInstanceUid, index, count, zMm, against: (partTen) => shareEqual(raw, partTen) };
}

/**
 * The canvas comes to show this object under the viewport's window. A viewport that has just been laid out anew is drawn once more after
 * its numbers have changed; what it shows then has to be the object.
 */
export async function expectPainted(page: Page, order: number, partTen: Buffer): Promise<void> {
  let share = 0;
  for (let round = 0; round < 60; round++) {
    share = (await readPixels(page, order)).against(partTen);
    if (share === 1) return;
    await page.waitForTimeout(500);
  }
  expect(share).toBe(1);
}

function shareEqual({ lower, upper, samples }: Raw, partTen: Buffer): number {
  const head = parseDicom(partTen);
  const { columns, rows, valueAt } = decodeOneFrame(partTen);
  const slope = Number(head.string('x00281053') ?? 1);
  const intercept = Number(head.string('x00281052') ?? 0);
  const greyOf = (x: number, y: number) => {
    const inside = x >= 0 && y >= 0 && x < columns && y < rows;
    const value = inside ? valueAt(x, y) * slope + intercept : lower;
    return Math.max(0, Math.min(255, ((value - lower) / (upper - lower)) * 255));
  };
  const equal = samples.filter(({ x, y, grey }) => {
    const around = [-1, 0, 1].flatMap((dy) => [-1, 0, 1].map((dx) => greyOf(x + dx, y + dy)));
    return grey >= Math.min(...around) - tolerance && grey <= Math.max(...around) + tolerance;
  });
  return equal.length / samples.length;
}
