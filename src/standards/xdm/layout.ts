/**
 * Names of an XDM archive (ITI TF-2 3.32.4.1.2): capitals, digits and underscore, eight characters and three (ISO 9660 level 1).
 * Those of the documents are the ones of the published sample.
 */

export const index = 'INDEX.HTM';
export const readme = 'README.TXT';
export const root = 'IHE_XDM';
export const metadata = 'METADATA.XML';
export const reportLine = 'CR.TXT';

/** What eight characters can count. */
export const setsMax = 99;
export const documentsPerSetMax = 99;

/** SS000001 */
export const setFolder = (set: number): string => `SS${String(set).padStart(6, '0')}`;

/** KOS_1_1.DCM, CR_1_2.XML: counted from 1, in the set and of that kind. */
export function documentName(kind: 'manifest' | 'report', set: number, count: number): string {
  return kind === 'manifest' ? `KOS_${set}_${count}.DCM` : `CR_${set}_${count}.XML`;
}

/** The folder of a file, with its slash, or nothing. */
export const folderOf = (path: string): string => path.slice(0, path.lastIndexOf('/') + 1);

/** The last part of a path. */
export const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1);
