import { Global, Module } from '@nestjs/common';
import { Transcoder } from './transcoder';

/** One pool of conversion threads for the whole gateway. */
@Global()
@Module({ providers: [Transcoder], exports: [Transcoder] })
export class TranscodingModule {}
