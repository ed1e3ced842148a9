export type { AnswerReader, WireServer } from './connection';
export { WireClient } from './wire-client';
export { WireFault } from './wire-fault';
