import { defineErrors } from '../../platform/errors';

export const pscErrors = defineErrors('psc', {
  tokenMissing: {
    code: 'psc.token-missing',
    status: 401,
    caller: 'A Pro Santé Connect access token is required.',
    operator: 'A peer called without a bearer token, or with one that is not of the bearer form.',
  },
  tokenInactive: {
    code: 'psc.token-inactive',
    status: 401,
    caller: 'The access token is not active.',
    operator: 'Pro Santé Connect says that the token is not active, or its dates say so.',
    screen: 'Votre session Pro Santé Connect est terminée. Reconnectez-vous.',
  },
  tokenForeign: {
    code: 'psc.token-foreign',
    status: 401,
    caller: 'The access token was not issued for this use.',
    operator: 'The issuer, the audience or the client of the token is not among those allowed; the detail names which.',
  },
  unreachable: {
    code: 'psc.unreachable',
    status: 503,
    caller: 'Pro Santé Connect does not answer.',
    operator: 'Pro Santé Connect could not be reached, answered too late or with a server error.',
    screen: 'Pro Santé Connect ne répond pas. Réessayez dans quelques instants.',
    retryAfterSeconds: 5,
  },
  refusedUs: {
    code: 'psc.refused-us',
    status: 502,
    caller: 'Pro Santé Connect refuses this gateway.',
    operator:
      'Pro Santé Connect refused our client identifier or client certificate (ORG_AUTH_CLI), or its answer was not valid.',
    screen: 'La connexion à Pro Santé Connect est mal configurée. Prévenez votre support.',
    retryAfterSeconds: 60,
  },
  loginRefused: {
    code: 'psc.login-refused',
    status: 401,
    caller: 'The login at Pro Santé Connect did not succeed.',
    operator:
      'Pro Santé Connect sent the browser back with an error, or its answer failed a check (state, nonce, signature, level).',
    screen: 'La connexion par Pro Santé Connect n’a pas abouti. Recommencez.',
  },
  loginExpired: {
    code: 'psc.login-expired',
    status: 400,
    caller: 'This login attempt is unknown or too old.',
    operator: 'A browser came back from Pro Santé Connect without a login attempt of its own, or too late.',
    screen: 'Cette tentative de connexion a expiré. Recommencez.',
  },
  sessionEnded: {
    code: 'psc.session-ended',
    status: 401,
    caller: 'The Pro Santé Connect session has ended.',
    operator: 'The access token could not be renewed: the session ended at Pro Santé Connect.',
    screen: 'Votre session Pro Santé Connect est terminée. Reconnectez-vous.',
  },
  logoutTokenInvalid: {
    code: 'psc.logout-token-invalid',
    status: 400,
    caller: 'The logout token is not valid.',
    operator: 'A back-channel logout call carried a token that failed a check.',
  },
});
