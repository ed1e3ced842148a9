/** What is wrong for long enough to tell somebody: raised, acknowledged, ended, by all processes together. */
export { AlarmWatch } from './alarm-watch';
export { AlarmRepository } from './alarm.repository';
export type { Alarm, Sight } from './alarm.repository';
export { alarmsConfig } from './alarms.config';
export { AlarmsModule } from './alarms.module';
export type { AlarmSeverity } from './hysteresis';
