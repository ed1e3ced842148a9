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
  oidcAbsent: {
    code: 'portal.oidc-absent',
    status: 404,
    caller: 'There is no such login here.',
    operator: 'Somebody asked for the login by the hospital’s OpenID provider, which is not configured.',
    screen: "Ce mode de connexion n'existe pas ici.",
  },
  oidcUnreachable: {
    code: 'portal.oidc-unreachable',
    status: 503,
    caller: 'The OpenID provider does not answer.',
    operator: 'The hospital’s OpenID provider could not be reached or its discovery document is not valid.',
    screen: "Le service de connexion de l'établissement ne répond pas. Réessayez dans quelques instants.",
    retryAfterSeconds: 5,
  },
  oidcExpired: {
    code: 'portal.oidc-expired',
    status: 400,
    caller: 'This login attempt is unknown or too old.',
    operator: 'A browser came back from the OpenID provider without a login attempt of its own, or too late.',
    screen: 'Cette tentative de connexion a expiré. Recommencez.',
  },
  oidcRefused: {
    code: 'portal.oidc-refused',
    status: 401,
    caller: 'The login did not succeed.',
    operator: 'The OpenID provider sent the browser back with an error, or its answer failed a check.',
    screen: "La connexion n'a pas abouti. Recommencez.",
  },
  noRole: {
    code: 'portal.no-role',
    status: 403,
    caller: 'This account has no role here.',
    operator: 'Somebody logged in by the OpenID provider, but neither the list nor the claim gives a role.',
    screen: "Ce compte n'a aucun rôle dans la DRIMbox. Demandez-en un à votre administrateur.",
  },
});
