import { createHash } from 'node:crypto';
import { NS, readRegistryObjects, type DocumentEntry } from '../../../standards/xds';
import { parseXmlRoot, XmlRefusedError } from '../../../standards/xmlsec';
import { ArchivedFile, ArchiveRefusal, readArchive } from './read-archive';

/** A manifest found in what a professional brought, with its entry when the archive has metadata of it. */
export interface BroughtManifest {
  readonly bytes: Buffer;
  readonly entry?: DocumentEntry;
}

const zipMagic = Buffer.from('PK\x03\x04', 'latin1');
const manifestsMax = 20;

const isDicomFile = (bytes: Buffer): boolean => bytes.subarray(128, 132).toString('latin1') === 'DICM';
const isMetadata = (name: string): boolean => /(^|\/)METADATA\.XML$/i.test(name);
/** XDM asks for short names in capitals; people rename. Anything that may be a DICOM file is looked at. */
const isCandidate = (name: string): boolean => isMetadata(name) || /(\.(dcm|kos)|(^|\/)[^./]+)$/i.test(name);

/**
 * The manifests of an uploaded file: a KOS itself, or an XDM archive (IHE ITI TF-2 3.32) whose metadata, when it has some, must
 * agree with its files.
 * @throws ArchiveRefusal with a reason that names nobody
 */
export async function readUpload(bytes: Buffer): Promise<BroughtManifest[]> {
  if (!bytes.subarray(0, 4).equals(zipMagic)) {
    if (!isDicomFile(bytes)) throw new ArchiveRefusal('neither a DICOM file nor a zip archive');
    return [{ bytes }];
  }
  const files = await readArchive(bytes, isCandidate);
  const entries = files.filter(({ name }) => isMetadata(name)).flatMap(({ bytes: xml }) => entriesOf(xml));
  const candidates = files.filter((file) => !isMetadata(file.name) && isDicomFile(file.bytes));
  if (candidates.length === 0) throw new ArchiveRefusal('no DICOM file in the archive');
  if (candidates.length > manifestsMax) throw new ArchiveRefusal('more DICOM files than accepted');
  return candidates.map((file) => ({ bytes: file.bytes, entry: entryFor(file, entries) }));
}

/** The document entries of METADATA.XML, whatever envelope they are wrapped in. */
function entriesOf(xml: Buffer): DocumentEntry[] {
  try {
    const list = parseXmlRoot(xml).getElementsByTagNameNS(NS.rim, 'RegistryObjectList').item(0);
    return list ? readRegistryObjects(list).documentEntries : [];
  } catch (error) {
    if (error instanceof XmlRefusedError)
      throw new ArchiveRefusal('metadata that are no acceptable XML', { cause: error });
    throw error;
  }
}

/** The entry of a file, by its URI; its hash and size must be those of the file. */
function entryFor(file: ArchivedFile, entries: readonly DocumentEntry[]): DocumentEntry | undefined {
  const hash = createHash('sha1').update(file.bytes).digest('hex');
  const tail = (path: string) => path.split('/').slice(-2).join('/').toUpperCase();
  const named = entries.find(({ uri }) => uri !== undefined && tail(uri) === tail(file.name));
  const entry = named ?? entries.find((one) => one.hash?.toLowerCase() === hash);
  if (!entry) return undefined;
  if (entry.hash !== undefined && entry.hash.toLowerCase() !== hash)
    throw new ArchiveRefusal('a file that has not the hash of its metadata');
  if (entry.size !== undefined && entry.size !== file.bytes.length)
    throw new ArchiveRefusal('a file that has not the size of its metadata');
  return entry;
}
