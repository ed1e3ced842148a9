import { hostname } from 'node:os';
import { z } from 'zod';
import { ConfigFault, ConfigOf, defineSlice, text, variable } from '../../platform/config';
import { materialVariables, proveMaterialVariables } from '../../platform/pki';

const field = (lengthMax: number) =>
  z
    .string()
    .min(1)
    .max(lengthMax)
    .regex(/^[\x21-\x7e]+$/, 'printable ASCII without spaces');

export const atnaConfig = defineSlice(
  'atna',
  {
    enabled: variable('DRIMBOX_ATNA_ENABLED', text.flag(false), {
      describe: 'Sends every event of the audit trail to an audit record repository (IHE ATNA: syslog over TLS)',
    }),
    host: variable('DRIMBOX_ATNA_HOST', text.host().optional(), {
      describe: 'Host of the audit record repository; its certificate must cover this name',
    }),
    port: variable('DRIMBOX_ATNA_PORT', text.port().default(6514), {
      describe: 'Port of the audit record repository',
    }),
    ...materialVariables('DRIMBOX_ATNA', 'the audit record repository'),
    sourceId: variable('DRIMBOX_ATNA_SOURCE_ID', z.string().min(1).max(100).default('DRIMbox'), {
      describe: 'Name of this gateway in audit messages (AuditSourceID)',
    }),
    enterpriseSiteId: variable('DRIMBOX_ATNA_SITE_ID', z.string().min(1).max(100).optional(), {
      describe: 'Site of this gateway in audit messages (AuditEnterpriseSiteID), for example the FINESS number',
    }),
    hostName: variable('DRIMBOX_ATNA_HOST_NAME', field(255).optional(), {
      describe: 'Host name told in syslog headers and access points, when it is not that of the system',
    }),
    appName: variable('DRIMBOX_ATNA_APP_NAME', field(48).default('drimbox'), {
      describe: 'APP-NAME of the syslog header',
    }),
    msgId: variable('DRIMBOX_ATNA_MSG_ID', field(32).default('IHE+RFC-3881'), {
      describe: 'MSGID of the syslog header: IHE+RFC-3881 (ITI-20), or DICOM+RFC3881 if the repository sorts by it',
    }),
    confirmation: variable('DRIMBOX_ATNA_CONFIRMATION', z.enum(['close', 'none']).default('close'), {
      describe:
        'close counts messages as received once the repository has read them to the end of the connection; none keeps one connection and may lose what is under way when the repository falls',
    }),
    pollMs: variable('DRIMBOX_ATNA_POLL_MS', text.integer(100, 60_000).default(2_000), {
      describe: 'How often the trail is looked at for new events',
      unit: 'ms',
    }),
    timeoutMs: variable('DRIMBOX_ATNA_TIMEOUT_MS', text.integer(500, 60_000).default(10_000), {
      describe: 'Time for the connection, and for the repository to take what is sent',
      unit: 'ms',
    }),
    warnAfterMs: variable(
      'DRIMBOX_ATNA_WARN_MINUTES',
      text
        .integer(1, 10_080)
        .default(15)
        .transform((minutes) => minutes * 60_000),
      { describe: 'Age of the oldest event not sent after which health warns', unit: 'minutes' },
    ),
  },
  {
    check: (values) => {
      const isMissing = values.enabled && values.host === undefined;
      const message = 'name the host of the audit record repository';
      return isMissing ? [{ variable: 'DRIMBOX_ATNA_HOST', code: 'missing', message }] : [];
    },
    prove: async (values): Promise<ConfigFault[]> =>
      values.enabled ? proveMaterialVariables('DRIMBOX_ATNA', values, 'client') : [],
  },
);

export type AtnaConfig = ConfigOf<typeof atnaConfig>;

/** The name that this machine goes by towards the repository. */
export const hostNameOf = (config: Pick<AtnaConfig, 'hostName'>): string => config.hostName ?? hostname();
