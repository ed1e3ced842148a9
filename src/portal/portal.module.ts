import { Module } from '@nestjs/common';
import { APP_FILTER, APP_GUARD } from '@nestjs/core';
import { PscModule } from '../connectors/psc';
import { AccessGuard } from './access/access.guard';
import { FailureFilter } from './access/failure.filter';
import { HomeController } from './home.controller';
import { LoginController, LoginService, LoginsRepository, ProfessionalSessions } from './login';

@Module({
  imports: [PscModule],
  controllers: [HomeController, LoginController],
  providers: [
    { provide: APP_GUARD, useClass: AccessGuard },
    { provide: APP_FILTER, useClass: FailureFilter },
    LoginService,
    LoginsRepository,
    ProfessionalSessions,
  ],
  exports: [ProfessionalSessions],
})
export class PortalModule {}
