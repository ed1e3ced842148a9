import { Module } from '@nestjs/common';
import { APP_FILTER, APP_GUARD } from '@nestjs/core';
import { AccessGuard } from './access/access.guard';
import { FailureFilter } from './access/failure.filter';
import { HomeController } from './home.controller';

@Module({
  controllers: [HomeController],
  providers: [
    { provide: APP_GUARD, useClass: AccessGuard },
    { provide: APP_FILTER, useClass: FailureFilter },
  ],
})
export class PortalModule {}
