import { z } from 'zod';
import { defineSlice, proveReadableFile, text, variable } from '../../platform/config';

const roles = z.array(z.enum(['operator', 'auditor', 'administrator']));

/** The hospital's own OpenID provider, for operators, auditors and administrators. Absent unless an issuer is given. */
export const hospitalOidcConfig = defineSlice(
  'hospital-oidc',
  {
    issuer: variable('DRIMBOX_OIDC_ISSUER', text.url('https:').optional(), {
      describe: 'Issuer of an OpenID provider by which administrators may log in (Keycloak, ADFS, Entra ID…)',
    }),
    clientId: variable('DRIMBOX_OIDC_CLIENT_ID', z.string().min(1).max(200).optional(), {
      describe: 'Client identifier of the gateway at that provider',
    }),
    clientSecretFile: variable('DRIMBOX_OIDC_CLIENT_SECRET_FILE', text.path().optional(), {
      describe: 'File with the client secret',
    }),
    caFile: variable('DRIMBOX_OIDC_CA_FILE', text.path().optional(), {
      describe: "Authorities (PEM) of the provider's server, when it is not a public one",
    }),
    label: variable('DRIMBOX_OIDC_LABEL', z.string().min(1).max(60).default("Compte de l'établissement"), {
      describe: 'What the link on the first page says',
    }),
    scope: variable('DRIMBOX_OIDC_SCOPE', z.string().min(1).max(300).default('openid profile'), {
      describe: 'Scopes asked',
    }),
    rolesClaim: variable('DRIMBOX_OIDC_ROLES_CLAIM', z.string().min(1).max(100).default('roles'), {
      describe: 'Claim of the ID token with groups or roles; dots go into objects (realm_access.roles)',
    }),
    rolesByValue: variable('DRIMBOX_OIDC_ROLES', text.json(z.record(z.string().min(1).max(200), roles)).default({}), {
      describe: 'Roles by value of that claim, as JSON: {"drimbox-ops": ["operator"]}',
      example: '{}',
    }),
    rolesByUser: variable('DRIMBOX_OIDC_USERS', text.json(z.record(z.string().min(1).max(200), roles)).default({}), {
      describe: 'Roles by subject or preferred_username, as JSON: {"jdupont": ["administrator"]}',
      example: '{}',
    }),
  },
  {
    check: (values) =>
      values.issuer && (!values.clientId || !values.clientSecretFile)
        ? [
            {
              variable: values.clientId ? 'DRIMBOX_OIDC_CLIENT_SECRET_FILE' : 'DRIMBOX_OIDC_CLIENT_ID',
              code: 'missing',
              message: 'the OpenID provider needs a client identifier and its secret',
            },
          ]
        : [],
    prove: async (values) => {
      const files: [string, string | undefined][] = [
        ['DRIMBOX_OIDC_CLIENT_SECRET_FILE', values.clientSecretFile],
        ['DRIMBOX_OIDC_CA_FILE', values.caFile],
      ];
      const found = await Promise.all(
        files.map(([name, file]) => (file ? proveReadableFile(name, file) : Promise.resolve([]))),
      );
      return found.flat();
    },
  },
);
