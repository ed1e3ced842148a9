import { Inject, Injectable } from '@nestjs/common';
import type { ExpectedInstance, Pacs } from '../../../connectors/pacs';
import { ConfigOf } from '../../../platform/config';
import { GatewayError } from '../../../platform/errors';
import type { Exchange } from '../../../platform/http';
import { chooseMetadataMediaType, WadoResource, WishList } from '../../../standards/dicomweb';
import type { ServableManifest } from '../../archive';
import { servingConfig } from '../serving.config';
import { servingErrors } from '../serving.errors';
import { DamagedFile, KeptSeries, Piece } from './kept-series';
import { MetadataAnswer } from './metadata-answer';
import { MetadataCache } from './metadata-cache';
import { MetadataKeeper } from './metadata-keeper';
import { insOf, readTexts, TextContext } from './metadata-texts';

/** Up to this many instances of a series are taken from its file into memory, where the next request finds them. */
const fewInstances = 16;
/** Texts in memory are handed over in portions of about this many characters. */
const pieceCharacters = 256 * 1024;

export interface MetadataRequest {
  readonly exchange: Exchange;
  readonly manifest: ServableManifest;
  readonly resource: WadoResource;
  readonly expected: readonly ExpectedInstance[];
  readonly wishes: WishList;
  /** The PACS that holds the study; asked only when something must be read. */
  readonly pacs: () => Promise<Pacs>;
}

/** Instances of one series in a row, and where their texts come from. */
type Segment = { readonly instances: readonly ExpectedInstance[] } & (
  { readonly from: 'memory' } | { readonly from: 'file'; readonly file: KeptSeries; readonly first: number }
);

interface Work extends TextContext {
  readonly request: MetadataRequest;
  readonly kos: string;
  /** Texts in memory, by SOP Instance UID. */
  known: Map<string, string>;
}

/**
 * Answers `…/metadata` of a study, series or instance (PS3.18 10.4.1.1.2) as DICOM JSON or XML, from the objects themselves: from
 * memory, from what was kept on disk, or read from the PACS. The texts are the same whichever way they come.
 */
@Injectable()
export class MetadataService {
  private readonly cache = new MetadataCache();

  constructor(
    @Inject(servingConfig.token) private readonly config: Pick<ConfigOf<typeof servingConfig>, 'basePath'>,
    private readonly keeper: MetadataKeeper,
  ) {
    keeper.onForgotten((kosSopInstanceUid) => this.cache.drop(kosSopInstanceUid));
  }

  /** Metadata of every expected instance; what must be read from the PACS has been read. */
  async answer(request: MetadataRequest): Promise<MetadataAnswer> {
    const mediaType = chooseMetadataMediaType(request.wishes);
    if (mediaType === 'not-acceptable')
      throw new GatewayError(servingErrors.notAcceptable, { detail: 'metadata are given as DICOM JSON or XML' });
    const { manifest } = request;
    const kos = manifest.kosSopInstanceUid;
    const context = { manifest, ins: insOf(manifest), basePath: this.config.basePath };
    const work: Work = { ...context, request, kos, known: this.cache.of(kos) };
    const segments = await this.segments(work);
    return new MetadataAnswer(request.exchange, mediaType, this.pieces(work, segments));
  }

  /** Where each series' texts come from; those that are nowhere are read into memory first. */
  private async segments(work: Work): Promise<Segment[]> {
    const { expected } = work.request;
    if (isKnown(work, expected)) return [{ from: 'memory', instances: expected }];
    const series = bySeries(expected);
    const segments = await this.isCurrent(work, await Promise.all(series.map((one) => this.locate(work, one))));
    const missing = segments.flatMap((segment, at) => (segment ? [] : series[at]));
    await this.read(work, missing);
    return segments.map((segment, at) => segment ?? { from: 'memory', instances: series[at] });
  }

  private async locate(work: Work, instances: readonly ExpectedInstance[]): Promise<Located | undefined> {
    if (isKnown(work, instances)) return { from: 'memory', instances };
    const [{ seriesInstanceUid }] = instances;
    const found = await this.keeper.find(work, seriesInstanceUid);
    if (!found) return undefined;
    const whole = work.manifest.expected({ studyInstanceUid: work.manifest.studyInstanceUid, seriesInstanceUid });
    // Of one series, all instances are asked for or one.
    const first = whole.indexOf(instances[0]);
    return { from: 'file', file: found.series, first, instances, checkedAtMs: found.checkedAtMs };
  }

  /**
   * Compares what is kept with the PACS by one of the objects asked for, when that was not done for a while: a correction of the
   * patient or the study shows in each of them. What differs is forgotten, all of the manifest.
   */
  private async isCurrent(work: Work, located: readonly (Located | undefined)[]): Promise<(Segment | undefined)[]> {
    const files = located.filter((one) => one?.from === 'file');
    const due = files.find(({ checkedAtMs }) => this.keeper.isCheckDue(checkedAtMs));
    if (due && !(await this.isSameInPacs(work, due))) {
      await this.keeper.forget(work.kos);
      work.known = this.cache.of(work.kos);
      return located.map(() => undefined);
    }
    if (due) this.keeper.confirm(work.kos, files);
    return Promise.all(located.map(async (one) => (one?.from === 'file' ? this.intoMemory(work, one) : one)));
  }

