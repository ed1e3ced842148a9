import { findEntry, type XdmMetadata } from '../../../standards/xdm';
import { NS, readRegistryObjects, type DocumentEntry } from '../../../standards/xds';
import { parseXmlRoot, XmlRefusedError } from '../../../standards/xmlsec';
import { ArchivedFile, ArchiveRefusal, readArchive } from './read-archive';

/** A manifest found in what a professional brought, with its entry when the archive has metadata of it. */
export interface BroughtManifest {
  readonly bytes: Buffer;
  readonly entry?: DocumentEntry;
}

const zipMagic = Buffer.from('PK\x03\x04', 'latin1');

export const isArchive = (bytes: Buffer): boolean => bytes.subarray(0, 4).equals(zipMagic);
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
  if (!isArchive(bytes)) {
    if (!isDicomFile(bytes)) throw new ArchiveRefusal('neither a DICOM file nor a zip archive');
    return [{ bytes }];
  }
  const files = await readArchive(bytes, isCandidate);
  const metadata = files
    .filter(({ name }) => isMetadata(name))
    .map(({ name, bytes: xml }) => ({ name, entries: entriesOf(xml) }));
  const candidates = files.filter((file) => !isMetadata(file.name) && isDicomFile(file.bytes));
  if (candidates.length === 0) throw new ArchiveRefusal('no DICOM file in the archive');
  if (candidates.length > manifestsMax) throw new ArchiveRefusal('more DICOM files than accepted');
  return candidates.map((file) => ({ bytes: file.bytes, entry: entryFor(file, metadata) }));
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

/** The entry of a file; its hash and size must be those of the file. */
function entryFor(file: ArchivedFile, metadata: readonly XdmMetadata[]): DocumentEntry | undefined {
  const found = findEntry(file, metadata);
  if (!found.ok) throw new ArchiveRefusal(`a file that has not the ${found.reason} of its metadata`);
  return found.entry;
}
