import type { MultipartReason } from './multipart.types';

/** One sentence for each reason. */
export const MULTIPART_REASONS: Readonly<Record<MultipartReason, string>> = {
  'boundary-invalid': 'the boundary is absent or has characters that RFC 2046 does not allow',
  'media-type-malformed': 'the media type or its parameters cannot be read',
  'part-header-malformed': 'a part has a header line without a field name',
  'part-header-too-long': 'the header of a part is longer than allowed',
  'preamble-too-long': 'no part begins within the length allowed',
  'too-many-parts': 'there are more parts than allowed',
  truncated: 'the body ends before its closing delimiter',
};

/** A body or a media type that is refused; the room that fed it turns `reason` into an error of its catalogue. */
export class MultipartRefusal extends Error {
  constructor(readonly reason: MultipartReason) {
    super(MULTIPART_REASONS[reason]);
    this.name = 'MultipartRefusal';
  }
}
