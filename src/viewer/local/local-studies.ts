import { Inject, Injectable } from '@nestjs/common';
import { Pacs, PACS_DIRECTORY, PacsDirectory } from '../../connectors/pacs';
import type { ConfigOf } from '../../platform/config';
import { GatewayError } from '../../platform/errors';
import type { ArchivedManifest } from '../../source/archive';
import type { ViewerStudySource } from '../dicomweb/study-source';
import { viewerConfig } from '../viewer.config';
import { viewerErrors } from '../viewer.errors';
import { InstanceStore } from './instance-store';
import { LocalStudySource } from './local-study-source';
import { viewerStudyOf } from '../dicomweb/viewer-study.mapper';

const objectBytesMax = 512 * 1024 * 1024;

/** Studies of our own PACS, for the viewer. */
@Injectable()
export class LocalStudies {
  private readonly store: InstanceStore;

  constructor(
    @Inject(viewerConfig.token) config: Pick<ConfigOf<typeof viewerConfig>, 'localBytesMax'>,
    @Inject(PACS_DIRECTORY) private readonly directory: PacsDirectory,
  ) {
    this.store = new InstanceStore(config.localBytesMax);
  }

  /** A published study, its first series already on its way. */
  open({ manifest, studyInstanceUid, pacsId }: ArchivedManifest): ViewerStudySource {
    const study = viewerStudyOf(manifest, studyInstanceUid);
    if (!study) throw new GatewayError(viewerErrors.noStudy);
    const locate = (signal: AbortSignal) => this.locate(studyInstanceUid, pacsId, signal);
    return new LocalStudySource({ study, locate, store: this.store, objectBytesMax });
  }

  /** The PACS that held the study when it was published, or wherever it is now. */
  private async locate(studyInstanceUid: string, pacsId: string | undefined, signal: AbortSignal): Promise<Pacs> {
    const known = this.directory.all.find(({ id }) => id === pacsId);
    if (known) return known;
    const [only, another] = this.directory.all;
    const found = only && !another ? only : await this.directory.locateStudy(studyInstanceUid, signal);
    if (!found) throw new GatewayError(viewerErrors.imageUnavailable, { detail: 'no PACS holds the study' });
    return found;
  }
}
