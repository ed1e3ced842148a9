export { familyOf } from './health-check';
export type { HealthCheck, HealthFinding, HealthLevel, HealthReport } from './health-check';
export { listenerFinding } from './listener-finding';
export type { ListenerUnderCheck } from './listener-finding';
export { loopbackOf, OwnProbes } from './listener-probe';
export { HealthRegistry } from './health-registry';
export { HealthModule } from './health.module';
