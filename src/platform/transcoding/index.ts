export type { ConversionRequest, ConversionTarget, DatasetBytes } from './transcoder';
export { Transcoder } from './transcoder';
export { transcodingConfig } from './transcoding.config';
export { transcodingErrors } from './transcoding.errors';
export { TranscodingModule } from './transcoding.module';
export type { DecodedImage, RenderedFrame, RenderOptions } from './render';
