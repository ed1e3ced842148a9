import { Inject, Injectable } from '@nestjs/common';
import { ExpectedInstance, Pacs, PACS_DIRECTORY, PacsDirectory, RetrievalOutcome } from '../../connectors/pacs';
import { ConfigOf } from '../../platform/config';
import { ErrorEntry, GatewayError } from '../../platform/errors';
import { CallerGone, Exchange } from '../../platform/http';
import { Transcoder } from '../../platform/transcoding';
import type { InsToInsert } from '../../standards/dicom';
import { parseWadoPath, type WadoResource } from '../../standards/dicomweb';
import type { ServableManifest } from '../archive';
import { AdmissionService } from './admission/admission.service';
import { Admission, Admitted } from './admission/admitted';
import { FramesAnswer } from './delivery/frames-answer';
import { HeldBytes, HeldShare } from './delivery/held-bytes';
import { InstancesAnswer } from './delivery/instances-answer';
import { MetadataService } from './metadata/metadata.service';
import { RequestsUnderWay } from './delivery/requests-under-way';
import { ServingAudit } from './serving.audit';
import { servingConfig } from './serving.config';
import { servingErrors } from './serving.errors';

/** Objects of the largest size that all requests together may hold in memory. */
const objectsHeldMax = 4;

/** Shape of what the answers have in common. */
interface CountedAnswer {
  readonly parts: number;
  readonly bytes: number;
}

/** WADO-RS for other gateways (RAD-107): admission, retrieval from the PACS, delivery, one audit record. */
@Injectable()
export class WadoService {
  private readonly underWay: RequestsUnderWay;
  private readonly held: HeldBytes;

  constructor(
    @Inject(servingConfig.token) private readonly config: ConfigOf<typeof servingConfig>,
    @Inject(PACS_DIRECTORY) private readonly pacs: PacsDirectory,
    private readonly admission: AdmissionService,
    private readonly transcoder: Transcoder,
    private readonly metadata: MetadataService,
    private readonly audit: ServingAudit,
  ) {
    this.underWay = new RequestsUnderWay({ all: config.requestsMax, perPeer: config.requestsPerPeerMax });
    this.held = new HeldBytes(config.objectBytesMax * objectsHeldMax);
  }

  /**
   * Answers one request for images or metadata, `path` being what follows the base; a refusal or failure is audited, then
   * thrown to the listener.
   */
  async serve(exchange: Exchange, path: string): Promise<void> {
    const startedAt = performance.now();
    const admission: Admission = {};
    const counted: { answer?: CountedAnswer } = {};
    const held = this.held.open();
    let leave: (() => void) | undefined;
    try {
      admission.peer = this.admission.checkPeer(exchange);
      admission.resource = resourceAt(path);
      leave = this.underWay.enter(admission.peer.certificateSha256);
      const admitted = await this.admission.admit(exchange, admission);
      await this.deliver(exchange, admitted, { counted, held }, startedAt);
    } catch (thrown) {
      const known = exchange.signal.aborted ? goneError(exchange.signal.reason, thrown) : failureOf(thrown);
      await this.audit.failed(exchange, admission, known, countOf(counted.answer), startedAt);
      throw known;
    } finally {
      held.close();
      leave?.();
    }
  }

  private async deliver(
    exchange: Exchange,
    admitted: Admitted,
    { counted, held }: { counted: { answer?: CountedAnswer }; held: HeldShare },
    startedAt: number,
  ): Promise<void> {
    const { resource, manifest } = admitted;
    const recordDelivery = () => this.audit.delivered(exchange, admitted, countOf(counted.answer), startedAt);
    const expected = manifest.expected(resource);
    const ins = insOf(manifest);
    if (resource.metadata) {
      const pacs = await this.pacsOf(manifest, exchange.signal);
      const answer = await this.metadata.answer({
        exchange,
        pacs,
        manifest,
        resource,
        expected,
        ins,
        wishes: admitted.wishes,
      });
      counted.answer = answer;
      await answer.send(recordDelivery);
      return;
    }
    const abort = new AbortController();
    const signal = AbortSignal.any([exchange.signal, abort.signal]);
    const common = {
      response: exchange.response,
      wishes: admitted.wishes,
      transcoder: this.transcoder,
      objectBytesMax: this.config.objectBytesMax,
      held,
      abort,
    };
    const answer =
      resource.level === 'frames'
        ? new FramesAnswer({ ...common, frames: resource.frames })
        : new InstancesAnswer({ ...common, ins, expected: expected.length });
    counted.answer = answer;
    const pacs = await this.pacsOf(manifest, exchange.signal);
    const outcome = await this.retrieve(pacs, resource, expected, answer, signal, exchange.correlationId);
    await answer.finish(outcome, recordDelivery);
  }

  private async retrieve(
    pacs: Pacs,
    resource: WadoResource,
    expected: readonly ExpectedInstance[],
    answer: InstancesAnswer | FramesAnswer,
    signal: AbortSignal,
    correlationId: string,
  ): Promise<RetrievalOutcome> {
    const seriesInstanceUid = 'seriesInstanceUid' in resource ? resource.seriesInstanceUid : undefined;
    const request = {
      studyInstanceUid: resource.studyInstanceUid,
      seriesInstanceUid,
      instances: expected,
      correlationId,
    };
    try {
      return await pacs.retrieve(request, answer, signal);
    } catch (error) {
      throw answer.failed ?? error;
    }
  }

  /** The PACS that held the study when its manifest was made; otherwise the first that holds it now. */
  private async pacsOf(manifest: ServableManifest, signal: AbortSignal): Promise<Pacs> {
    if (manifest.pacsId) return this.pacs.byId(manifest.pacsId);
    if (this.pacs.all.length === 1) return this.pacs.all[0];
    const found = await this.pacs.locateStudy(manifest.studyInstanceUid, signal);
    if (!found) throw new GatewayError(servingErrors.gone);
    return found;
  }
}

function resourceAt(path: string): WadoResource {
  const resource = parseWadoPath(path);
  if (!resource.ok) throw new GatewayError(servingErrors.pathInvalid, { detail: resource.reason });
  return resource.value;
}

const endings: Readonly<Record<CallerGone['why'], ErrorEntry>> = {
  left: servingErrors.callerLeft,
  stalled: servingErrors.stalled,
  dismissed: servingErrors.peerDismissed,
  closing: servingErrors.closing,
};

/** Whatever broke because the exchange was aborted is told as that: the caller's doing, or ours. */
function goneError(reason: unknown, cause: unknown): GatewayError {
  return new GatewayError(endings[reason instanceof CallerGone ? reason.why : 'left'], { cause });
}

function failureOf(thrown: unknown): GatewayError {
  return GatewayError.of(thrown) ?? new GatewayError(servingErrors.failed, { cause: thrown });
}

function countOf(answer: CountedAnswer | undefined): { instances: number; bytes: number } {
  return { instances: answer?.parts ?? 0, bytes: answer?.bytes ?? 0 };
}

function insOf(manifest: ServableManifest): InsToInsert | undefined {
  return manifest.patient && { ...manifest.patient, issuer: manifest.patientIssuer };
}
