import { GatewayError } from '../../../platform/errors';
import { DicomWebPacsConfig } from '../pacs.config';
import { TlsOptionsNow } from '../pacs-tls';
import {
  DicomAttributes,
  InstanceSink,
  InstanceToStore,
  Pacs,
  QueryKeys,
  QueryOptions,
  RetrievalOutcome,
  RetrievalRequest,
  StoreOutcome,
} from '../pacs.port';
import { SharedRetrievals } from '../retrieval/shared-retrievals';
import { defaultDicomWebSettings, DicomWebSettings } from './dicomweb-settings';
import { DicomWebHttp } from './http-client';
import { Qido, uidSegment } from './qido';
import { storeOne } from './stow';
import { WadoRetrieval, wholeSeriesFrom } from './wado-retrieval';

/** A study that cannot exist: its search costs an index look-up and gives nobody's data. */
const nobodysStudy = '2.25.0';

/** A PACS reached by DICOMweb (PS3.18): QIDO-RS, WADO-RS, STOW-RS. */
export class DicomWebPacs implements Pacs {
  readonly kind = 'dicomweb';
  readonly id: string;
  private readonly settings: DicomWebSettings;
  private readonly http: DicomWebHttp;
  private readonly qido: Qido;
  private readonly shared = new SharedRetrievals((request, sink, signal) => this.retrieveAlone(request, sink, signal));

  /** @param tls options of each new connection, when the PACS wants more than the system's authorities */
  constructor(config: DicomWebPacsConfig, settings: Partial<DicomWebSettings> = {}, tls?: TlsOptionsNow) {
    this.id = config.id;
    this.settings = { ...defaultDicomWebSettings, ...settings };
    this.http = new DicomWebHttp(config, this.settings, tls);
    this.qido = new Qido(this.http, this.settings);
  }

  async echo(signal?: AbortSignal): Promise<number> {
    const startedMs = performance.now();
    await this.qido.find('/studies', 'StudyInstanceUID', { StudyInstanceUID: nobodysStudy }, { signal, limit: 1 });
    return performance.now() - startedMs;
  }

  findStudies(keys: QueryKeys, options?: QueryOptions): Promise<DicomAttributes[]> {
    return this.qido.find('/studies', 'StudyInstanceUID', keys, options);
  }

  async findSeries(studyInstanceUid: string, keys: QueryKeys, options?: QueryOptions): Promise<DicomAttributes[]> {
    const path = `/studies/${uidSegment(studyInstanceUid)}/series`;
    return withAbove(await this.qido.find(path, 'SeriesInstanceUID', keys, options), { studyInstanceUid });
  }

  async findInstances(
    studyInstanceUid: string,
    seriesInstanceUid: string,
    keys: QueryKeys,
    options?: QueryOptions,
  ): Promise<DicomAttributes[]> {
    const path = `/studies/${uidSegment(studyInstanceUid)}/series/${uidSegment(seriesInstanceUid)}/instances`;
    return withAbove(await this.qido.find(path, 'SOPInstanceUID', keys, options), {
      studyInstanceUid,
      seriesInstanceUid,
    });
  }

  /**
   * Only requests for many instances share a retrieval. A few instances are fetched at once by themselves: waiting for what
   * somebody else fetches of the same series would bring them later.
   */
  retrieve(request: RetrievalRequest, sink: InstanceSink, signal?: AbortSignal): Promise<RetrievalOutcome> {
    const isAlone = request.sharing === 'never' || request.instances.length < wholeSeriesFrom;
    return isAlone ? this.retrieveAlone(request, sink, signal) : this.shared.retrieve(request, sink, signal);
  }

  async store(
    instances: Iterable<InstanceToStore> | AsyncIterable<InstanceToStore>,
    signal?: AbortSignal,
  ): Promise<StoreOutcome[]> {
    const outcomes: StoreOutcome[] = [];
    for await (const instance of instances) {
      signal?.throwIfAborted();
      try {
        outcomes.push(await storeOne(this.http, this.settings, instance, signal));
      } catch (error) {
        // What was stored before is worth knowing; a PACS that never answered is told as such.
        if (signal?.aborted || outcomes.length === 0 || !GatewayError.of(error)) throw error;
        outcomes.push({ sopInstanceUid: instance.sopInstanceUid, status: 0xffff, stored: false });
      }
    }
    return outcomes;
  }

  close(): Promise<void> {
    return this.http.close();
  }

  private retrieveAlone(
    request: RetrievalRequest,
    sink: InstanceSink,
    signal?: AbortSignal,
  ): Promise<RetrievalOutcome> {
    return new WadoRetrieval(request, sink, this.http, this.settings).run(signal);
  }
}

/** A server need not repeat what the address of the query says. */
function withAbove(
  found: readonly DicomAttributes[],
  above: { readonly studyInstanceUid: string; readonly seriesInstanceUid?: string },
): DicomAttributes[] {
  const { studyInstanceUid, seriesInstanceUid } = above;
  return found.map((one) => ({
    StudyInstanceUID: [studyInstanceUid],
    ...(seriesInstanceUid === undefined ? {} : { SeriesInstanceUID: [seriesInstanceUid] }),
    ...one,
  }));
}
