import { defineErrors } from '../../platform/errors';

export const peerErrors = defineErrors('peer', {
  addressInvalid: {
    code: 'peer.address-invalid',
    status: 502,
    caller: 'The address of the images cannot be used.',
    operator: 'A manifest gives a RetrieveURL that is not an https address of its series; nothing was sent.',
    screen: "L'adresse des images indiquée par l'établissement d'origine est inutilisable.",
  },
  unlisted: {
    code: 'peer.unlisted',
    status: 502,
    caller: 'The gateway that holds the images is not in the white list.',
    operator:
      'A manifest names a host that the white list in force does not hold; no token and no identity was sent to it.',
    screen:
      "L'établissement d'origine ne figure pas sur la liste blanche nationale : ses images ne sont pas demandées.",
  },
  unreachable: {
    code: 'peer.unreachable',
    status: 502,
    caller: 'The gateway that holds the images cannot be reached.',
    operator: 'No connection to another gateway (name, network, or its TLS certificate); the cause tells which.',
    screen: "L'établissement d'origine est injoignable pour le moment.",
    retryAfterSeconds: 30,
  },
  certificateRefused: {
    code: 'peer.certificate-refused',
    status: 502,
    caller: 'The gateway that holds the images does not prove who it is.',
    operator: 'The certificate of another gateway is revoked, expired, of another authority or of another host.',
    screen: "Le certificat de l'établissement d'origine est refusé : ses images ne sont pas demandées.",
  },
  suspended: {
    code: 'peer.suspended',
    status: 503,
    caller: 'The gateway that holds the images failed several times and is left alone for a while.',
    operator: 'Requests to this gateway are suspended after repeated failures; they start again by themselves.',
    screen: "L'établissement d'origine ne répond pas : réessayez dans un instant.",
    retryAfterSeconds: 30,
  },
  tooSlow: {
    code: 'peer.too-slow',
    status: 504,
    caller: 'The gateway that holds the images is too slow.',
    operator: 'Another gateway sent nothing for longer than DRIMBOX_PEER_SILENCE_MS, or took too long as a whole.',
    screen: "L'établissement d'origine met trop de temps à répondre.",
    retryAfterSeconds: 5,
  },
  cut: {
    code: 'peer.cut',
    status: 502,
    caller: 'The transfer of the images was cut.',
    operator: 'The answer of another gateway ended before its end; what had arrived whole is kept.',
    screen: "Le transfert depuis l'établissement d'origine a été interrompu.",
    retryAfterSeconds: 2,
  },
  redirected: {
    code: 'peer.redirected',
    status: 502,
    caller: 'The gateway that holds the images sends elsewhere.',
    operator: 'Another gateway answered with a redirection, which is never followed.',
    screen: "L'établissement d'origine renvoie vers une autre adresse : elle n'est pas suivie.",
  },
  tokenRefused: {
    code: 'peer.token-refused',
    status: 502,
    caller: 'The gateway that holds the images refuses the session of the professional.',
    operator: 'Another gateway answered 401 to a fresh Pro Santé Connect token.',
    screen:
      "L'établissement d'origine refuse votre session Pro Santé Connect : reconnectez-vous puis rouvrez l'examen.",
  },
  notAdmitted: {
    code: 'peer.not-admitted',
    status: 502,
    caller: 'The gateway that holds the images does not admit this gateway.',
    operator: 'Another gateway answered 403: it does not find our certificate in its white list.',
    screen: "L'établissement d'origine n'admet pas notre passerelle.",
  },
  notFound: {
    code: 'peer.not-found',
    status: 502,
    caller: 'The gateway that holds the images does not know them under this manifest.',
    operator:
      'Another gateway answered 404: the manifest was replaced or withdrawn there, or does not list this object.',
    screen:
      "L'établissement d'origine ne connaît plus ces images sous cette référence : actualisez la liste des examens.",
  },
  gone: {
    code: 'peer.gone',
    status: 502,
    caller: 'The images are no longer at the gateway that published them.',
    operator: 'Another gateway answered 410: the object is in its manifest and no longer in its PACS.',
    screen: "Ces images ne sont plus disponibles dans l'établissement d'origine.",
  },
  refused: {
    code: 'peer.refused',
    status: 502,
    caller: 'The gateway that holds the images refuses the request.',
    operator: 'Another gateway answered with a 4xx status (400, 406…); the detail gives it.',
    screen: "L'établissement d'origine refuse la demande.",
  },
  busy: {
    code: 'peer.busy',
    status: 503,
    caller: 'The gateway that holds the images is busy.',
    operator: 'Another gateway answered 429 or 503.',
    screen: "L'établissement d'origine est trop sollicité : réessayez dans un instant.",
    retryAfterSeconds: 5,
  },
  failed: {
    code: 'peer.failed',
    status: 502,
    caller: 'The gateway that holds the images failed.',
    operator: 'Another gateway answered with a 5xx status; the detail gives it.',
    screen: "L'établissement d'origine n'a pas pu répondre.",
    retryAfterSeconds: 5,
  },
  malformed: {
    code: 'peer.malformed',
    status: 502,
    caller: 'The gateway that holds the images answers with something unreadable.',
    operator:
      'The answer of another gateway is no multipart/related of DICOM objects, or goes over a limit; the detail says why.',
    screen: "L'établissement d'origine a donné une réponse illisible.",
  },
  notConfigured: {
    code: 'peer.not-configured',
    status: 503,
    caller: 'This gateway may not ask other gateways.',
    operator: 'No client certificate is configured towards other gateways (DRIMBOX_PEER_CERT_FILE).',
    screen: "Cette passerelle n'est pas configurée pour demander des images à d'autres établissements.",
  },
  noCertificate: {
    code: 'peer.no-certificate',
    status: 503,
    caller: 'This gateway may not ask other gateways in the name of this structure.',
    operator:
      'DRIMBOX_PEER_STRUCTURES names no certificate for the structure of the professional, and DRIMBOX_PEER_CERT_FILE gives none for the others; nothing was sent.',
    screen:
      "Cette passerelle n'a pas de certificat au nom de votre structure pour demander des images à d'autres établissements.",
  },
});
