import { defineErrors } from '../../platform/errors';

/** How a PACS fails, seen from the rest of the gateway. */
export const pacsErrors = defineErrors('pacs', {
  unreachable: {
    code: 'pacs.unreachable',
    status: 502,
    caller: 'The image archive cannot be reached.',
    operator: 'No connection to the PACS could be opened; check its address, port and the network between.',
    screen: "L'archive d'images est injoignable.",
  },
  refused: {
    code: 'pacs.refused',
    status: 502,
    caller: 'The image archive refused the request.',
    operator: 'The PACS refused the association or the operation; check the AE titles and its list of known nodes.',
    screen: "L'archive d'images a refusé la demande.",
  },
  tooSlow: {
    code: 'pacs.too-slow',
    status: 504,
    caller: 'The image archive did not answer in time.',
    operator: 'The PACS kept silent longer than the configured limit.',
    screen: "L'archive d'images n'a pas répondu à temps.",
  },
  tooMany: {
    code: 'pacs.too-many',
    status: 503,
    caller: 'The image archive is busy; try again shortly.',
    operator: 'The limit of associations or of retrievals with this PACS is reached, here or on its side.',
    screen: "L'archive d'images est occupée : réessayez dans un instant.",
    retryAfterSeconds: 5,
    dimse: 0xa700,
  },
  lost: {
    code: 'pacs.lost',
    status: 502,
    caller: 'The exchange with the image archive was cut.',
    operator: 'The PACS closed, aborted or broke the association during an exchange.',
    screen: "L'échange avec l'archive d'images a été interrompu.",
  },
  failed: {
    code: 'pacs.failed',
    status: 502,
    caller: 'The image archive failed to answer.',
    operator: 'The PACS answered an operation with a failure status; the detail gives it.',
    screen: "L'archive d'images n'a pas pu répondre.",
  },
  malformed: {
    code: 'pacs.malformed',
    status: 502,
    caller: 'The image archive answered with something unreadable.',
    operator: 'The PACS sent bytes that break the DICOM standard; the association was aborted.',
    screen: "L'archive d'images a donné une réponse illisible.",
  },
  readerTooSlow: {
    code: 'pacs.reader-too-slow',
    status: 503,
    caller: 'The images were not read fast enough.',
    operator: 'A client read its images so slowly that the shared retrieval had to let it go.',
  },
  tooManyMatches: {
    code: 'pacs.too-many-matches',
    status: 413,
    caller: 'The query matches too many objects.',
    operator: 'A query of the PACS gave more matches than its limit; it was cancelled.',
    screen: 'La recherche donne trop de résultats.',
  },
  unknown: {
    code: 'pacs.unknown',
    status: 500,
    caller: 'This image archive is not configured.',
    operator: 'A PACS was asked for by a name that the configuration does not hold.',
  },
});
