import { defineErrors } from '../../platform/errors';

export const dmpErrors = defineErrors('dmp', {
  notConfigured: {
    code: 'dmp.not-configured',
    status: 503,
    caller: 'The national record is not connected here.',
    operator: 'DRIMBOX_DMP_URL and DRIMBOX_DMP_STRUCTURES are not set.',
    screen: 'Le DMP n’est pas raccordé sur cette installation.',
  },
  unknownStructure: {
    code: 'dmp.unknown-structure',
    status: 422,
    caller: 'The structure is not known to this gateway.',
    operator: 'No structure of DRIMBOX_DMP_STRUCTURES has this identifier or alias, and none is the fallback.',
    screen: 'Votre structure n’est pas connue de cette DRIMbox.',
  },
  callerRefused: {
    code: 'dmp.caller-refused',
    status: 422,
    caller: 'The access cannot be described to the national record.',
    operator:
      'The VIHF cannot be written from the professional, the structure or the patient given; the detail says which part.',
    screen: 'Votre identité professionnelle est incomplète : le DMP ne peut pas être interrogé.',
  },
  refused: {
    code: 'dmp.refused',
    status: 502,
    caller: 'The national record refused the request.',
    operator: 'The DMP refused for good; the registry code tells why. Correct the cause, then retry.',
    screen: 'Le DMP a refusé la demande.',
  },
  unavailable: {
    code: 'dmp.unavailable',
    status: 503,
    caller: 'The national record does not answer now.',
    operator: 'The DMP could not be reached, was busy or too slow. It is tried again.',
    screen: 'Le DMP ne répond pas pour le moment. Réessayez dans quelques instants.',
    retryAfterSeconds: 60,
  },
  malformed: {
    code: 'dmp.malformed-answer',
    status: 502,
    caller: 'The national record gave an answer that cannot be read.',
    operator: 'The answer of the DMP is not the one of the transaction; the detail says what was wrong.',
    screen: 'La réponse du DMP est illisible.',
  },
  partial: {
    code: 'dmp.partial',
    status: 502,
    caller: 'The national record did a part of the request only.',
    operator: 'The DMP answered PartialSuccess; the registry code tells what was left out.',
    screen: 'Le DMP n’a répondu que partiellement.',
  },
  documentDamaged: {
    code: 'dmp.document-damaged',
    status: 502,
    caller: 'A document of the national record is damaged.',
    operator: 'The document received does not have the hash or the size of its entry.',
    screen: 'Le document reçu du DMP est endommagé.',
  },
});
