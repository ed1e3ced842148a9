import { Module } from '@nestjs/common';
import { RisListener } from './ris.listener';

@Module({ providers: [RisListener], exports: [RisListener] })
export class RisModule {}
