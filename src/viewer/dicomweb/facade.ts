import type { ServerResponse } from 'node:http';
import { Inject, Injectable } from '@nestjs/common';
import type { ConfigOf } from '../../platform/config';
import { GatewayError } from '../../platform/errors';
import { Exchange, headerText, RawRoute } from '../../platform/http';
import { RenderOptions, Transcoder } from '../../platform/transcoding';
import type { DicomJsonDataSet } from '../../standards/dicom';
import { keyFrom } from '../grants/grant-cookie';
import { ViewerGrant, ViewerGrants } from '../grants/viewer-grants';
import { Pictures } from '../preview/pictures';
import { viewerConfig } from '../viewer.config';
import { viewerErrors } from '../viewer.errors';
import { FacadeRequest, parseFacadePath } from './facade-path';
import { instanceMetadata, seriesMetadata } from './metadata';
import { sendBulk, sendFrames, sendObject } from './objects';
import { instanceAnswer, select, seriesAnswer, studyAnswer } from './qido';
import type { ViewerSeries, ViewerStudySource } from './study-source';

const pathPattern = /^\/dicomweb\/([\w-]{20,64})\/(.*)$/s;

interface Answering {
  readonly response: ServerResponse;
  readonly grant: ViewerGrant;
  readonly query: URLSearchParams;
  readonly accept: string | undefined;
  /** Ends when the caller leaves or has waited long enough. */
  readonly signal: AbortSignal;
}

interface Found {
  readonly source: ViewerStudySource;
  readonly series: ViewerSeries;
}

/**
 * DICOMweb as the viewer needs it, for the studies of one grant: searches answered from the manifest, metadata and images
 * as they arrive. Outside the web framework: a study is thousands of requests, none of which may cost a session look-up.
 */
@Injectable()
export class ViewerFacade {
  constructor(
    @Inject(viewerConfig.token)
    private readonly config: Pick<ConfigOf<typeof viewerConfig>, 'firstAnswerWaitMs' | 'arrivalWaitMsMax'>,
    private readonly grants: ViewerGrants,
    private readonly pictures: Pictures,
    private readonly transcoder: Transcoder,
  ) {}

  readonly route: RawRoute = {
    name: 'viewer-data',
    method: 'GET',
    access: 'professional',
    matches: (path) => path.startsWith('/dicomweb/'),
    handle: (exchange) => this.handle(exchange),
  };

  private async handle({ request, response, path, signal }: Exchange): Promise<void> {
    const [, grantId, rest] = pathPattern.exec(path) ?? [];
    if (grantId === undefined || rest === undefined) throw new GatewayError(viewerErrors.grantUnknown);
    const grant = this.grants.byKey(grantId, keyFrom(headerText(request, 'cookie')));
    const wanted = parseFacadePath(decoded(rest));
    if (!wanted) throw new GatewayError(viewerErrors.notGranted);
    const late = AbortSignal.timeout(this.config.arrivalWaitMsMax);
    const query = new URLSearchParams((request.url ?? '').split('?', 2)[1] ?? '');
    const accept = headerText(request, 'accept');
    try {
      await this.answer(wanted, { response, grant, query, accept, signal: AbortSignal.any([signal, late]) });
    } catch (error) {
      if (!signal.aborted && late.aborted) throw new GatewayError(viewerErrors.imageLate, { cause: error });
      throw error;
    }
  }

  private async answer(wanted: FacadeRequest, answering: Answering): Promise<void> {
    if (wanted.kind === 'search-studies') {
      const all = [...answering.grant.sources.values()].map(({ study }) => studyAnswer(study));
      sendFound(answering, all);
      return;
    }
    const source = answering.grant.sources.get(wanted.study);
    if (!source) {
      if (wanted.kind.startsWith('search')) return sendFound(answering, []);
      throw new GatewayError(viewerErrors.notGranted);
    }
    switch (wanted.kind) {
      case 'search-series':
        return sendFound(
          answering,
          source.study.series.map((series) => seriesAnswer(source.study, series)),
        );
      case 'search-instances':
        return sendFound(answering, instanceAnswers(source, wanted.series));
      case 'metadata':
        return this.metadata(source, wanted, answering);
      case 'picture':
        return this.picture(source, wanted, answering);
      default:
        return this.object(source, wanted, answering);
    }
  }

  private async object(
    source: ViewerStudySource,
    wanted: Extract<FacadeRequest, { kind: 'object' | 'frames' | 'bulk' }>,
    { response, accept, query, signal }: Answering,
  ): Promise<void> {
    seriesOf(source, wanted.series, wanted.instance);
    const instance = await source.instance(wanted.instance, signal);
    if (wanted.kind === 'frames') {
      const { transcoder } = this;
      await sendFrames({ response, instance, numbers: wanted.frames, accept, transcoder, signal });
    } else if (wanted.kind === 'bulk') {
      sendBulk({ response, instance, path: wanted.path, askedType: query.get('accept') ?? undefined, accept });
    } else {
      sendObject(response, instance, wanted.instance, /^application\/dicom\b/i.test((accept ?? '').trim()));
    }
  }

