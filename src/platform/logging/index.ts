export { acceptCorrelationId, correlationId, newCorrelationId, runWithCorrelation } from './correlation';
export { configureLogging, Logger, NestLog } from './logger';
export type { LogFacts, LogLevel } from './logger';
