import { Injectable } from '@nestjs/common';
import {
  DmpCaller,
  DmpExchange,
  DmpOutcome,
  ProvideAndRegisterClient,
  RegistryStoredQueryClient,
  StructureDirectory,
  UpdateDocumentSetClient,
} from '../../../connectors/dmp';
import { readManifest } from '../../../standards/manifest';
import {
  contentTypeCode,
  DocumentEntry,
  newOid,
  reportFacts,
  STATUS,
  Submission,
  submissionFor,
  systemAuthor,
  withdrawalFor,
} from '../../../standards/xds';
import { GatewayError } from '../../../platform/errors';
import type { ReportRequest } from '../../intake';
import { publicationErrors } from '../publication.errors';
import { professionalOf } from './caller';

/** The entry of ours that is valid in the registry among some candidates, if any. */
export type TargetOutcome = DmpOutcome<DocumentEntry | undefined>;

/** What publication asks of the DMP, on behalf of the professional and the structure of a report. */
@Injectable()
export class DmpSteps {
  private readonly ids = { oid: () => newOid(this.exchange.moment.uuid()), uuid: () => this.exchange.moment.uuid() };

  constructor(
    private readonly exchange: DmpExchange,
    private readonly structures: StructureDirectory,
    private readonly registry: RegistryStoredQueryClient,
    private readonly repository: ProvideAndRegisterClient,
    private readonly updates: UpdateDocumentSetClient,
  ) {}

  /** Throws `dmp.unknown-structure` when the report names none of ours. */
  callerFor(request: ReportRequest): DmpCaller {
    const secretConnection = request.flags.connexionSecrete || undefined;
    return { structure: this.structures.get(request.sender.structureId), ...professionalOf(request), secretConnection };
  }

  findEntry(request: ReportRequest, documentUniqueId: string, signal: AbortSignal): Promise<TargetOutcome> {
    return this.registry.findEntry({ caller: this.callerFor(request), documentUniqueId, signal });
  }

  /** The first of the candidates that the registry holds as valid: what a new version replaces, or what is deleted. */
  async findTarget(request: ReportRequest, candidates: readonly string[], signal: AbortSignal): Promise<TargetOutcome> {
    for (const uniqueId of candidates) {
      const outcome = await this.findEntry(request, uniqueId, signal);
      if (outcome.kind !== 'accepted' || outcome.value?.availabilityStatus === STATUS.approved) return outcome;
    }
    return { kind: 'accepted', value: undefined, warnings: [] };
  }

  /** Metadata of a manifest; throws `publication.incomplete-report` for what the DMP demands and the report does not tell. */
  submission(request: ReportRequest, kos: Buffer, replaces: string | undefined): Submission {
    const read = readManifest(kos);
    if (!read.ok) throw new GatewayError(publicationErrors.manifest, { detail: read.reason });
    const { report, flags, sender } = request;
    const studyInstanceUid = read.manifest.studies[0]?.studyInstanceUid ?? '';
    const author = { id: sender.professionalId, family: sender.family, given: sender.given };
    const told = reportFacts(report, { studyInstanceUid, sender: author });
    if (!told.ok) throw new GatewayError(publicationErrors.incompleteReport, { detail: told.missing });
    return submissionFor({
      manifest: read.manifest,
      document: kos,
      report: told.facts,
      flags: {
        masquePs: flags.masquePs,
        invisiblePatient: flags.invisiblePatient,
        invisibleRepresentantsLegaux: flags.invisibleRepLegaux,
      },
      structure: this.callerFor(request).structure.published,
      system: this.system,
      replaces,
      ids: this.ids,
      clock: () => this.exchange.moment.now(),
    });
  }

  withdrawal(request: ReportRequest, entry: DocumentEntry): Submission {
    const { structure } = this.callerFor(request);
    return withdrawalFor({
      ins: request.report.patient.ins,
      entryUuid: entry.entryUuid,
      author: systemAuthor({ system: this.system, structure: structure.published }),
      contentTypeCode: contentTypeCode(undefined),
      sourceId: this.system.sourceId,
      originalStatus: entry.availabilityStatus,
      ids: this.ids,
      clock: () => this.exchange.moment.now(),
    });
  }

  /** ITI-41. */
  provide(
    request: ReportRequest,
    sent: { submission: Submission; kos: Buffer; studyInstanceUid: string },
    signal: AbortSignal,
  ): Promise<DmpOutcome<unknown>> {
    const { submission, kos, studyInstanceUid } = sent;
    const caller = this.callerFor(request);
    return this.repository.send({ caller, submission, document: kos, studyInstanceUid, signal });
  }

  /** ITI-57. */
  withdraw(
    request: ReportRequest,
    sent: { submission: Submission; documentUniqueId: string | undefined; studyInstanceUid: string },
    signal: AbortSignal,
  ): Promise<DmpOutcome<unknown>> {
    return this.updates.send({ caller: this.callerFor(request), ...sent, signal });
  }

  private get system(): { id: string; family: string; given: string; sourceId: string } {
    const { systemAuthorId, sourceOid } = this.exchange.config;
    return { id: systemAuthorId, family: 'DRIMbox', given: 'Source', sourceId: sourceOid };
  }
}
