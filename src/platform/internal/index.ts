export { internalConfig } from './internal.config';
export { InternalListener, InternalModule, internalRoutes } from './internal.module';
