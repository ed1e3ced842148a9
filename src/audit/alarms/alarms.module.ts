import { Global, Module } from '@nestjs/common';
import { AlarmWatch } from './alarm-watch';
import { AlarmRepository } from './alarm.repository';

@Global()
@Module({ providers: [AlarmRepository, AlarmWatch], exports: [AlarmRepository, AlarmWatch] })
export class AlarmsModule {}
