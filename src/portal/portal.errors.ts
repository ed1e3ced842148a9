import { defineErrors } from '../platform/errors';

export const portalErrors = defineErrors('portal', {
  loginRequired: {
    code: 'portal.login-required',
    status: 401,
    caller: 'You must log in first.',
    operator: 'A page that needs a login was asked for without a session.',
    screen: 'Connectez-vous pour continuer.',
  },
  csrfInvalid: {
    code: 'portal.csrf-invalid',
    status: 403,
    caller: 'The form is no longer valid.',
    operator: 'A form arrived without a valid anti-forgery mark: an old tab, or another site trying to act.',
    screen: "Ce formulaire n'est plus valable : rechargez la page et recommencez.",
  },
});
