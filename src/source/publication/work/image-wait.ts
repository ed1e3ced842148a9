import { Inject, Injectable } from '@nestjs/common';
import { ConfigOf } from '../../../platform/config';
import { publicationConfig } from '../publication.config';
import { publicationErrors } from '../publication.errors';
import type { Publication, PublicationChange } from '../store/publication';
import { PublicationRepository } from '../store/publication.repository';
import { StudyReader } from '../study/study-reader';
import { Settlement } from './settlement';

const doublingsMax = 20;
/** Clocks of the database and of this process may differ a little. */
const toleranceMs = 20;

/** Waits, visibly, for images that are absent or still arriving. */
@Injectable()
export class ImageWait {
  constructor(
    private readonly reader: StudyReader,
    private readonly publications: PublicationRepository,
    private readonly settlement: Settlement,
    @Inject(publicationConfig.token) private readonly config: ConfigOf<typeof publicationConfig>,
  ) {}

  /**
   * Whether the number of instances has stayed the same for long enough; if not, the publication was put off. A study that
   * disappeared counts too: it is believed to be gone only when that is stable.
   */
  async isStable(held: Publication, signal: AbortSignal): Promise<boolean> {
    const { stableMs } = this.config;
    if (stableMs === 0) return true;
    const count = await this.reader.count(held.studyInstanceUid, signal);
    if (count === 0 && held.request.type === 'report') {
      await this.absent(held);
      return false;
    }
    const now = new Date();
    const isSame = held.countedAt !== undefined && held.countedInstances === count;
    const sinceMs = isSame ? now.getTime() - held.countedAt.getTime() : 0;
    if (isSame && sinceMs + toleranceMs >= stableMs) return true;
    const change = isSame ? {} : { countedInstances: count, countedAt: now };
    const { imagesArriving } = publicationErrors;
    await this.put(held, {
      inMs: stableMs - sinceMs + toleranceMs,
      code: imagesArriving.code,
      change: { ...change, waits: 0 },
    });
    return false;
  }

  /** The study is in no PACS. */
  async absent(held: Publication): Promise<void> {
    const waits = held.waits + 1;
    const { imagesRetryMs, imagesRetryMsMax } = this.config;
    const inMs = Math.min(imagesRetryMs * 2 ** Math.min(waits - 1, doublingsMax), imagesRetryMsMax);
    const change = { waits, countedInstances: 0, countedAt: new Date() };
    await this.put(held, { inMs, code: publicationErrors.imagesAbsent.code, change });
  }

  private async put(
    held: Publication,
    later: { inMs: number; code: string; change: PublicationChange },
  ): Promise<void> {
    const { inMs, change } = later;
    const reason = { code: later.code };
    if (held.state !== 'waiting-for-images') {
      await this.publications.move(held, { to: 'waiting-for-images', reason, change, laterMs: inMs });
      return;
    }
    if (Date.now() - held.changedAt.getTime() > this.config.imagesWaitMsMax) {
      return this.settlement.refused(held, { code: publicationErrors.imagesNeverCame.code, detail: later.code });
    }
    await this.publications.postpone(held, { inMs, reason, change });
  }
}
