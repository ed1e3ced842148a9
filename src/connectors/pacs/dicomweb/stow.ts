import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { GatewayError } from '../../../platform/errors';
import { encodeFileMeta } from '../../../standards/dicom';
import { boundaryFrom, MultipartWriter } from '../../../standards/multipart';
import { pacsErrors } from '../pacs.errors';
import { DicomAttributes, InstanceToStore, StoreOutcome } from '../pacs.port';
import { DicomWebSettings } from './dicomweb-settings';
import { DicomWebHttp } from './http-client';
import { attributesOf } from './json-attributes';
import { JsonBody } from './json-body';
import { dicomJson } from './qido';

const processingFailure = 0x0110;
const notSent = 0xffff;
const hasReport = (status: number): boolean => status === 200 || status === 202 || status === 409;

/**
 * Stores one instance by STOW-RS (PS3.18 10.5): a file meta group of ours before the data set, which is sent as it is. One
 * request for each instance, so that each has its own outcome whatever the server says of a set.
 */
export async function storeOne(
  http: DicomWebHttp,
  settings: DicomWebSettings,
  instance: InstanceToStore,
  signal?: AbortSignal,
): Promise<StoreOutcome> {
  const { sopInstanceUid } = instance;
  const multipart = new MultipartWriter({ boundary: boundaryFrom(randomBytes(24)) });
  const source = new SourceWatch();
  const answer = new JsonBody(settings.jsonBytesMax, hasReport);
  const headers = {
    accept: dicomJson,
    'content-type': `multipart/related; type="application/dicom"; boundary=${multipart.boundary}`,
  };
  let status: number;
  try {
    const body = Readable.from(source.watch(bodyOf(instance, multipart)), { objectMode: false });
    ({ status } = await http.exchange(
      { method: 'POST', path: '/studies', headers, body, lane: 'store', signal },
      answer,
    ));
  } catch (error) {
    signal?.throwIfAborted();
    if (source.failure) throw source.failure;
    // Cut in the middle: the PACS may or may not have kept it; told as not stored, so that it is sent again.
    if (GatewayError.of(error)?.entry !== pacsErrors.lost) throw error;
    return { sopInstanceUid, status: notSent, stored: false };
  }
  if (!hasReport(status)) return { sopInstanceUid, status: processingFailure, stored: false };
  return outcomeOf(sopInstanceUid, status, answer.value());
}

async function* bodyOf(instance: InstanceToStore, multipart: MultipartWriter): AsyncGenerator<Buffer> {
  const { transferSyntaxUid, sopClassUid, sopInstanceUid } = instance;
  yield Buffer.concat([
    // Without a transfer-syntax parameter, which Orthanc takes for another type: the file meta group tells the syntax.
    multipart.partStart({ 'Content-Type': 'application/dicom' }),
    encodeFileMeta({
      transferSyntaxUid,
      mediaStorageSopClassUid: sopClassUid,
      mediaStorageSopInstanceUid: sopInstanceUid,
    }),
  ]);
  yield* instance.open();
  yield multipart.close();
}

/** Tells a failure of the bytes to be sent from one of the PACS. */
class SourceWatch {
  failure: Error | undefined;

  async *watch(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    try {
      yield* source;
    } catch (error) {
      this.failure = error instanceof Error ? error : new Error('the instance cannot be read');
      throw error;
    }
  }
}

/** The store instances response (PS3.18 annex I.2) about one instance. */
function outcomeOf(sopInstanceUid: string, httpStatus: number, report: unknown): StoreOutcome {
  const attributes = report === undefined ? {} : attributesOf(report);
  const about = (sequence: string): DicomAttributes | undefined =>
    (attributes[sequence] ?? []).find(
      (item): item is DicomAttributes =>
        typeof item !== 'string' && [undefined, sopInstanceUid].includes(text(item, 'ReferencedSOPInstanceUID')),
    );
  const failed = about('FailedSOPSequence');
  if (failed) {
    return { sopInstanceUid, status: Number(text(failed, 'FailureReason') ?? processingFailure), stored: false };
  }
  const stored = about('ReferencedSOPSequence');
  if (stored) return { sopInstanceUid, status: Number(text(stored, 'WarningReason') ?? 0), stored: true };
  // A report that does not mention the instance does not say that it was stored.
  const isStored = httpStatus === 200 && report === undefined;
  return { sopInstanceUid, status: isStored ? 0 : processingFailure, stored: isStored };
}

function text(item: DicomAttributes, keyword: string): string | undefined {
  const value = item[keyword]?.[0];
  return typeof value === 'string' && value !== '' ? value : undefined;
}
