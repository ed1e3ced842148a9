import { Inject, Injectable } from '@nestjs/common';
import { ExpectedInstance, PACS_DIRECTORY, PacsDirectory, RetrievalRequest } from '../../connectors/pacs';
import { ConfigOf } from '../../platform/config';
import { ErrorEntry, GatewayError } from '../../platform/errors';
import { CallerGone, Exchange } from '../../platform/http';
import { gauge } from '../../platform/metrics';
import { Transcoder } from '../../platform/transcoding';
import { parseWadoPath, type WadoResource } from '../../standards/dicomweb';
import { AdmissionService } from './admission/admission.service';
import { Admission, Admitted } from './admission/admitted';
import { FramesAnswer } from './delivery/frames-answer';
import { HeldBytes, HeldShare } from './delivery/held-bytes';
import { InstancesAnswer } from './delivery/instances-answer';
import { MetadataByTheWay } from './metadata/metadata-by-the-way';
import { MetadataService } from './metadata/metadata.service';
import { insOf } from './metadata/metadata-texts';
import { ReadingPace } from './delivery/reading-pace';
import { RequestsUnderWay } from './delivery/requests-under-way';
import { pacsOfManifest } from './pacs-of-manifest';
import { ServingAudit } from './serving.audit';
import { servingConfig } from './serving.config';
import { servingErrors } from './serving.errors';

/** Objects of the largest size that all requests together may hold in memory. */
const objectsHeldMax = 4;

const heldBytes = gauge('serving_held_bytes', 'Bytes of objects held whole for frames and conversions');

/** Shape of what the answers have in common. */
interface CountedAnswer {
  readonly parts: number;
  readonly bytes: number;
}

/** WADO-RS for other gateways (RAD-107): admission, retrieval from the PACS, delivery, one audit record. */
@Injectable()
export class WadoService {
  private readonly held: HeldBytes;

  constructor(
    @Inject(servingConfig.token) private readonly config: ConfigOf<typeof servingConfig>,
    @Inject(PACS_DIRECTORY) private readonly pacs: PacsDirectory,
    private readonly admission: AdmissionService,
    private readonly transcoder: Transcoder,
    private readonly metadata: MetadataService,
    private readonly byTheWay: MetadataByTheWay,
    private readonly audit: ServingAudit,
    private readonly underWay: RequestsUnderWay,
  ) {
    this.held = new HeldBytes(config.objectBytesMax * objectsHeldMax, (bytes) => heldBytes.set(bytes));
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
    const { readBytesPerSecondMin: bytesPerSecondMin, stallMsMax: windowMs } = this.config;
    const pace = new ReadingPace(exchange.response, { bytesPerSecondMin, windowMs });
    let leave: (() => void) | undefined;
    try {
      admission.peer = this.admission.checkPeer(exchange);
      admission.resource = resourceAt(path);
      leave = this.underWay.enter(admission.peer.certificateSha256);
      const admitted = await this.admission.admit(exchange, admission);
      await this.deliver(exchange, admitted, { counted, held }, startedAt);
    } catch (thrown) {
      const known = errorOf(exchange, pace, thrown);
      await this.audit.failed(exchange, admission, known, countOf(counted.answer), startedAt);
      throw known;
    } finally {
      pace.stop();
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
    if (resource.metadata) {
      const pacs = () => pacsOfManifest(this.pacs, manifest, exchange.signal);
      const { wishes } = admitted;
      const answer = await this.metadata.answer({ exchange, pacs, manifest, resource, expected, wishes });
      counted.answer = answer;
      await answer.send(recordDelivery);
      return;
    }
    const abort = new AbortController();
    const signal = AbortSignal.any([exchange.signal, abort.signal]);
    const common = {
      response: exchange.response,
      wishes: admitted.wishes,
      ins: insOf(manifest),
      transcoder: this.transcoder,
      objectBytesMax: this.config.objectBytesMax,
      held,
      abort,
    };
    const answer =
      resource.level === 'frames'
        ? new FramesAnswer({ ...common, frames: resource.frames })
        : new InstancesAnswer({ ...common, expected: expected.length });
    counted.answer = answer;
    const pacs = await pacsOfManifest(this.pacs, manifest, exchange.signal);
    const caller = admitted.peer.certificateSha256;
    const request = { ...retrievalOf(resource, expected, exchange.correlationId), caller };
    const sink = this.byTheWay.alongside(answer, manifest, expected);
    const outcome = await pacs.retrieve(request, sink, signal).catch((error: unknown) => {
      throw answer.failed ?? error;
    });
    await answer.finish(outcome, recordDelivery);
  }
}

function retrievalOf(
  resource: WadoResource,
  instances: readonly ExpectedInstance[],
  correlationId: string,
): RetrievalRequest {
  const { studyInstanceUid } = resource;
  const seriesInstanceUid = 'seriesInstanceUid' in resource ? resource.seriesInstanceUid : undefined;
  return { studyInstanceUid, seriesInstanceUid, instances, correlationId };
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

function errorOf({ signal }: Exchange, pace: ReadingPace, thrown: unknown): GatewayError {
  if (pace.isTooSlow) return new GatewayError(servingErrors.stalled, { cause: thrown, detail: 'below the least rate' });
  return signal.aborted ? goneError(signal.reason, thrown) : failureOf(thrown);
}

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
