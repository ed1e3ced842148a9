export { auditKinds } from './trail/audit-event';
export type { AuditActor, AuditEvent, AuditKind, AuditOutcome } from './trail/audit-event';
export { AUDIT_ORIGIN } from './trail/audit-origin';
export type { AuditOrigin } from './trail/audit-origin';
export { AuditTrail, MemoryAuditTrail } from './trail/audit-trail';
export { failureOutcome } from './trail/failure-outcome';
export { AuditModule } from './audit.module';
export { withoutPatient, withPatient } from './trail/told-query';
export { DatabaseAuditTrail } from './trail/database-audit-trail';
export { csvStream, cutAt, jsonStream, lineTable, seenTable, viewingTable } from './queries/trail-export';
export type { ExportNote, ExportTable } from './queries/trail-export';
export { accessKinds, TrailQueries } from './queries/trail-queries';
export type { SeenPatient, TrailLine, TrailSearch, Viewing } from './queries/trail-queries';
export { StatisticsQueries } from './queries/statistics-queries';
export type {
  DailyCount,
  DailyLatency,
  FailureCount,
  Latency,
  ModalityCount,
  PeerCount,
  StatisticsPeriod,
  StructureCount,
} from './queries/statistics-queries';
export * from './chain';
export { GatewayLife, GatewayLifeModule } from './lifecycle';
export * from './refusals';
