export { ConfigModule } from './config.module';
export { processEnvironment } from './environment';
export { ConfigError, examineConfig, loadConfig, proveConfig } from './load';
export type { ConfigOptions, Environment, ExaminedConfig, LoadedConfig } from './load';
export { provePortFree, proveReadableFile, proveSecretFile, proveWritableFolder } from './proofs';
export { sampleFile } from './sample-file';
export { defineSlice, sandboxOnly, text, variable } from './slice';
export type {
  ConfigFault,
  ConfigOf,
  ListeningAddress,
  OtherValues,
  Shape,
  Slice,
  ValuesOf,
  Variable,
  VariableOptions,
} from './slice';
