import { Injectable } from '@nestjs/common';
import { GatewayError } from '../../platform/errors';
import { RenderedFrame, RenderOptions, Transcoder } from '../../platform/transcoding';
import type { ViewerSeries, ViewerStudySource } from '../dicomweb/study-source';
import { viewerErrors } from '../viewer.errors';

/** Pictures kept for each open study: thumbnails, and the preview of the first image. */
const keptMax = 64;
const thumbnailSide = 128;

/** Pictures of images for a screen: thumbnails, and the first image while the viewer starts. */
@Injectable()
export class Pictures {
  private readonly kept = new WeakMap<ViewerStudySource, Map<string, Promise<RenderedFrame>>>();

  constructor(private readonly transcoder: Transcoder) {}

  /** One image, or one frame of it. */
  async ofInstance(
    source: ViewerStudySource,
    sopInstanceUid: string,
    options: RenderOptions,
    signal: AbortSignal,
  ): Promise<RenderedFrame> {
    const key = JSON.stringify([sopInstanceUid, options]);
    const known = this.keptOf(source);
    const before = known.get(key);
    if (before) return before;
    const picture = this.render(source, sopInstanceUid, options, signal);
    known.set(key, picture);
    picture.catch(() => known.delete(key));
    for (const oldest of known.keys()) if (known.size > keptMax) known.delete(oldest);
    return picture;
  }

  /** The image in the middle of a series, or the nearest to it among those that are here; waits for one. */
  async ofSeries(
    source: ViewerStudySource,
    series: ViewerSeries,
    options: RenderOptions,
    signal: AbortSignal,
  ): Promise<RenderedFrame> {
    return this.ofInstance(source, await nearestToMiddle(source, series, signal), options, signal);
  }

  static readonly thumbnail: RenderOptions = {
    width: thumbnailSide,
    height: thumbnailSide,
    mediaType: 'image/jpeg',
  };

  private async render(
    source: ViewerStudySource,
    sopInstanceUid: string,
    options: RenderOptions,
    signal: AbortSignal,
  ): Promise<RenderedFrame> {
    const { dataset, transferSyntaxUid } = await source.instance(sopInstanceUid, signal);
    // Not given up with the caller: others may wait for the same picture.
    return this.transcoder.renderFrame(dataset, transferSyntaxUid, options);
  }

  private keptOf(source: ViewerStudySource): Map<string, Promise<RenderedFrame>> {
    const known = this.kept.get(source) ?? new Map<string, Promise<RenderedFrame>>();
    this.kept.set(source, known);
    return known;
  }
}

/** Indexes from the middle outwards. */
function fromMiddle(length: number): number[] {
  const middle = Math.floor((length - 1) / 2);
  return Array.from({ length }, (_, index) => index).sort(
    (one, other) => Math.abs(one - middle) - Math.abs(other - middle) || one - other,
  );
}

async function nearestToMiddle(
  source: ViewerStudySource,
  { instances }: ViewerSeries,
  signal: AbortSignal,
): Promise<string> {
  const order = fromMiddle(instances.length).map((index) => instances[index]?.sopInstanceUid ?? '');
  const here = () => order.find((uid) => source.hasArrived(uid));
  const middle = order[0];
  if (middle === undefined) throw new GatewayError(viewerErrors.notGranted);
  const now = here();
  if (now) return now;
  return new Promise<string>((resolve, reject) => {
    const left = new AbortController();
    const stop = source.onProgress(() => {
      const found = here();
      if (found) finish(() => resolve(found));
    });
    const finish = (settle: () => void) => {
      stop();
      left.abort();
      settle();
    };
    source.head(middle, AbortSignal.any([signal, left.signal])).then(
      () => finish(() => resolve(middle)),
      (error: Error) => finish(() => reject(error)),
    );
  });
}
