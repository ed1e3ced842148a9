import { Inject, Injectable } from '@nestjs/common';
import { ConfigOf } from '../../../platform/config';
import { GatewayError } from '../../../platform/errors';
import { Logger } from '../../../platform/logging';
import { manifestChanges, ManifestSeries } from '../../../standards/manifest';
import { ArchivedManifest, ManifestArchive } from '../../archive';
import type { ReportRequest } from '../../intake';
import { isOfAnotherPatient, reportOf } from '../archived-report';
import { cdaIdOf } from '../cda-id';
import { ManifestMaker } from '../manifest/manifest-maker';
import { publicationConfig } from '../publication.config';
import { publicationErrors } from '../publication.errors';
import type { KeptReport, Publication, PublicationChange } from '../store/publication';
import { PublicationRepository } from '../store/publication.repository';
import { pairingFault } from '../study/pairing';
import type { StudyFacts } from '../study/study-in-pacs';
import { StudyReader } from '../study/study-reader';
import { ImageWait } from './image-wait';
import { Settlement } from './settlement';

const reportsPerManifestMax = 100;
const notPublished = { code: 'nothing-published' };

/** From `received` or `waiting-for-images` to `to-publish`: reads the study, makes the manifest, keeps it. */
@Injectable()
export class PrepareStep {
  private readonly logger = new Logger('publication');

  constructor(
    private readonly publications: PublicationRepository,
    private readonly reader: StudyReader,
    private readonly wait: ImageWait,
    private readonly maker: ManifestMaker,
    private readonly archive: ManifestArchive,
    private readonly settlement: Settlement,
    @Inject(publicationConfig.token) private readonly config: ConfigOf<typeof publicationConfig>,
  ) {}

  /** The publication to go on with; undefined when it ended or was put off. */
  async run(held: Publication, signal: AbortSignal): Promise<Publication | undefined> {
    const current = await this.archive.current(held.studyInstanceUid);
    if (held.request.type === 'study-change') return this.studyChange(held, current, signal);
    if (held.kind === 'deletion') return this.deletion(held, held.request.report, current);
    return this.report(held, held.request, current, signal);
  }

  private async deletion(
    held: Publication,
    asked: ReportRequest,
    current: ArchivedManifest | undefined,
  ): Promise<Publication | undefined> {
    const candidates = await this.publications.ofStudy.mayBeRegistered(held.studyInstanceUid);
    if (candidates.length > 0 || current) {
      // The document is where it was published: in the record of the patient of then.
      const before = current && isOfAnotherPatient(current, asked) ? reportOf(current) : undefined;
      const change = { action: 'withdraw' as const, draft: { report: before ?? asked, cdaIds: [] } };
      return this.settlement.leaving(held, change);
    }
    await this.settlement.withdrawn(held, { reason: notPublished });
    return undefined;
  }

  private async report(
    held: Publication,
    request: KeptReport,
    current: ArchivedManifest | undefined,
    signal: AbortSignal,
  ): Promise<Publication | undefined> {
    // Hiding a document does not wait for the PACS: the manifest of before lists the images just as well.
    const samePatient = current && !isOfAnotherPatient(current, request.report);
    if (held.kind === 'visibility' && samePatient) return this.visibility(held, request, current, signal);
    if (held.kind === 'visibility' && (await this.publications.ofStudy.followsDeletion(held)))
      throw new GatewayError(publicationErrors.nothingToChange);
    if (!(await this.wait.isStable(held, signal))) return undefined;
    const study = await this.reader.read(held.studyInstanceUid, signal);
    if (!study) {
      await this.wait.absent(held);
      return undefined;
    }
    const fault = pairingFault(study.facts, request.report.report, this.config.pairing);
    if (fault) throw new GatewayError(publicationErrors.pairing, { detail: fault });
    const series = await this.maker.list(study);
    if (series.length === 0) throw new GatewayError(publicationErrors.nothingToList);
    const { facts, pacsId } = study;
    return this.keep(held, {
      report: request.report,
      alsoReports: request.alsoReports,
      facts,
      series,
      pacsId,
      current,
    });
  }

  private async visibility(
    held: Publication,
    request: KeptReport,
    current: ArchivedManifest,
    signal: AbortSignal,
  ): Promise<Publication | undefined> {
    const { report, alsoReports } = request;
    const read = await this.readPaired(held, report, signal);
    const [before] = current.manifest.studies;
    const facts = read?.facts ?? factsOf(current);
    const series = read?.series ?? before?.series ?? [];
    return this.keep(held, { report, alsoReports, facts, series, pacsId: read?.pacsId ?? current.pacsId, current });
  }

