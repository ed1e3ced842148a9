import { Injectable } from '@nestjs/common';
import { AuditTrail } from '../audit';
import { GatewayError } from '../platform/errors';
import { ManifestArchive } from '../source/archive';
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
export class ViewerOpening {
  constructor(
    private readonly grants: ViewerGrants,
    private readonly archive: ManifestArchive,
    private readonly localStudies: LocalStudies,
    private readonly audit: AuditTrail,
  ) {}

  /** One exam, or several of the same patient side by side. The first image series of the first exam comes first. */
  async open(request: OpenRequest): Promise<Opened> {
    const actor = actorOf(request);
    try {
      const opened = this.grants.open(request);
      for (const source of request.sources) {
        const { studyInstanceUid, patient } = source.study;
        const ins = patient.matricule && patient.oid ? { matricule: patient.matricule, oid: patient.oid } : undefined;
        await this.audit.record({ kind: 'viewer.opened', outcome: 'success', actor, patient: ins, studyInstanceUid });
        preferImages(source);
      }
      return opened;
    } catch (error) {
      for (const source of request.sources) source.close();
      const errorCode = GatewayError.of(error)?.code;
      const studyInstanceUid = request.sources[0]?.study.studyInstanceUid;
      await this.audit.record({ kind: 'viewer.refused', outcome: 'refused', actor, studyInstanceUid, errorCode });
      throw error;
    }
  }

  /**
   * The local study that a report's link names, when everything in the link matches what is published now.
   * @throws GatewayError `invokeRefused`
   */
  async openLocal(link: InvokeRequest, request: Omit<OpenRequest, 'sources'>): Promise<Opened> {
    const current = await this.archive.current(link.studyInstanceUid);
    const published = current?.servingEndedAt ? undefined : current;
    const reason = mismatch(link, published);
    if (reason !== undefined || !published) {
      const { studyInstanceUid } = link;
      const facts = { reason: reason ?? 'study-unknown' };
      const errorCode = viewerErrors.invokeRefused.code;
      const actor = actorOf(request);
      await this.audit.record({
        kind: 'viewer.refused',
        outcome: 'refused',
        actor,
        studyInstanceUid,
        errorCode,
        facts,
      });
      throw new GatewayError(viewerErrors.invokeRefused, { detail: reason });
    }
    await this.audit.record({
      kind: 'viewer.link-opened',
      outcome: 'success',
      actor: actorOf(request),
      patient: published.manifest.patient.ins,
      studyInstanceUid: link.studyInstanceUid,
      documentUniqueId: published.kosSopInstanceUid,
    });
    return this.open({ ...request, sources: [this.localStudies.open(published)] });
  }
}

const actorOf = ({ professional }: Pick<OpenRequest, 'professional'>) => ({
  professionalId: professional.id,
  professionalName: professional.name,
});

/** Series of reports and key objects are small, but nobody waits for them. */
function preferImages(source: ViewerStudySource): void {
  const { series } = source.study;
  const images = series.find(({ instances }) => instances.some(({ sopClassUid }) => mayHoldPixelData(sopClassUid)));
  const first = images ?? series[0];
  if (first) source.prefer(first.seriesInstanceUid);
}
