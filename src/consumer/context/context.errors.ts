import { defineErrors } from '../../platform/errors';

export const contextErrors = defineErrors('context', {
  callRefused: {
    code: 'context.call-refused',
    status: 400,
    caller: 'The contextual call is not acceptable.',
    operator: 'A contextual call had a missing, empty, repeated, unknown or invalid parameter; the detail names it.',
    screen: 'L’appel contextuel n’est pas valable : le logiciel appelant doit être corrigé.',
  },
  callerForbidden: {
    code: 'context.caller-forbidden',
    status: 403,
    caller: 'This caller may not open a patient here.',
    operator:
      'A contextual call came from an origin or an address outside DRIMBOX_CALL_ORIGINS and DRIMBOX_CALL_ADDRESSES.',
    screen: 'Ce logiciel n’est pas autorisé à ouvrir un dossier ici.',
  },
  addressSpent: {
    code: 'context.address-spent',
    status: 410,
    caller: 'This address has been used or is too old.',
    operator: 'The address of a contextual call was opened twice, too late, or in another browser than the first time.',
    screen: 'Ce lien a déjà servi ou a expiré. Relancez la consultation depuis votre logiciel.',
  },
  notOpen: {
    code: 'context.not-open',
    status: 404,
    caller: 'This patient is not open in this session.',
    operator: 'A page of a patient was asked for by another session than the one that opened it, or after its end.',
    screen: 'Ce dossier n’est pas ouvert dans votre session. Relancez la consultation depuis votre logiciel.',
  },
});
