import { Global, Module } from '@nestjs/common';
import { StatisticsQueries } from './queries/statistics-queries';
import { TrailQueries } from './queries/trail-queries';
import { AuditTrail } from './trail/audit-trail';
import { DatabaseAuditTrail } from './trail/database-audit-trail';

@Global()
@Module({
  providers: [{ provide: AuditTrail, useClass: DatabaseAuditTrail }, TrailQueries, StatisticsQueries],
  exports: [AuditTrail, TrailQueries, StatisticsQueries],
})
export class AuditModule {}
