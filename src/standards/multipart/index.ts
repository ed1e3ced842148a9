export * from './multipart.types';
export { MULTIPART_REASONS, MultipartRefusal } from './multipart-refusal';
export {
  boundaryOf,
  checkedBoundary,
  formatMediaType,
  parseMediaType,
  parseParameters,
  splitOutsideQuotes,
} from './media-type';
export { MultipartReader, type MultipartReaderOptions } from './multipart-reader';
export { boundaryFrom, MultipartWriter } from './multipart-writer';
