import { defineSlice, text, variable } from '../../platform/config';
import { materialVariables, proveMaterialVariables } from '../../platform/pki';

export const servingConfig = defineSlice(
  'serving',
  {
    enabled: variable('DRIMBOX_EXCHANGE_ENABLED', text.flag(false), {
      describe: 'Opens the exchange listener, by which other gateways fetch images',
    }),
    ...materialVariables('DRIMBOX_EXCHANGE', 'other gateways'),
    host: variable('DRIMBOX_EXCHANGE_HOST', text.host().default('127.0.0.1'), {
      describe: 'Address the exchange listener binds (0.0.0.0 for all)',
    }),
    port: variable('DRIMBOX_EXCHANGE_PORT', text.port().default(8441), { describe: 'Port of the exchange listener' }),
    basePath: variable(
      'DRIMBOX_EXCHANGE_BASE_PATH',
      text
        .path()
        .regex(/^(\/[A-Za-z0-9._~-]+)*$/)
        .default('/drimbox/rs'),
      {
        describe: 'Path before /studies; a GET of it is the healthcheck',
      },
    ),
    requestsMax: variable('DRIMBOX_EXCHANGE_REQUESTS_MAX', text.integer(1, 10_000).default(300), {
      describe: 'Requests under way at once, all peers together; the next ones get 503',
    }),
    requestsPerPeerMax: variable('DRIMBOX_EXCHANGE_REQUESTS_PER_PEER_MAX', text.integer(1, 10_000).default(250), {
      describe: 'Requests under way at once for one peer; the next ones get 429',
    }),
    connectionsMax: variable('DRIMBOX_EXCHANGE_CONNECTIONS_MAX', text.integer(1, 100_000).default(1_000), {
      describe: 'Connections open at once; the next ones are closed',
    }),
    stallMsMax: variable('DRIMBOX_EXCHANGE_STALL_MS_MAX', text.integer(1_000, 3_600_000).default(120_000), {
      describe: 'A caller that takes no byte for this long is disconnected',
      unit: 'ms',
    }),
    readBytesPerSecondMin: variable(
      'DRIMBOX_EXCHANGE_READ_BYTES_PER_SECOND_MIN',
      text.integer(0, 1_000_000_000).default(16_384),
      {
        describe:
          'A caller that takes fewer bytes a second while images wait for it, on average over DRIMBOX_EXCHANGE_STALL_MS_MAX, ' +
          'is disconnected; 0 for no limit',
        unit: 'bytes/s',
      },
    ),
    objectBytesMax: variable(
      'DRIMBOX_SERVING_OBJECT_BYTES_MAX',
      text.integer(1_048_576, 2_147_483_647).default(536_870_912),
      {
        describe: 'Largest object held in memory for a conversion or for its frames',
        unit: 'bytes',
      },
    ),
  },
  {
    prove: async (values) => (values.enabled ? proveMaterialVariables('DRIMBOX_EXCHANGE', values, 'server') : []),
    listens: ({ enabled, host, port }) => (enabled ? [{ variable: 'DRIMBOX_EXCHANGE_PORT', host, port }] : []),
  },
);
