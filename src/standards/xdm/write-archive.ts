import { createHash } from 'node:crypto';
import { ASSOCIATION, formatDtm, submitObjectsRequest, type DocumentEntry, type Submission } from '../xds';
import {
  documentName,
  documentsPerSetMax,
  index,
  metadata,
  readme,
  reportLine,
  root,
  setFolder,
  setsMax,
} from './layout';
import { indexPage, readmeText } from './texts';
import type { XdmArchive, XdmFile, XdmSet } from './xdm.types';

interface Named {
  readonly name: string;
  readonly document: XdmSet['documents'][number];
}

/**
 * The files of an archive, in the order in which a reader wants them: INDEX.HTM and README.TXT first, then each set with its
 * METADATA.XML. Departures from the published sample, both towards ITI TF-2 3.32: the root of the archive is the root of the
 * medium (no folder KAyyyyMM around it), and METADATA.XML is the SubmitObjectsRequest alone, without the SOAP envelope and the
 * assertion of another exchange. URI is relative to METADATA.XML (ITI TF-3 4.2.3.2.27).
 * @throws RangeError when there are more sets or documents than the names can count
 */
export function xdmFiles(archive: XdmArchive): XdmFile[] {
  const { sets } = archive;
  if (sets.length === 0 || sets.length > setsMax) throw new RangeError('sets');
  if (sets.some(({ documents }) => documents.length === 0 || documents.length > documentsPerSetMax))
    throw new RangeError('documents of a set');
  const folders = sets.map((set, at) => ({ folder: setFolder(at + 1), files: setFiles(set, at + 1, archive) }));
  const tree = folders.map(({ folder, files }) => ({ folder, names: files.map(({ name }) => name) }));
  return [
    { name: index, bytes: Buffer.from(indexPage(archive), 'utf8') },
    { name: readme, bytes: Buffer.from(readmeText(archive, tree), 'utf8') },
    ...folders.flatMap(({ folder, files }) =>
      files.map(({ name, bytes }) => ({ name: `${root}/${folder}/${name}`, bytes })),
    ),
  ];
}

function setFiles(set: XdmSet, number: number, archive: XdmArchive): XdmFile[] {
  const counts = { manifest: 0, report: 0 };
  const named = set.documents.map((document): Named => {
    counts[document.kind] += 1;
    return { document, name: documentName(document.kind, number, counts[document.kind]) };
  });
  const xml = `<?xml version="1.0" encoding="UTF-8"?>${submitObjectsRequest(submissionOf(set, named, archive)).text}`;
  return [
    { name: metadata, bytes: Buffer.from(xml, 'utf8') },
    ...(set.report ? [{ name: reportLine, bytes: Buffer.from(lineOf(set.report), 'utf8') }] : []),
    ...named.map(({ name, document }) => ({ name, bytes: document.bytes })),
  ];
}

function submissionOf(set: XdmSet, named: readonly Named[], { sourceId, madeAt }: XdmArchive): Submission {
  const { uniqueId, patientId, author, contentTypeCode, title } = set;
  const submissionTime = formatDtm(madeAt);
  const authors = [author];
  const entries = named.map(({ name, document }, at) => entryOf(document, name, at + 1));
  return {
    submissionSet: {
      entryUuid: 'SubmissionSet01',
      uniqueId,
      sourceId,
      patientId,
      submissionTime,
      contentTypeCode,
      authors,
      title,
    },
    documentEntries: entries,
    associations: entries.map(({ entryUuid }, at) => ({
      id: `as${String(at + 1)}`,
      type: ASSOCIATION.hasMember,
      sourceObject: 'SubmissionSet01',
      targetObject: entryUuid,
      submissionSetStatus: 'Original',
    })),
  };
}

/** The entry as the registry gave it, without what only that registry knows; hash, size and URI are those of the file. */
function entryOf({ entry, bytes }: Named['document'], uri: string, number: number): DocumentEntry {
  return {
    ...entry,
    entryUuid: `Document${String(number).padStart(2, '0')}`,
    availabilityStatus: undefined,
    repositoryUniqueId: undefined,
    homeCommunityId: undefined,
    submissionTime: undefined,
    hash: createHash('sha1').update(bytes).digest('hex'),
    size: bytes.length,
    uri,
  };
}

function lineOf({ root: id, extension = '', ins, localId }: NonNullable<XdmSet['report']>): string {
  const fields = [id, extension, ins.matricule, ins.oid, localId?.value ?? '', localId?.issuerOid ?? ''];
  return fields.map((field) => field.replace(/[;\r\n]/g, ' ')).join(';');
}
