import { randomUUID } from 'node:crypto';
import { Module } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { AtnaConfig, atnaConfig } from './atna.config';
import { AtnaService } from './atna.service';
import { AuditSpool } from './audit-spool';

@Module({
  providers: [
    AtnaService,
    {
      provide: AuditSpool,
      inject: [DataSource, atnaConfig.token],
      // The cursor is laid before any room begins its work: the first event of a first start is told, too.
      useFactory: async (dataSource: DataSource, { enabled }: AtnaConfig) => {
        const spool = new AuditSpool(dataSource, randomUUID());
        if (enabled) await spool.prepare();
        return spool;
      },
    },
  ],
})
export class AtnaModule {}
