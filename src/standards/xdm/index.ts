/** Archives of documents for people to carry: IHE XDM (ITI-32). Files in memory only; zipping is the room's. */
export { findEntry } from './find-entry';
export type { FoundEntry, XdmMetadata } from './find-entry';
export { documentsPerSetMax, setsMax } from './layout';
export { xdmFiles } from './write-archive';
export type { XdmArchive, XdmDocument, XdmFile, XdmSender, XdmSet } from './xdm.types';
