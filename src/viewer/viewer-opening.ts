import { BeforeApplicationShutdown, Injectable } from '@nestjs/common';
import { AuditTrail, failureOutcome, PacedRefusals, type AuditActor } from '../audit';
import { GatewayError } from '../platform/errors';
import { ManifestArchive, type ArchivedManifest } from '../source/archive';
import { mayHoldPixelData } from '../standards/dicom';
import type { ViewerStudySource } from './dicomweb/study-source';
import { GrantRequest, ViewerGrant, ViewerGrants } from './grants/viewer-grants';
import { InvokeRequest, mismatch } from './invoke/invoke-request';
import { LocalStudies } from './local/local-studies';
import { viewerErrors } from './viewer.errors';

export type OpenRequest = GrantRequest;
export interface Opened {
  readonly grant: ViewerGrant;
  /** For the cookie of the grant's path: see `grantCookie`. */
  readonly key: string;
}

/** Opens viewers: on exams that the consumer retrieves, or on a study of our own PACS by the link of a report. */
@Injectable()
export class ViewerOpening implements BeforeApplicationShutdown {
  private readonly refusedLinks: PacedRefusals;

  constructor(
    private readonly grants: ViewerGrants,
    private readonly archive: ManifestArchive,
    private readonly localStudies: LocalStudies,
    private readonly audit: AuditTrail,
  ) {
    this.refusedLinks = new PacedRefusals(audit, { kind: 'viewer.refused', room: 'viewer' });
  }

  /** Before the database closes. */
  beforeApplicationShutdown(): Promise<void> {
    return this.refusedLinks.close();
  }

  /** A link that says nothing that could be looked for: anybody can make them up, so that they are recorded at a pace. */
  linkRefused(error: GatewayError, actor: AuditActor): Promise<void> {
    const refusal = { actor, errorCode: error.code, facts: { reason: error.detail ?? '' } };
    return this.refusedLinks.record(actor.address ?? 'unknown', refusal);
  }

  /** One exam, or several of the same patient side by side. The first image series of the first exam comes first. */
  async open(request: OpenRequest): Promise<Opened> {
    const actor = actorOf(request);
    let opened: Opened | undefined;
    try {
      opened = this.grants.open(request);
      for (const source of request.sources) {
        const { studyInstanceUid, patient } = source.study;
        const ins = patient.matricule && patient.oid ? { matricule: patient.matricule, oid: patient.oid } : undefined;
        await this.audit.record({ kind: 'viewer.opened', outcome: 'success', actor, patient: ins, studyInstanceUid });
        preferImages(source);
      }
      return opened;
    } catch (error) {
      // Without its record nothing stays open.
      if (opened) this.grants.close(opened.grant.id);
      else for (const source of request.sources) source.close();
      const studyInstanceUid = request.sources[0]?.study.studyInstanceUid;
      await this.audit.record({ kind: 'viewer.refused', actor, studyInstanceUid, ...failureOutcome(error) });
      throw error;
    }
  }

  /**
   * The local study that a report's link names, when everything in the link matches what is published now.
   * @throws GatewayError `invokeRefused`
   */
  async openLocal(link: InvokeRequest, request: Omit<OpenRequest, 'sources'>): Promise<Opened> {
    const { studyInstanceUid } = link;
    const actor = actorOf(request);
    const current = await this.archive.current(studyInstanceUid);
    const published = current?.servingEndedAt ? undefined : current;
    const patient = published?.manifest.patient.ins;
    const documentUniqueId = published?.kosSopInstanceUid;
    const event = { actor, studyInstanceUid };
    let source: ViewerStudySource | undefined;
    try {
      source = this.sourceOf(link, published);
      const success = { kind: 'viewer.link-opened', outcome: 'success' } as const;
      await this.audit.record({ ...success, ...event, patient, documentUniqueId });
    } catch (error) {
      source?.close();
      const facts = { reason: GatewayError.of(error)?.detail ?? '' };
      await this.audit.record({ kind: 'viewer.refused', ...failureOutcome(error), ...event, facts });
      throw error;
    }
    return this.open({ ...request, sources: [source] });
  }

  private sourceOf(link: InvokeRequest, published: ArchivedManifest | undefined): ViewerStudySource {
    const reason = mismatch(link, published);
    if (reason !== undefined || !published)
      throw new GatewayError(viewerErrors.invokeRefused, { detail: reason ?? 'study-unknown' });
    return this.localStudies.open(published);
  }
}

const actorOf = ({ professional }: Pick<OpenRequest, 'professional'>): AuditActor => ({
  professionalId: professional.id,
  professionalName: professional.name,
  structureId: professional.structureId,
  address: professional.address,
});

/** Series of reports and key objects are small, but nobody waits for them. */
function preferImages(source: ViewerStudySource): void {
  const { series } = source.study;
  const images = series.find(({ instances }) => instances.some(({ sopClassUid }) => mayHoldPixelData(sopClassUid)));
  const first = images ?? series[0];
  if (first) source.prefer(first.seriesInstanceUid);
}
