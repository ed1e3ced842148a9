import { defineErrors } from '../../platform/errors';

export const examPageErrors = defineErrors('portal', {
  imagesUnavailable: {
    code: 'portal.images-unavailable',
    status: 503,
    caller: 'Images cannot be shown here.',
    operator: 'The images of an exam were asked for on an installation without viewer or retrieval.',
    screen: 'L’affichage des images n’est pas disponible sur cette installation.',
  },
  uploadNoFile: {
    code: 'portal.upload-not-a-file',
    status: 415,
    caller: 'The file must be sent as application/octet-stream.',
    operator: 'An import was posted as something else than the bytes of a file.',
    screen: 'Le fichier n’a pas été transmis correctement.',
  },
});
