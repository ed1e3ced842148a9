import { Module } from '@nestjs/common';
import { APP_FILTER, APP_GUARD } from '@nestjs/core';
import { StatisticsModule } from '../audit/statistics';
import { PscModule } from '../connectors/psc';
import { ContextModule } from '../consumer/context';
import type { ConfigOf } from '../platform/config';
import { publicationConfig, PublicationQueriesModule } from '../source/publication';
import { ViewerModule } from '../viewer';
import { AccessGuard } from './access/access.guard';
import { FailureFilter } from './access/failure.filter';
import { HomeController } from './home.controller';
import {
  HospitalLoginController,
  HospitalOidc,
  LoginController,
  LoginEndings,
  LoginService,
  LoginsRepository,
  ProfessionalSessions,
  SessionWatch,
} from './login';
import { PublicationsController } from './publications/publications.controller';
import { ScreenFormat } from './screen/format';
import { ServiceController } from './service/service.controller';
import { StatisticsController } from './statistics/statistics.controller';
import { TrailController } from './trail/trail.controller';

const screenFormat = {
  provide: ScreenFormat,
  inject: [publicationConfig.token],
  useFactory: (config: ConfigOf<typeof publicationConfig>) => new ScreenFormat(config.timeZone),
};

/** The frame of the portal, the login, and the pages of operators and auditors. */
@Module({
  imports: [ContextModule, PscModule, PublicationQueriesModule, StatisticsModule, ViewerModule],
  controllers: [
    HomeController,
    LoginController,
    HospitalLoginController,
    PublicationsController,
    ServiceController,
    StatisticsController,
    TrailController,
  ],
  providers: [
    { provide: APP_GUARD, useClass: AccessGuard },
    { provide: APP_FILTER, useClass: FailureFilter },
    screenFormat,
    HospitalOidc,
    LoginEndings,
    LoginService,
    LoginsRepository,
    ProfessionalSessions,
    SessionWatch,
  ],
  exports: [ProfessionalSessions, ScreenFormat],
})
export class PortalModule {}
