import { DicomRefusal } from '../../../standards/dicom';
import { connectionError, statusError } from './http-errors';

const withCode = (code: string): Error => Object.assign(new Error('x'), { code });

describe('failures of a DICOMweb PACS', () => {
  it.each([
    [withCode('ECONNREFUSED'), 'pacs.unreachable'],
    [withCode('ENOTFOUND'), 'pacs.unreachable'],
    [withCode('UND_ERR_CONNECT_TIMEOUT'), 'pacs.unreachable'],
    [withCode('DEPTH_ZERO_SELF_SIGNED_CERT'), 'pacs.unreachable'],
    [new AggregateError([withCode('EHOSTUNREACH')]), 'pacs.unreachable'],
    [withCode('ECONNRESET'), 'pacs.lost'],
    [withCode('UND_ERR_SOCKET'), 'pacs.lost'],
    [withCode('UND_ERR_HEADERS_TIMEOUT'), 'pacs.too-slow'],
    [withCode('UND_ERR_BODY_TIMEOUT'), 'pacs.too-slow'],
    [withCode('HPE_INVALID_CONSTANT'), 'pacs.malformed'],
    [withCode('UND_ERR_HEADERS_OVERFLOW'), 'pacs.malformed'],
    [new DicomRefusal('truncated'), 'pacs.malformed'],
  ])('%s is %s', (error, code) => expect(connectionError(error).code).toBe(code));

  it.each([
    [301, 'pacs.refused', 502],
    [401, 'pacs.refused', 502],
    [403, 'pacs.refused', 502],
    [400, 'pacs.failed', 502],
    [500, 'pacs.failed', 502],
    [429, 'pacs.too-many', 503],
    [503, 'pacs.too-many', 503],
    [504, 'pacs.too-slow', 504],
  ])('HTTP %i is %s, for our caller %i', (status, code, ours) => {
    const error = statusError(status);
    expect(error.code).toBe(code);
    expect(error.entry.status).toBe(ours);
  });

  it.each([
    ['7', 7],
    ['999999', 600],
    ['Wed, 21 Oct 2026 07:28:00 GMT', 5],
    ['-1', 5],
    [undefined, 5],
  ])('reads Retry-After %s', (value, seconds) => expect(statusError(503, value).retryAfterSeconds).toBe(seconds));
});
