export { ConfigModule } from './config.module';
export { processEnvironment } from './environment';
export { ConfigError, loadConfig, proveConfig } from './load';
export type { Environment, LoadedConfig } from './load';
export { provePortFree, proveReadableFile, proveWritableFolder } from './proofs';
export { sampleFile } from './sample-file';
export { defineSlice, text, variable } from './slice';
export type { ConfigFault, ConfigOf, Shape, Slice, ValuesOf, Variable, VariableOptions } from './slice';
