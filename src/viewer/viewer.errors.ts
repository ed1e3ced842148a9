import { defineErrors } from '../platform/errors';

export const viewerErrors = defineErrors('viewer', {
  grantUnknown: {
    code: 'viewer.grant-unknown',
    status: 404,
    caller: 'This viewer is no longer open.',
    operator: 'A viewer was used after its grant ended (closed, logged out, asleep), or by another browser session.',
    screen: "Cette visionneuse n'est plus ouverte : revenez à la liste des examens et ouvrez l'examen à nouveau.",
  },
  notGranted: {
    code: 'viewer.not-granted',
    status: 404,
    caller: 'This study, series or instance is not part of the open viewer.',
    operator: 'A viewer asked for something that its grant does not list.',
    screen: 'Cet examen ne fait pas partie de la visionneuse ouverte.',
  },
  notThere: {
    code: 'viewer.not-there',
    status: 404,
    caller: 'The image has no such frame or value.',
    operator: 'A client of the viewer data asked for a frame or an attribute that the object does not have.',
  },
  noStudy: {
    code: 'viewer.no-study',
    status: 400,
    caller: 'There is nothing to show.',
    operator: 'A viewer was to be opened without any study, or with too many.',
    screen: "Aucun examen n'est à afficher.",
  },
  patientsDiffer: {
    code: 'viewer.patients-differ',
    status: 409,
    caller: 'The studies are not of the same patient.',
    operator: 'A viewer was to be opened on studies whose manifests name different patients: refused.',
    screen: "Ces examens ne concernent pas le même patient : ils ne s'ouvrent pas ensemble.",
  },
  imageUnavailable: {
    code: 'viewer.image-unavailable',
    status: 502,
    caller: 'This image cannot be obtained.',
    operator: 'An image listed by the manifest did not arrive; the cause tells why. Opening the exam again retries.',
    screen: "Cette image n'a pas pu être obtenue.",
  },
  imageLate: {
    code: 'viewer.image-late',
    status: 504,
    caller: 'This image has not arrived in time.',
    operator: 'A viewer waited for an image as long as DRIMBOX_VIEWER_ARRIVAL_WAIT_MS_MAX allows.',
    screen: "Cette image n'est pas arrivée à temps.",
    retryAfterSeconds: 5,
  },
  imageForeign: {
    code: 'viewer.image-foreign',
    status: 502,
    caller: 'This image is not what the manifest announces.',
    operator: 'An object arrived whose study, series or instance UID is not the one asked for; it was not shown.',
    screen: "Une image reçue ne correspond pas à l'examen : elle n'est pas affichée.",
  },
  imageUnreadable: {
    code: 'viewer.image-unreadable',
    status: 502,
    caller: 'This image cannot be read.',
    operator: 'An object arrived that cannot be read as DICOM.',
    screen: 'Cette image est illisible.',
  },
  notAcceptable: {
    code: 'viewer.not-acceptable',
    status: 406,
    caller: 'None of the accepted media types can be given.',
    operator: 'A client of the viewer data asked for media types that are not offered.',
  },
  marksFull: {
    code: 'viewer.marks-full',
    status: 409,
    caller: 'No more images can be marked.',
    operator: 'A reader marked as many images as one viewer holds.',
    screen: "Le nombre d'images marquées est atteint : retirez une marque pour en ajouter une autre.",
  },
  notInstalled: {
    code: 'viewer.not-installed',
    status: 503,
    caller: 'The viewer is not installed.',
    operator:
      'The viewer files are missing: run `node scripts/prepare-ohif.mjs` where npm can be reached, or set DRIMBOX_VIEWER_DIR.',
    screen: "La visionneuse n'est pas installée sur cette passerelle.",
  },
  invokeMalformed: {
    code: 'viewer.invoke-malformed',
    status: 400,
    caller: 'The viewer address is incomplete or malformed.',
    operator:
      'A link to the source viewer lacks a parameter, repeats one or holds a malformed value; the detail names it.',
    screen: 'Ce lien vers les images est incomplet ou mal formé.',
  },
  invokeExpired: {
    code: 'viewer.invoke-expired',
    status: 410,
    caller: 'This request to open images has ended.',
    operator: 'The stored request of a source viewer link was used, is too old, or is of another session.',
    screen: "Cette demande d'ouverture a expiré : suivez à nouveau le lien du compte rendu.",
  },
  invokeRefused: {
    code: 'viewer.invoke-refused',
    status: 406,
    caller: 'The link does not match a published study of this hospital.',
    operator: 'A source viewer link does not match the local archive; the detail says what differs.',
    screen:
      'Ce lien ne correspond à aucun examen publié par cet établissement : les images ont pu être remplacées ou retirées.',
  },
  patientAccess: {
    code: 'viewer.patient-access',
    status: 403,
    caller: 'Patient access is not open.',
    operator: 'A patient followed a source viewer link; this access is not open on this gateway.',
    screen: "L'accès direct du patient à ses images n'est pas encore ouvert.",
  },
});
