import { Injectable } from '@nestjs/common';
import type { ExpectedInstance, Pacs, RetrievalRequest } from '../../../connectors/pacs';
import { GatewayError } from '../../../platform/errors';
import type { Exchange } from '../../../platform/http';
import { dicomJson, DicomJsonDataSet, DicomRefusal, InsToInsert } from '../../../standards/dicom';
import { chooseMetadataMediaType, WadoResource, WishList } from '../../../standards/dicomweb';
import type { ServableManifest } from '../../archive';
import { servingErrors } from '../serving.errors';
import { addIns } from './json-ins';
import { MetadataAnswer } from './metadata-answer';
import { MetadataCache } from './metadata-cache';
import { MetadataReader, ReadHead } from './metadata-reader';
import { refusedObject } from '../delivery/refused-object';
import { refuseUndelivered } from '../delivery/undelivered';

export interface MetadataRequest {
  readonly exchange: Exchange;
  readonly pacs: Pacs;
  readonly manifest: ServableManifest;
  readonly resource: WadoResource;
  readonly expected: readonly ExpectedInstance[];
  readonly ins: InsToInsert | undefined;
  readonly wishes: WishList;
}

/** Answers `…/metadata` of a study, series or instance (PS3.18 10.4.1.1.2) as DICOM JSON or XML, from the objects themselves. */
@Injectable()
export class MetadataService {
  private readonly cache = new MetadataCache();

  /** Metadata of every expected instance, ready to be sent. */
  async answer(request: MetadataRequest): Promise<MetadataAnswer> {
    const mediaType = chooseMetadataMediaType(request.wishes);
    if (mediaType === 'not-acceptable')
      throw new GatewayError(servingErrors.notAcceptable, { detail: 'metadata are given as DICOM JSON or XML' });
    const texts = await this.texts(request);
    return new MetadataAnswer(request.exchange, mediaType, texts);
  }

  private async texts(request: MetadataRequest): Promise<string[]> {
    const { manifest, expected } = request;
    const known = this.cache.of(manifest.kosSopInstanceUid);
    const missing = expected.filter((instance) => !known.has(instance.sopInstanceUid));
    if (missing.length > 0) {
      try {
        await this.read(request, missing, (uid, text) => known.set(uid, text));
      } finally {
        // What came before a failure stays, and counts.
        this.cache.keep(manifest.kosSopInstanceUid);
      }
    }
    return expected.map((instance) => known.get(instance.sopInstanceUid) as string);
  }

  private async read(
    request: MetadataRequest,
    missing: readonly ExpectedInstance[],
    keep: (uid: string, text: string) => void,
  ): Promise<void> {
    const { exchange, pacs, resource } = request;
    const abort = new AbortController();
    const reader = new MetadataReader(abort, (read) =>
      keep(read.header.sopInstanceUid, JSON.stringify(jsonOf(read, request))),
    );
    const retrieval: RetrievalRequest = {
      studyInstanceUid: resource.studyInstanceUid,
      seriesInstanceUid: 'seriesInstanceUid' in resource ? resource.seriesInstanceUid : undefined,
      instances: missing,
      correlationId: exchange.correlationId,
    };
    try {
      refuseUndelivered(await pacs.retrieve(retrieval, reader, AbortSignal.any([exchange.signal, abort.signal])));
    } catch (error) {
      throw reader.failed ?? error;
    }
    if (reader.failed) throw reader.failed;
  }
}

function jsonOf(
  { header, head, pixelDataFollows }: ReadHead,
  { exchange, resource, expected, ins }: MetadataRequest,
): DicomJsonDataSet {
  try {
    const series = expected.find((instance) => instance.sopInstanceUid === header.sopInstanceUid)?.seriesInstanceUid;
    // From the root of the host: the same text is given at all three levels, from which a relative address would differ.
    const service = exchange.path.slice(0, exchange.path.lastIndexOf('/studies/'));
    const base = `${service}/studies/${resource.studyInstanceUid}/series/${series}/instances/${header.sopInstanceUid}`;
    const plain = { transferSyntaxUid: plainSyntax(header.transferSyntaxUid), pixelDataFollows };
    const json = dicomJson(head, {
      ...plain,
      bulkDataUri: (path) => (path === '7FE00010' ? `${base}/frames/1` : undefined),
    });
    return ins ? addIns(json, ins) : json;
  } catch (error) {
    if (!(error instanceof DicomRefusal)) throw error;
    throw refusedObject(header.sopInstanceUid, error);
  }
}

/** The head walker gives back a deflated head inflated: what remains is explicit VR little endian. */
function plainSyntax(transferSyntaxUid: string): string {
  return transferSyntaxUid === '1.2.840.10008.1.2.1.99' ? '1.2.840.10008.1.2.1' : transferSyntaxUid;
}
