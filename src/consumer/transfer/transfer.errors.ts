import { defineErrors } from '../../platform/errors';

export const transferErrors = defineErrors('transfer', {
  unknown: {
    code: 'transfer.unknown',
    status: 404,
    caller: 'There is no such import.',
    operator: 'An import was asked for that does not exist, or belongs to another patient context.',
    screen: "Cet import n'existe pas.",
  },
  nothingChosen: {
    code: 'transfer.nothing-chosen',
    status: 400,
    caller: 'Nothing to import was chosen.',
    operator: 'An import was asked for without any series of the exam.',
    screen: 'Choisissez au moins une série à importer.',
  },
  noArchive: {
    code: 'transfer.no-archive',
    status: 503,
    caller: 'No local archive is configured.',
    operator: 'An import was asked for and no PACS is configured to receive it.',
    screen: "Aucune archive locale n'est configurée pour recevoir les images.",
  },
  tooMany: {
    code: 'transfer.too-many',
    status: 429,
    caller: 'Too many imports are under way.',
    operator:
      'An import was asked for while a hundred others waited for their turn (DRIMBOX_TRANSFER_PARALLEL at once).',
    screen: "Trop d'imports sont en cours : réessayez quand l'un d'eux sera terminé.",
    retryAfterSeconds: 30,
  },
  notStored: {
    code: 'transfer.not-stored',
    status: 502,
    caller: 'The local archive did not take this image.',
    operator: 'The local PACS refused an object; its status is kept with the import.',
    screen: "L'archive locale n'a pas accepté cette image.",
  },
  localIdUnusable: {
    code: 'transfer.local-id-unusable',
    status: 400,
    caller: 'The local patient number cannot be written into an image.',
    operator:
      'The PatientID or PatientIDIssuer of the contextual call has characters that DICOM objects cannot hold here.',
    screen: 'Le numéro local du patient ne peut pas être inscrit dans les images.',
  },
  objectUnreadable: {
    code: 'transfer.object-unreadable',
    status: 502,
    caller: 'This image cannot be read.',
    operator: 'The head of an object could not be rewritten with the local identity; it was not imported.',
    screen: 'Une image est illisible : elle n’est pas importée.',
  },
  archiveTooLarge: {
    code: 'transfer.archive-too-large',
    status: 413,
    caller: 'Too much was chosen for one archive.',
    operator: 'An archive (XDM) was asked for with more exams, or more bytes of documents, than one may hold.',
    screen: 'Trop d’examens pour une seule archive : exportez-les en plusieurs fois.',
  },
  interrupted: {
    code: 'transfer.interrupted',
    status: 503,
    caller: 'The import was interrupted.',
    operator: 'The gateway stopped, or was restarted, during an import; it can be taken up again from its page.',
    screen: "L'import a été interrompu par l'arrêt du service : reprenez-le, rien de ce qui est archivé n'est renvoyé.",
  },
  cancelled: {
    code: 'transfer.cancelled',
    status: 409,
    caller: 'The import was cancelled.',
    operator: 'A professional stopped an import, or the patient was closed during it.',
    screen: "L'import a été arrêté.",
  },
});
