export { exchangeRoutes } from './exchange.routes';
export { metadataConfig } from './metadata/metadata.config';
export { servingConfig } from './serving.config';
export { servingErrors } from './serving.errors';
export { ServingModule } from './serving.module';
