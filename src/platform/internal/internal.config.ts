import { defineSlice, text, variable } from '../config';

export const internalConfig = defineSlice(
  'internal',
  {
    host: variable('DRIMBOX_INTERNAL_HOST', text.host().default('127.0.0.1'), {
      describe: 'Address of the internal listener (health, metrics): loopback unless a monitoring network needs it',
    }),
    port: variable('DRIMBOX_INTERNAL_PORT', text.port().default(8449), {
      describe: 'Port of the internal listener',
    }),
  },
  { listens: ({ host, port }) => [{ variable: 'DRIMBOX_INTERNAL_PORT', host, port }] },
);