  /** The study as it is now, or undefined when it cannot be had or does not go with the report. */
  private async readPaired(
    held: Publication,
    report: ReportRequest,
    signal: AbortSignal,
  ): Promise<{ facts: StudyFacts; series: ManifestSeries[]; pacsId: string } | undefined> {
    try {
      const study = await this.reader.read(held.studyInstanceUid, signal);
      if (!study || pairingFault(study.facts, report.report, this.config.pairing)) return undefined;
      const series = await this.maker.list(study);
      return series.length > 0 ? { facts: study.facts, series, pacsId: study.pacsId } : undefined;
    } catch (error) {
      signal.throwIfAborted();
      const code = GatewayError.of(error)?.code;
      if (!code?.startsWith('pacs.')) throw error;
      this.logger.warn(
        { publication: held.id, reason: code },
        'the visibility changes without the study being read again',
      );
      return undefined;
    }
  }

  private async studyChange(
    held: Publication,
    current: ArchivedManifest | undefined,
    signal: AbortSignal,
  ): Promise<Publication | undefined> {
    if (!current) {
      await this.settlement.withdrawn(held, { reason: notPublished });
      return undefined;
    }
    const report = reportOf(current);
    if (!report) throw new GatewayError(publicationErrors.noContext);
    if (!(await this.wait.isStable(held, signal))) return undefined;
    const study = await this.reader.read(held.studyInstanceUid, signal);
    const series = study ? await this.maker.list(study) : [];
    const studies = [{ studyInstanceUid: held.studyInstanceUid, requests: [], series }];
    const { kind } = manifestChanges(current.manifest, { studies });
    if (kind === 'unchanged') {
      await this.settlement.unchanged(held, current.kosSopInstanceUid);
      return undefined;
    }
    if (kind === 'empty' || !study) {
      const change = { action: 'withdraw' as const, draft: { report, cdaIds: [] } };
      return this.settlement.leaving(held, change, { code: 'study-empty' });
    }
    const fault = pairingFault(study.facts, report.report, this.config.pairing);
    if (fault) throw new GatewayError(publicationErrors.pairing, { detail: fault });
    return this.keep(held, { report, alsoReports: [], facts: study.facts, series, pacsId: study.pacsId, current });
  }

  /** The manifest is kept, byte for byte, before anything is sent. */
  private async keep(
    held: Publication,
    made: {
      report: ReportRequest;
      alsoReports: readonly string[];
      facts: StudyFacts;
      series: readonly ManifestSeries[];
      pacsId: string | undefined;
      current: ArchivedManifest | undefined;
    },
  ): Promise<Publication> {
    const { report, alsoReports, facts, series, pacsId, current } = made;
    const previous = current && !isOfAnotherPatient(current, report) ? current.manifest : undefined;
    const manifest = this.maker.make(report, { facts, series }, previous);
    const cdaIds = new Set([...(current?.cdaIds ?? []), ...alsoReports, cdaIdOf(report.report.documentId)]);
    const change: PublicationChange = {
      action: previous ? 'replace' : 'publish',
      kosSopInstanceUid: manifest.kosSopInstanceUid,
      kos: manifest.bytes,
      instances: manifest.instances,
      pacsId: pacsId ?? null,
      draft: { report, cdaIds: [...cdaIds].slice(-reportsPerManifestMax) },
    };
    // The images go with this report: in the record of the other patient they are those of a stranger.
    if (current && !previous) return this.settlement.leaving(held, change);
    return this.publications.move(held, { to: 'to-publish', change });
  }
}

/** What the manifest of before says of its study. */
function factsOf({ studyInstanceUid, manifest }: ArchivedManifest): StudyFacts {
  const [study] = manifest.studies;
  const [request] = study?.requests ?? [];
  return {
    studyInstanceUid,
    accessionNumber: request?.accession?.value ?? '',
    accessionIssuer: request?.accession?.issuerOid ?? '',
    patientId: '',
    patientIdIssuer: '',
    date: study?.date ?? '',
    time: study?.time ?? '',
    description: study?.description ?? '',
    studyId: study?.studyId ?? '',
    referringPhysician: study?.referringPhysician ?? '',
  };
}
