import { setImmediate as nextTurn } from 'node:timers/promises';
import { Inject, Injectable } from '@nestjs/common';
import type { ExpectedInstance, InstanceSink } from '../../../connectors/pacs';
import { ConfigOf } from '../../../platform/config';
import { describeCause } from '../../../platform/errors';
import { Logger } from '../../../platform/logging';
import type { ServableManifest } from '../../archive';
import { RequestsUnderWay } from '../delivery/requests-under-way';
import { servingConfig } from '../serving.config';
import { GatheredHeads, WholeSeries } from './gathered-heads';
import { MetadataKeeper } from './metadata-keeper';
import { insOf, TextContext, textOf } from './metadata-texts';
import { PassingHeads } from './passing-heads';

/** Texts made before other work has its turn: about two milliseconds. */
const textsATurn = 20;
const refusedMax = 10_000;
/** With more requests under way than this, images go their way alone: the collector reads the metadata when there is time. */
const requestsMax = 2;

/** Images on their way to a caller have their metadata kept by the way, when these are not kept yet and few requests are under way. */
@Injectable()
export class MetadataByTheWay {
  private readonly gathered = new GatheredHeads();
  /** Series with an object that cannot be told: not tried with each request. */
  private readonly refused = new Set<string>();
  private working: Promise<void> = Promise.resolve();
  private readonly logger = new Logger('metadata');

  constructor(
    @Inject(servingConfig.token) private readonly config: Pick<ConfigOf<typeof servingConfig>, 'basePath'>,
    private readonly keeper: MetadataKeeper,
    private readonly requests: RequestsUnderWay,
  ) {}

  /** The sink itself, or one that gathers heads on the way to it. */
  alongside(sink: InstanceSink, manifest: ServableManifest, expected: readonly ExpectedInstance[]): InstanceSink {
    if (this.requests.count > requestsMax) return sink;
    const series = new Set(expected.map(({ seriesInstanceUid }) => seriesInstanceUid));
    const lacking = [...series].filter((uid) => this.isLacking(manifest, uid));
    if (lacking.length === 0) return sink;
    const seriesOf = new Map(expected.map((one) => [one.sopInstanceUid, one.seriesInstanceUid]));
    return new PassingHeads(sink, (read) => {
      const uid = seriesOf.get(read.header.sopInstanceUid);
      if (uid === undefined || !this.isLacking(manifest, uid)) return;
      const whole = this.gathered.take(manifest, uid, read);
      if (whole) this.working = this.working.then(() => this.keep(whole));
    });
  }

  /** Resolves when what was gathered until now is kept. */
  idle(): Promise<void> {
    return this.working;
  }

  private isLacking(manifest: ServableManifest, seriesInstanceUid: string): boolean {
    return this.keeper.lacks(manifest, seriesInstanceUid) && !this.refused.has(keyOf(manifest, seriesInstanceUid));
  }

  private async keep(whole: WholeSeries): Promise<void> {
    const { manifest, seriesInstanceUid, readAtMs } = whole;
    const context = { manifest, ins: insOf(manifest), basePath: this.config.basePath };
    try {
      await this.keeper.keep(context, seriesInstanceUid, textsOf(whole, context), readAtMs);
    } catch (error) {
      if (this.refused.size >= refusedMax) this.refused.clear();
      this.refused.add(keyOf(manifest, seriesInstanceUid));
      this.logger.warn({ seriesInstanceUid, cause: describeCause(error) }, 'metadata of a series cannot be kept');
    }
  }
}

/** Texts of a series in the order of the manifest, made when asked for, other work having its turn between some of them. */
async function* textsOf(whole: WholeSeries, context: TextContext): AsyncGenerator<string, void, void> {
  const { manifest, seriesInstanceUid, heads } = whole;
  const { studyInstanceUid } = manifest;
  for (const [at, { sopInstanceUid }] of manifest.expected({ studyInstanceUid, seriesInstanceUid }).entries()) {
    const read = heads.get(sopInstanceUid);
    if (!read) throw new Error('an image of the manifest did not come by');
    if (at % textsATurn === textsATurn - 1) await nextTurn();
    yield textOf(read, seriesInstanceUid, context);
  }
}

const keyOf = ({ kosSopInstanceUid }: ServableManifest, seriesInstanceUid: string): string =>
  `${kosSopInstanceUid} ${seriesInstanceUid}`;