  private async isSameInPacs(work: Work, { file, first, instances }: LocatedFile): Promise<boolean> {
    const at = Math.floor(Math.random() * instances.length);
    const { sopInstanceUid } = instances[at];
    work.known.delete(sopInstanceUid);
    try {
      const [kept] = await Promise.all([linesOf(file, first + at, 1), this.read(work, [instances[at]])]);
      return kept[0] === work.known.get(sopInstanceUid);
    } catch (error) {
      if (error instanceof DamagedFile) return false;
      // What the PACS no longer holds is told by nobody.
      if (GatewayError.of(error)?.entry === servingErrors.gone) await this.keeper.forget(work.kos);
      throw error;
    }
  }

  /** A few instances are taken into memory: the next request for them is then answered without a file. */
  private async intoMemory(work: Work, segment: LocatedFile): Promise<Segment | undefined> {
    const { file, first, instances } = segment;
    if (instances.length > fewInstances) return segment;
    try {
      const texts = await linesOf(file, first, instances.length);
      for (const [at, { sopInstanceUid }] of instances.entries()) work.known.set(sopInstanceUid, texts[at]);
      this.cache.keep(work.kos);
      return { from: 'memory', instances };
    } catch (error) {
      await this.damaged(work, error);
      return undefined;
    }
  }

  /** Reads instances into memory, and has whole series kept. */
  private async read(work: Work, instances: readonly ExpectedInstance[]): Promise<void> {
    const missing = instances.filter(({ sopInstanceUid }) => !work.known.has(sopInstanceUid));
    if (missing.length === 0) return;
    const { request, known, kos } = work;
    // What was in memory before counts with its age.
    const readAtMs = Date.now() - this.cache.ageMs(kos);
    try {
      const seriesInstanceUid =
        'seriesInstanceUid' in request.resource ? request.resource.seriesInstanceUid : undefined;
      const { correlationId, signal } = request.exchange;
      const pacs = await request.pacs();
      const wanted = { pacs, instances: missing, seriesInstanceUid, correlationId, signal };
      await readTexts(wanted, work, (uid, text) => known.set(uid, text));
    } finally {
      // What came before a failure stays, and counts.
      this.cache.keep(kos);
    }
    for (const seriesInstanceUid of new Set(missing.map((one) => one.seriesInstanceUid)))
      this.keeper.keepLater(work, seriesInstanceUid, known, readAtMs);
  }

  /** The texts in order. A file found damaged on the way is replaced by the PACS from there on, within the same answer. */
  private async *pieces(work: Work, segments: readonly Segment[]): AsyncGenerator<Piece, void, void> {
    for (const segment of segments) {
      let rest = segment.instances;
      if (segment.from === 'file') {
        try {
          for await (const piece of segment.file.pieces(segment.first, rest.length)) {
            rest = rest.slice(piece.instances);
            yield piece;
          }
        } catch (error) {
          await this.damaged(work, error);
          await this.read(work, rest);
        }
      }
      yield* piecesOf(rest.map(({ sopInstanceUid }) => work.known.get(sopInstanceUid) ?? missingText(sopInstanceUid)));
    }
  }

  private async damaged({ kos }: Work, error: unknown): Promise<void> {
    if (!(error instanceof DamagedFile)) throw error;
    await this.keeper.forget(kos);
  }
}

type LocatedFile = Segment & { readonly from: 'file'; readonly checkedAtMs: number };
type Located = (Segment & { readonly from: 'memory' }) | LocatedFile;

function isKnown({ known }: Work, instances: readonly ExpectedInstance[]): boolean {
  return instances.every(({ sopInstanceUid }) => known.has(sopInstanceUid));
}

/** Instances of one series follow each other: a manifest lists them so. */
function bySeries(instances: readonly ExpectedInstance[]): ExpectedInstance[][] {
  const series: ExpectedInstance[][] = [];
  for (const instance of instances) {
    const last = series.at(-1);
    if (last?.[0].seriesInstanceUid === instance.seriesInstanceUid) last.push(instance);
    else series.push([instance]);
  }
  return series;
}

async function linesOf(file: KeptSeries, first: number, count: number): Promise<string[]> {
  const lines: string[] = [];
  for await (const { text } of file.pieces(first, count)) lines.push(...text.toString().split('\n'));
  return lines;
}

function* piecesOf(texts: readonly string[]): Generator<Piece, void, void> {
  for (let at = 0; at < texts.length;) {
    const from = at;
    for (let characters = 0; at < texts.length && characters < pieceCharacters; at++) characters += texts[at].length;
    yield { instances: at - from, text: Buffer.from(texts.slice(from, at).join('\n')) };
  }
}

function missingText(sopInstanceUid: string): never {
  throw new GatewayError(servingErrors.failed, { detail: `no metadata of ${sopInstanceUid}` });
}
