import { DynamicModule, Global, Module } from '@nestjs/common';
import { LoadedConfig } from './load';

/** Makes the frozen values of every slice injectable by the slice's token. */
@Global()
@Module({})
export class ConfigModule {
  static of(loaded: LoadedConfig): DynamicModule {
    const providers = [...loaded.values].map(([provide, useValue]) => ({ provide, useValue }));
    return { module: ConfigModule, providers, exports: providers };
  }
}
