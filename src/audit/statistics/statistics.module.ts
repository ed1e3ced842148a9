import { Module } from '@nestjs/common';
import { StatisticsExport } from './statistics-export';

@Module({ providers: [StatisticsExport], exports: [StatisticsExport] })
export class StatisticsModule {}
