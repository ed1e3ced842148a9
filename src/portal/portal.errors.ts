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
  situationRequired: {
    code: 'portal.situation-required',
    status: 409,
    caller: 'A work situation must be chosen first.',
    operator: 'A page that acts for a structure was asked for before a work situation was chosen.',
    screen: "Choisissez d'abord votre situation d'exercice.",
  },
  situationUnknown: {
    code: 'portal.situation-unknown',
    status: 400,
    caller: 'This is none of your work situations.',
    operator: 'A browser named a structure that Pro Santé Connect does not give to the professional.',
    screen: "Cette situation d'exercice n'est pas la vôtre.",
  },
});
