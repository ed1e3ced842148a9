/** Sandbox of the national record: registry, repository, right of access. */
export { FaultSwitch, type Fault, type Transaction } from './faults';
export type { SeededReport } from './seed';
export { REPOSITORY_UNIQUE_ID, type RegisteredDocument } from './registry';
export { startSandboxDmp, type ReceivedMessage, type SandboxDmp, type SandboxDmpOptions } from './server';
