import { Module } from '@nestjs/common';
import { CallRefusals } from './call-refusals';
import { consumerSealProvider } from './consumer-seal.provider';
import { ContextRepository } from './context.repository';
import { PatientContexts } from './patient-contexts';
import { ConsumerSeal } from './seal';

@Module({
  providers: [CallRefusals, consumerSealProvider, ContextRepository, PatientContexts],
  exports: [CallRefusals, ConsumerSeal, PatientContexts],
})
export class ContextModule {}
