import { findEntry, type XdmMetadata } from '../../../standards/xdm';
import { NS, readRegistryObjects, type DocumentEntry } from '../../../standards/xds';
import { parseXmlRoot, XmlRefusedError } from '../../../standards/xmlsec';
import { isReport } from '../list/entry-facts';
import { ArchivedFile, ArchiveRefusal, readArchive } from './read-archive';

/** A document found in what a professional brought, with its entry when the archive has metadata of it. */
export interface BroughtDocument {
  readonly kind: 'manifest' | 'report';
  readonly bytes: Buffer;
  readonly entry?: DocumentEntry;
}

const zipMagic = Buffer.from('PK\x03\x04', 'latin1');

export const isArchive = (bytes: Buffer): boolean => bytes.subarray(0, 4).equals(zipMagic);
const manifestsMax = 20;
const reportsMax = 20;

export const isDicomFile = (bytes: Buffer): boolean => bytes.subarray(128, 132).toString('latin1') === 'DICM';
const isMetadata = (name: string): boolean => /(^|\/)METADATA\.XML$/i.test(name);
/** XDM asks for short names in capitals; people rename. Anything that may be a DICOM file or a report is looked at. */
const isCandidate = (name: string): boolean => isMetadata(name) || /(\.(dcm|kos|xml)|(^|\/)[^./]+)$/i.test(name);

/**
 * The documents of an uploaded file: a KOS itself, or the manifests and reports of an XDM archive (IHE ITI TF-2 3.32) whose metadata,
 * when it has some, must agree with its files. A report is one that the metadata name as such.
 * @throws ArchiveRefusal with a reason that names nobody
 */
export async function readUpload(bytes: Buffer): Promise<BroughtDocument[]> {
  if (!isArchive(bytes)) {
    if (!isDicomFile(bytes)) throw new ArchiveRefusal('neither a DICOM file nor a zip archive');
    return [{ kind: 'manifest', bytes }];
  }
  const files = await readArchive(bytes, isCandidate);
  const metadata = files
    .filter(({ name }) => isMetadata(name))
    .map(({ name, bytes: xml }) => ({ name, entries: entriesOf(xml) }));
  const candidates = files.filter((file) => !isMetadata(file.name) && isDicomFile(file.bytes));
  if (candidates.length === 0) throw new ArchiveRefusal('no DICOM file in the archive');
  if (candidates.length > manifestsMax) throw new ArchiveRefusal('more DICOM files than accepted');
  const manifests = candidates.map((file) => ({
    kind: 'manifest' as const,
    bytes: file.bytes,
    entry: entryFor(file, metadata),
  }));
  return [...manifests, ...reportsOf(files, metadata)];
}

/** Only reports: a signature document, say, is not looked at. */
function reportsOf(files: readonly ArchivedFile[], metadata: readonly XdmMetadata[]): BroughtDocument[] {
  const isNamedReport = (file: ArchivedFile): boolean => {
    const { entry } = findEntry(file, metadata);
    return entry !== undefined && isReport(entry);
  };
  const reports = files
    .filter(({ name }) => /\.xml$/i.test(name) && !isMetadata(name))
    .filter(isNamedReport)
    .map((file) => ({ kind: 'report' as const, bytes: file.bytes, entry: entryFor(file, metadata) }));
  if (reports.length > reportsMax) throw new ArchiveRefusal('more reports than accepted');
  return reports;
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
