import { Module } from '@nestjs/common';
import { consumerSealProvider } from './consumer-seal.provider';
import { ContextRepository } from './context.repository';
import { PatientContexts } from './patient-contexts';
import { ConsumerSeal } from './seal';

@Module({
  providers: [consumerSealProvider, ContextRepository, PatientContexts],
  exports: [ConsumerSeal, PatientContexts],
})
export class ContextModule {}
