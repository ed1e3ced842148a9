import { randomBytes } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { ConfigOf } from '../../../platform/config';
import { GatewayError } from '../../../platform/errors';
import {
  composeManifest,
  defaultSelectionPolicy,
  dicomMoment,
  isRejectionTitle,
  Manifest,
  ManifestIdentity,
  ManifestSeries,
  uidFactory,
  writeManifest,
} from '../../../standards/manifest';
import type { ReportRequest } from '../../intake';
import { publicationConfig } from '../publication.config';
import { publicationErrors } from '../publication.errors';
import { RejectionNotes } from '../store/rejection-notes';
import { rejectedInstances } from '../study/rejected-instances';
import type { StudyFacts, StudyInPacs } from '../study/study-in-pacs';
import { listedSeries, manifestContent } from './manifest-content';

export interface MadeManifest {
  readonly kosSopInstanceUid: string;
  readonly bytes: Buffer;
  readonly instances: number;
}

/** Decides what a manifest lists, and writes it. */
@Injectable()
export class ManifestMaker {
  private readonly uids;

  constructor(
    @Inject(publicationConfig.token) private readonly config: ConfigOf<typeof publicationConfig>,
    private readonly notes: RejectionNotes,
  ) {
    this.uids = uidFactory(config.uidRoot, () => randomBytes(16));
  }

  /** What of the study may be shared: settings, rejection notes pushed to us, and those found in the PACS. */
  async list(study: StudyInPacs): Promise<ManifestSeries[]> {
    const { excludedSopClasses, presentationStates, rejectionCodes } = this.config;
    const pushed = (await this.notes.about(study.facts.studyInstanceUid)).map((note) => ({
      ...note,
      references: note.rejected
        .filter(({ studyInstanceUid }) => studyInstanceUid === study.facts.studyInstanceUid)
        .flatMap(({ sopInstanceUids }) => sopInstanceUids),
    }));
    const known = new Set(pushed.map(({ sopInstanceUid }) => sopInstanceUid));
    const found = study.keyObjects
      .filter(({ title, sopInstanceUid }) => isRejectionTitle(title) && !known.has(sopInstanceUid))
      .map((note) => ({ ...note, titleCode: note.title.value }));
    return listedSeries(study, {
      selection: { ...defaultSelectionPolicy, excludedSopClasses, presentationStates },
      rejected: rejectedInstances([...pushed, ...found], rejectionCodes),
    });
  }

  /** Throws `publication.manifest` when these facts cannot be written as a manifest. */
  make(
    report: ReportRequest,
    study: { facts: StudyFacts; series: readonly ManifestSeries[] },
    previous: Pick<ManifestIdentity, 'seriesInstanceUid' | 'instanceNumber'> | undefined,
  ): MadeManifest {
    const { publicUrl = '', retrieveLocationUid, timeZone } = this.config;
    const content = manifestContent(report, study, { publicUrl, retrieveLocationUid });
    const manifest = composeManifest(content, { uids: this.uids, now: dicomMoment(new Date(), timeZone), previous });
    return this.written(manifest);
  }

  private written(manifest: Manifest): MadeManifest {
    const made = writeManifest(manifest);
    if (!made.ok) throw new GatewayError(publicationErrors.manifest, { detail: made.reason });
    const series = manifest.studies.flatMap((study) => study.series);
    return {
      kosSopInstanceUid: manifest.sopInstanceUid,
      bytes: made.bytes,
      instances: series.reduce((sum, { instances }) => sum + instances.length, 0),
    };
  }
}
