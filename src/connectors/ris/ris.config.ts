import { z } from 'zod';
import { ConfigFault, defineSlice, text, variable } from '../../platform/config';
import { materialVariables, proveMaterialVariables } from '../../platform/pki';
import { sendersSchema } from './senders';

const loopback = /^(127\.|::1$|localhost$)/;

export const risConfig = defineSlice(
  'ris',
  {
    enabled: variable('DRIMBOX_HL7_ENABLED', text.flag(false), {
      describe: 'Opens the HL7 listeners, by which the RIS sends its reports',
    }),
    host: variable('DRIMBOX_HL7_HOST', text.host().default('127.0.0.1'), {
      describe: 'Address the HL7 listeners bind (0.0.0.0 for all)',
    }),
    port: variable('DRIMBOX_HL7_PORT', text.port().default(8442), {
      describe: 'Port of MLLP in clear text (0: any free port)',
    }),
    clearText: variable('DRIMBOX_HL7_CLEAR_TEXT', z.enum(['off', 'loopback', 'network']).default('loopback'), {
      describe:
        'Where MLLP in clear text may listen: nowhere, on this machine only, or on a network trusted by the hospital',
    }),
    tlsPort: variable('DRIMBOX_HL7_TLS_PORT', text.port().default(8443), {
      describe: 'Port of MLLP over TLS; open when its certificate is given',
    }),
    ...materialVariables('DRIMBOX_HL7_TLS', 'the RIS (MLLP over TLS)'),
    clientCertificate: variable(
      'DRIMBOX_HL7_TLS_CLIENT_CERTIFICATE',
      z.enum(['required', 'none']).default('required'),
      {
        describe: 'Whether senders must show a certificate of these authorities',
      },
    ),
    senders: variable('DRIMBOX_HL7_SENDERS', text.json(sendersSchema).prefault('[]'), {
      describe:
        'Senders allowed by MSH-3 and MSH-4 with their departures from the profile (JSON); empty: all, without departure',
      example: '[{"application":"RIS","facility":"*","overrides":{"assumeIdentityValidated":true}}]',
    }),
    messageBytesMax: variable('DRIMBOX_HL7_MESSAGE_BYTES_MAX', text.integer(65_536, 104_857_600).default(20_971_520), {
      describe: 'Largest accepted message',
      unit: 'bytes',
    }),
    heldBytesMax: variable('DRIMBOX_HL7_HELD_BYTES_MAX', text.integer(1_048_576, 2_147_483_647).default(268_435_456), {
      describe: 'Bytes of messages held in memory, all connections together',
      unit: 'bytes',
    }),
    connectionsMax: variable('DRIMBOX_HL7_CONNECTIONS_MAX', text.integer(1, 1_000).default(50), {
      describe: 'Connections open at once on each HL7 port; the next ones are closed',
    }),
    idleMsMax: variable('DRIMBOX_HL7_IDLE_MS_MAX', text.integer(1_000, 86_400_000).default(3_600_000), {
      describe: 'A connection on which nothing comes for this long is closed',
      unit: 'ms',
    }),
    messageMsMax: variable('DRIMBOX_HL7_MESSAGE_MS_MAX', text.integer(1_000, 3_600_000).default(120_000), {
      describe: 'Longest time between the first and the last byte of a message',
      unit: 'ms',
    }),
  },
  {
    check: (values) => {
      const faults: ConfigFault[] = [];
      if (values.enabled && values.clearText === 'loopback' && !loopback.test(values.host) && !opensTls(values)) {
        faults.push({
          variable: 'DRIMBOX_HL7_CLEAR_TEXT',
          code: 'clear-text',
          message: 'MLLP in clear text on a network must be asked for (network), or TLS be configured',
        });
      }
      return faults;
    },
    prove: async (values) =>
      values.enabled && opensTls(values) ? proveMaterialVariables('DRIMBOX_HL7_TLS', values, 'server') : [],
    listens: (values) => {
      if (!values.enabled) return [];
      const { host, port, tlsPort } = values;
      return [
        ...(opensClearText(values) ? [{ variable: 'DRIMBOX_HL7_PORT', host, port }] : []),
        ...(opensTls(values) ? [{ variable: 'DRIMBOX_HL7_TLS_PORT', host, port: tlsPort }] : []),
      ];
    },
  },
);

/** Whether MLLP in clear text may be opened on that address. */
export function opensClearText(values: { clearText: 'off' | 'loopback' | 'network'; host: string }): boolean {
  return values.clearText === 'network' || (values.clearText === 'loopback' && loopback.test(values.host));
}

/** Whether a key and certificate are given for MLLP over TLS. */
export function opensTls(values: { certificateFile?: string; pkcs12File?: string }): boolean {
  return values.certificateFile !== undefined || values.pkcs12File !== undefined;
}
