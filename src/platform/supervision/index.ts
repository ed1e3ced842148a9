export { ClockWatch } from './clock-watch';
export { supervisionConfig } from './supervision.config';
export { SupervisionModule } from './supervision.module';
