import { createHash } from 'node:crypto';
import type { ExpectedInstance, Pacs } from '../../../connectors/pacs';
import { dicomJson, DicomRefusal, InsToInsert } from '../../../standards/dicom';
import type { ServableManifest } from '../../archive';
import { refusedObject } from '../delivery/refused-object';
import { refuseUndelivered } from '../delivery/undelivered';
import { addIns } from './json-ins';
import { MetadataReader, ReadHead, Room } from './metadata-reader';

/** Changes whenever the same object would be told in another way. */
const contentVersion = 1;

/** What the texts of a study depend on beside its objects. */
export interface TextContext {
  readonly manifest: ServableManifest;
  readonly ins: InsToInsert | undefined;
  /** Path of the service, before `/studies`: bulk data are named below it. */
  readonly basePath: string;
}

/** The patient of a manifest as its objects will name them. */
export function insOf(manifest: ServableManifest): InsToInsert | undefined {
  return manifest.patient && { ...manifest.patient, issuer: manifest.patientIssuer };
}

/**
 * Metadata of one instance as they are told at every level: DICOM JSON, the INS added.
 * @throws GatewayError when the object cannot be read, or contradicts the manifest's patient
 */
export function textOf(
  { header, head, pixelDataFollows }: ReadHead,
  seriesInstanceUid: string,
  context: TextContext,
): string {
  const { manifest, ins, basePath } = context;
  const { sopInstanceUid, transferSyntaxUid } = header;
  // From the root of the host: the same text is given at all three levels, from which a relative address would differ.
  const base = `${basePath}/studies/${manifest.studyInstanceUid}/series/${seriesInstanceUid}/instances/${sopInstanceUid}`;
  try {
    const json = dicomJson(head, {
      transferSyntaxUid: plainSyntax(transferSyntaxUid),
      pixelDataFollows,
      bulkDataUri: (path) => (path === '7FE00010' ? `${base}/frames/1` : undefined),
    });
    return JSON.stringify(ins ? addIns(json, ins) : json);
  } catch (error) {
    if (!(error instanceof DicomRefusal)) throw error;
    throw refusedObject(sopInstanceUid, error);
  }
}

/** Says of which instances, in which order, for which patient and under which address the texts of a series are. */
export function fingerprintOf({ ins, basePath }: TextContext, instances: readonly ExpectedInstance[]): string {
  const patient = ins ? [ins.matricule, ins.oid, ins.issuer ?? null] : null;
  const uids = instances.map(({ sopInstanceUid }) => sopInstanceUid);
  const said = JSON.stringify([contentVersion, basePath, patient, uids]);
  return createHash('sha256').update(said).digest('hex');
}

export interface TextsToRead {
  readonly pacs: Pacs;
  readonly instances: readonly ExpectedInstance[];
  /** Given when all of them are of it. */
  readonly seriesInstanceUid?: string;
  readonly correlationId?: string;
  readonly signal: AbortSignal;
  /** Where the texts go, when it may fill: the PACS is then slowed down. */
  readonly room?: Room;
}

/**
 * Reads instances from the PACS and tells each text as soon as it is known.
 * @throws GatewayError when one cannot be had, and the signal's reason
 */
export async function readTexts(
  { pacs, instances, seriesInstanceUid, correlationId, signal, room }: TextsToRead,
  context: TextContext,
  keep: (sopInstanceUid: string, text: string) => void,
): Promise<void> {
  const seriesOf = new Map(instances.map((one) => [one.sopInstanceUid, one.seriesInstanceUid]));
  const abort = new AbortController();
  const take = (read: ReadHead) => {
    const { sopInstanceUid } = read.header;
    keep(sopInstanceUid, textOf(read, seriesOf.get(sopInstanceUid) ?? '', context));
  };
  const reader = new MetadataReader(abort, take, room);
  const { studyInstanceUid } = context.manifest;
  try {
    const request = { studyInstanceUid, seriesInstanceUid, instances, correlationId };
    refuseUndelivered(await pacs.retrieve(request, reader, AbortSignal.any([signal, abort.signal])));
  } catch (error) {
    throw reader.failed ?? error;
  }
  if (reader.failed) throw reader.failed;
}

/** The head walker gives back a deflated head inflated: what remains is explicit VR little endian. */
function plainSyntax(transferSyntaxUid: string): string {
  return transferSyntaxUid === '1.2.840.10008.1.2.1.99' ? '1.2.840.10008.1.2.1' : transferSyntaxUid;
}
