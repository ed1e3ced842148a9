import { defineErrors, ErrorEntry } from '../errors';
import { ConversionReason } from './conversion-error';

const notConvertible = {
  status: 406,
  caller: 'The image cannot be given in an acceptable transfer syntax.',
  screen: 'Cette image ne peut pas être convertie dans un format accepté.',
} as const;
const damaged = {
  status: 502,
  caller: 'The stored image is damaged and cannot be converted.',
  screen: "Cette image est endommagée dans l'archive.",
} as const;

export const transcodingErrors = defineErrors('transcoding', {
  unsupportedTransferSyntax: {
    ...notConvertible,
    code: 'transcoding.unsupported-transfer-syntax',
    operator:
      'A conversion from or to a transfer syntax that the gateway does not handle was needed; the detail names it.',
    dimse: 0xa900,
  },
  unsupportedPixelFormat: {
    ...notConvertible,
    code: 'transcoding.unsupported-pixel-format',
    operator: 'The target transfer syntax cannot hold these pixels (depth, samples); the detail says why.',
    dimse: 0xa900,
  },
  noPixelData: {
    ...notConvertible,
    code: 'transcoding.no-pixel-data',
    operator: 'A compressed transfer syntax was asked for an object without pixel data.',
  },
  malformedDataSet: {
    ...damaged,
    code: 'transcoding.malformed-data-set',
    operator: 'The data set breaks PS3.5 or PS3.3 at the place that the detail names.',
    dimse: 0xc000,
  },
  truncatedDataSet: {
    ...damaged,
    code: 'transcoding.truncated-data-set',
    operator: 'The data set ends before the element that the detail names; the stored object is cut.',
    dimse: 0xc000,
  },
  pixelDataLengthMismatch: {
    ...damaged,
    code: 'transcoding.pixel-data-length-mismatch',
    operator: 'The pixel data do not have the size that rows, columns, frames and depth announce.',
    dimse: 0xc000,
  },
  corruptCodeStream: {
    ...damaged,
    code: 'transcoding.corrupt-code-stream',
    operator: 'A codec refused the compressed pixels; the stored object is damaged.',
    dimse: 0xc000,
  },
  objectTooLarge: {
    status: 406,
    caller: 'The image is too large to be converted.',
    screen: 'Cette image est trop volumineuse pour être convertie.',
    code: 'transcoding.object-too-large',
    operator: 'The object is larger than DRIMBOX_TRANSCODING_MAX_OBJECT_BYTES, before or after the conversion.',
    dimse: 0xa700,
  },
  queueFull: {
    status: 503,
    caller: 'Too many conversions are under way.',
    screen: "Trop d'images sont en cours de conversion : réessayez dans un instant.",
    code: 'transcoding.queue-full',
    operator: 'More conversions wait than DRIMBOX_TRANSCODING_QUEUE_MAX allows.',
    retryAfterSeconds: 5,
    dimse: 0xa700,
  },
  workerLost: {
    status: 500,
    caller: 'The conversion of the image failed.',
    screen: "La conversion de cette image n'a pas abouti.",
    code: 'transcoding.worker-lost',
    operator: 'A conversion thread died with this image and was replaced; the detail tells how it ended.',
    dimse: 0x0110,
  },
  timedOut: {
    status: 504,
    caller: 'The conversion of the image took too long.',
    screen: 'La conversion de cette image a pris trop de temps.',
    code: 'transcoding.timed-out',
    operator: 'A conversion went over DRIMBOX_TRANSCODING_TIMEOUT_MS; its thread was replaced.',
    dimse: 0x0110,
  },
  stopped: {
    status: 503,
    caller: 'The gateway is stopping.',
    screen: 'Le service est momentanément indisponible.',
    code: 'transcoding.stopped',
    operator: 'A conversion was asked for while the gateway was stopping.',
  },
});

/** Reason of a standard-level refusal to its entry of the catalogue. */
export const entryOfReason: Record<ConversionReason, ErrorEntry> = {
  'unsupported-transfer-syntax': transcodingErrors.unsupportedTransferSyntax,
  'unsupported-pixel-format': transcodingErrors.unsupportedPixelFormat,
  'no-pixel-data': transcodingErrors.noPixelData,
  'malformed-data-set': transcodingErrors.malformedDataSet,
  'truncated-data-set': transcodingErrors.truncatedDataSet,
  'pixel-data-length-mismatch': transcodingErrors.pixelDataLengthMismatch,
  'corrupt-code-stream': transcodingErrors.corruptCodeStream,
  'object-too-large': transcodingErrors.objectTooLarge,
  cancelled: transcodingErrors.stopped,
};
