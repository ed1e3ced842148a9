export { auditKinds } from './trail/audit-event';
export type { AuditActor, AuditEvent, AuditKind, AuditOutcome } from './trail/audit-event';
export { AuditTrail, MemoryAuditTrail } from './trail/audit-trail';
export { AuditModule } from './audit.module';
export { DatabaseAuditTrail } from './trail/database-audit-trail';
