export { AtnaModule } from './atna.module';
export { AtnaSender } from './atna-sender';
export type { SenderOptions } from './atna-sender';
export { atnaConfig } from './atna.config';
export type { AtnaConfig } from './atna.config';
export { AuditSpool } from './audit-spool';
export { eventTable } from './event-table';
export { toAuditMessage } from './to-audit-message';
export { firstUntoldLine } from './untold-line';
