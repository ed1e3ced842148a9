import { Global, Module } from '@nestjs/common';
import { AuditTrail } from './trail/audit-trail';
import { DatabaseAuditTrail } from './trail/database-audit-trail';

@Global()
@Module({ providers: [{ provide: AuditTrail, useClass: DatabaseAuditTrail }], exports: [AuditTrail] })
export class AuditModule {}