  private async metadata(
    source: ViewerStudySource,
    wanted: Extract<FacadeRequest, { kind: 'metadata' }>,
    { response, grant, signal }: Answering,
  ): Promise<void> {
    const basePath = `/dicomweb/${grant.id}`;
    if (wanted.series !== undefined && wanted.instance !== undefined) {
      const found = seriesOf(source, wanted.series, wanted.instance);
      const text = await instanceMetadata({ ...found, basePath }, wanted.instance, signal);
      return sendJson(response, `[${text}]`);
    }
    const all = wanted.series === undefined ? source.study.series : [seriesOf(source, wanted.series).series];
    const texts: string[] = [];
    let isWhole = true;
    for (const series of all) {
      const described = await seriesMetadata({ source, series, basePath }, signal, this.config.firstAnswerWaitMs);
      texts.push(...described.texts);
      isWhole &&= described.isWhole;
    }
    sendJson(response, `[${texts.join(',')}]`, isWhole ? {} : { 'X-Drimbox-Complete': 'false' });
  }

  private async picture(
    source: ViewerStudySource,
    wanted: Extract<FacadeRequest, { kind: 'picture' }>,
    { response, query, signal }: Answering,
  ): Promise<void> {
    const options = pictureOptions(wanted, query);
    const series = wanted.series === undefined ? source.study.series[0] : seriesOf(source, wanted.series).series;
    if (!series) throw new GatewayError(viewerErrors.notGranted);
    if (wanted.instance !== undefined) seriesOf(source, series.seriesInstanceUid, wanted.instance);
    const { mediaType, body } =
      wanted.instance === undefined
        ? await this.pictures.ofSeries(source, series, options, signal)
        : await this.pictures.ofInstance(source, wanted.instance, options, signal);
    response.writeHead(200, {
      'Content-Type': mediaType,
      'Content-Length': body.length,
      // Pictures show a patient as images do: no browser keeps them on disk.
      'Cache-Control': 'private, no-store',
    });
    response.end(body);
  }
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return '';
  }
}

/** The series, when the study lists it, and the instance in it. */
function seriesOf(source: ViewerStudySource, seriesUid: string, instanceUid?: string): Found {
  const series = source.study.series.find(({ seriesInstanceUid }) => seriesInstanceUid === seriesUid);
  const lists =
    series && (instanceUid === undefined || series.instances.some((each) => each.sopInstanceUid === instanceUid));
  if (!lists) throw new GatewayError(viewerErrors.notGranted);
  return { source, series };
}

function instanceAnswers({ study }: ViewerStudySource, seriesUid: string | undefined): DicomJsonDataSet[] {
  const series = study.series.filter(
    ({ seriesInstanceUid }) => seriesUid === undefined || seriesInstanceUid === seriesUid,
  );
  return series.flatMap((each) => each.instances.map((instance) => instanceAnswer(study, each, instance)));
}

/** `window=center,width,function`, `viewport=width,height` (PS3.18 8.3.5.1). */
function pictureOptions(
  { frame, thumbnail }: Extract<FacadeRequest, { kind: 'picture' }>,
  query: URLSearchParams,
): RenderOptions {
  if (thumbnail) return { ...Pictures.thumbnail, frame };
  const [width, height] = numbersOf(query.get('viewport'));
  const [center, windowWidth] = numbersOf(query.get('window'));
  const hasWindow = center !== undefined && windowWidth !== undefined && windowWidth >= 1;
  return {
    frame,
    width: width !== undefined && width >= 1 ? width : undefined,
    height: height !== undefined && height >= 1 ? height : undefined,
    window: hasWindow ? { center, width: windowWidth } : undefined,
    mediaType: query.get('accept') === 'image/png' ? 'image/png' : 'image/jpeg',
  };
}

function numbersOf(text: string | null): (number | undefined)[] {
  return (text ?? '').split(',').map((part) => (/^-?\d{1,6}(\.\d{1,6})?$/.test(part) ? Number(part) : undefined));
}

function sendFound({ response, query }: Answering, answers: readonly DicomJsonDataSet[]): void {
  const { found, ignored } = select(answers, query);
  const warning = '299 drimbox "Some query parameters were not used"';
  sendJson(response, JSON.stringify(found), ignored ? { Warning: warning } : {});
}

function sendJson(response: ServerResponse, text: string, more: Record<string, string> = {}): void {
  const body = Buffer.from(text);
  response.writeHead(200, {
    'Content-Type': 'application/dicom+json',
    'Content-Length': body.length,
    'Cache-Control': 'no-store',
    ...more,
  });
  response.end(body);
}
