/** DICOM message exchange: PDUs (PS3.8), command sets (PS3.7), identifiers of queries (PS3.4 C). Pure. */
export * from './association-pdu';
export * from './association-pdu.decode';
export * from './command-set';
export * from './dimse-fault';
export * from './identifier';
export { encodePData, fragmentLimit, writePDataHeader } from './p-data';
export { PduReader } from './pdu-reader';
export type { PduEvents, PduLimits } from './pdu-reader';
export * from './status';
export * from './uids';
