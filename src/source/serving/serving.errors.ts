import { defineErrors } from '../../platform/errors';

export const servingErrors = defineErrors('serving', {
  peerNotListed: {
    code: 'serving.peer-not-listed',
    status: 403,
    caller: 'Your certificate is not in the white list of the DRIM-M.',
    operator: 'A gateway with a valid certificate that the white list does not name asked for images.',
  },
  tokenAbsent: {
    code: 'serving.token-absent',
    status: 401,
    caller: 'A Pro Santé Connect bearer token is required.',
    operator: 'A listed gateway sent no bearer token, or a malformed one.',
  },
  headerInvalid: {
    code: 'serving.header-invalid',
    status: 400,
    caller: 'The header Accept or KOS-SOPInstanceUID is missing or malformed.',
    operator: 'A listed gateway sent a request whose Accept or KOS-SOPInstanceUID cannot be used; the detail says why.',
  },
  pathInvalid: {
    code: 'serving.path-invalid',
    status: 400,
    caller: 'The address holds an invalid identifier or frame list.',
    operator: 'A listed gateway sent an address with an invalid UID or frame list.',
  },
  notInManifest: {
    code: 'serving.not-in-manifest',
    status: 404,
    caller: 'The manifest is not the current one of this study, or does not hold what is asked for.',
    operator:
      'A request names a manifest that is unknown, replaced or withdrawn, or an object outside it; the detail says which.',
  },
  gone: {
    code: 'serving.gone',
    status: 410,
    caller: 'The manifest names this object but the PACS no longer holds it.',
    operator:
      'The PACS no longer holds what a current manifest names: the study changed without a notice; see the runbook.',
  },
  notAcceptable: {
    code: 'serving.not-acceptable',
    status: 406,
    caller: 'No transfer syntax that you accept can be given.',
    operator: 'The stored transfer syntax is not accepted by the caller and cannot be converted to one that is.',
  },
  tooManyRequests: {
    code: 'serving.too-many-requests',
    status: 429,
    caller: 'Too many requests of your gateway are under way.',
    operator: 'A gateway went over the number of requests it may have under way.',
    retryAfterSeconds: 2,
  },
  busy: {
    code: 'serving.busy',
    status: 503,
    caller: 'The gateway is serving as many requests as it can.',
    operator: 'The gateway reached its limit of requests under way.',
    retryAfterSeconds: 5,
  },
  incomplete: {
    code: 'serving.incomplete',
    status: 502,
    caller: 'The PACS did not deliver all objects.',
    operator: 'Objects that the PACS holds did not arrive even when asked for again alone; the detail names them.',
    retryAfterSeconds: 10,
  },
  objectUnreadable: {
    code: 'serving.object-unreadable',
    status: 502,
    caller: 'This object is damaged in the PACS and cannot be sent.',
    operator: 'An object of the PACS is not a readable DICOM data set; the detail names it and says why.',
  },
  patientContradicted: {
    code: 'serving.patient-contradicted',
    status: 502,
    caller: 'This object cannot be sent: its patient is in doubt.',
    operator:
      'An object of the PACS holds another INS of the same nature than its manifest: it may be another patient; the detail names it.',
  },
  conversionFailed: {
    code: 'serving.conversion-failed',
    status: 406,
    caller: 'This object cannot be converted to a transfer syntax that you accept.',
    operator: 'The conversion of an object failed; the detail names it and says why.',
  },
  callerLeft: {
    code: 'serving.caller-left',
    status: 499,
    caller: 'You left before the answer was complete.',
    operator: 'The calling gateway closed its connection before the answer was complete.',
  },
  closing: {
    code: 'serving.closing',
    status: 503,
    caller: 'The gateway is stopping.',
    operator: 'The gateway was stopped or restarted before an answer was complete.',
    retryAfterSeconds: 30,
  },
  peerDismissed: {
    code: 'serving.peer-dismissed',
    status: 403,
    caller: 'Your gateway is no longer admitted.',
    operator:
      'The certificate of a calling gateway ended or was revoked, its authority or its entry in the white list was removed, or the revocation lists became too old: its open connections were ended.',
  },
  stalled: {
    code: 'serving.stalled',
    status: 408,
    caller: 'You took the answer too slowly.',
    operator:
      'The calling gateway took no byte for longer than DRIMBOX_EXCHANGE_STALL_MS_MAX, or fewer than ' +
      'DRIMBOX_EXCHANGE_READ_BYTES_PER_SECOND_MIN meanwhile, and was disconnected.',
  },
  failed: {
    code: 'serving.failed',
    status: 500,
    caller: 'The gateway failed to answer.',
    operator:
      'A fault of the gateway itself while serving images; the log holds the cause under the same correlation id.',
  },
  frameAbsent: {
    code: 'serving.frame-absent',
    status: 404,
    caller: 'This object has no such frame.',
    operator: 'A request names a frame that the object does not have.',
  },
  objectTooLarge: {
    code: 'serving.object-too-large',
    status: 406,
    caller: 'This object is too large to be converted or cut into frames; ask for it as it is stored.',
    operator:
      'An object is larger than what the gateway holds in memory for a conversion (DRIMBOX_SERVING_OBJECT_BYTES_MAX).',
  },
});
