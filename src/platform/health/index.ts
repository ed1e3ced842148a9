export { familyOf } from './health-check';
export type { HealthCheck, HealthFinding, HealthLevel, HealthReport } from './health-check';
export { HealthRegistry } from './health-registry';
export { HealthModule } from './health.module';
