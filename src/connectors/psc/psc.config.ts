import { z } from 'zod';
import { defineSlice, text, variable } from '../../platform/config';
import { materialVariables, proveMaterialVariables } from '../../platform/pki';

export const pscConfig = defineSlice(
  'psc',
  {
    issuer: variable('DRIMBOX_PSC_ISSUER', text.url('https:'), {
      describe: 'Issuer of Pro Santé Connect; its discovery document is below it',
      example: 'https://auth.esw.esante.gouv.fr/auth/realms/esante-wallet',
    }),
    clientId: variable('DRIMBOX_PSC_CLIENT_ID', z.string().min(1).max(200), {
      describe: 'Client identifier given by the ANS (Datapass); CN of the ORG_AUTH_CLI certificate',
    }),
    ...materialVariables('DRIMBOX_PSC', 'Pro Santé Connect (ORG_AUTH_CLI)'),
    scope: variable('DRIMBOX_PSC_SCOPE', z.string().min(1).max(500).default('openid scope_all'), {
      describe: 'Scopes asked at login',
    }),
    acr: variable('DRIMBOX_PSC_ACR', z.string().min(1).max(50).default('eidas1'), {
      describe: 'Level of authentication asked at login (acr_values) and required in the answer',
    }),
    timeoutMs: variable('DRIMBOX_PSC_TIMEOUT_MS', text.integer(500, 60_000).default(5_000), {
      describe: 'Time for one call to Pro Santé Connect',
      unit: 'ms',
    }),
    cacheMs: variable('DRIMBOX_PSC_INTROSPECTION_CACHE_MS', text.integer(0, 60_000).default(15_000), {
      describe: 'How long the answer about one token is believed without asking again; never beyond its end',
      unit: 'ms',
    }),
    cacheEntriesMax: variable('DRIMBOX_PSC_INTROSPECTION_CACHE_SIZE', text.integer(1, 100_000).default(5_000), {
      describe: 'Tokens remembered at once',
    }),
    allowedClients: variable('DRIMBOX_PSC_ALLOWED_CLIENTS', text.list().default([]), {
      describe:
        'Client identifiers (azp) whose tokens the source accepts, comma; empty accepts every gateway known to Pro Santé Connect',
    }),
    allowedAudiences: variable('DRIMBOX_PSC_ALLOWED_AUDIENCES', text.list().default([]), {
      describe:
        'When given, a token must name one of these audiences; one that names none is refused. Leave it empty as long as Pro Santé Connect tells no audience (its documentation lists none): limit the clients instead',
    }),
    tokenBinding: variable(
      'DRIMBOX_PSC_TOKEN_BINDING',
      z.enum(['ignored', 'when-named', 'required']).default('ignored'),
      {
        describe:
          'Whether the certificate that a token is bound to (cnf, RFC 8705) must be the one by which the calling gateway connects: never, when the token names one, or always (a token without one is then refused). Tokens are bound to the certificate used towards Pro Santé Connect: compare only where gateways use the same one for exchanges',
      },
    ),
  },
  { prove: (values) => proveMaterialVariables('DRIMBOX_PSC', values, 'client') },
);
