import { z } from 'zod';
import { defineSlice, proveReadableFile, proveWritableFolder, text, variable } from '../config';

export const persistenceConfig = defineSlice(
  'persistence',
  {
    dataDir: variable('DRIMBOX_DATA_DIR', text.path().default('./data'), {
      describe:
        'Folder of everything the gateway keeps on disk: embedded database, white list, revocation lists, caches',
    }),
    databaseUrl: variable(
      'DRIMBOX_DATABASE_URL',
      z.union([z.literal('embedded'), text.url('postgres:', 'postgresql:')]).optional(),
      {
        describe:
          'PostgreSQL to use, or the word embedded: a database below the data folder, for one gateway process only',
        example: 'postgres://drimbox@127.0.0.1:5432/drimbox',
        refusedInProduction: (value) =>
          value === undefined ? 'name a PostgreSQL, or say "embedded" on purpose' : undefined,
      },
    ),
    databasePasswordFile: variable('DRIMBOX_DATABASE_PASSWORD_FILE', text.path().optional(), {
      describe: 'File that holds the password of the database user, when the address does not carry it',
    }),
    databaseCaFile: variable('DRIMBOX_DATABASE_CA_FILE', text.path().optional(), {
      describe: 'Authorities (PEM) of the PostgreSQL server; given, the connection must be encrypted',
    }),
    poolSize: variable('DRIMBOX_DATABASE_POOL_SIZE', text.integer(2, 100).default(10), {
      describe: 'Connections to PostgreSQL (the embedded database always has one)',
    }),
  },
  {
    prove: async (values) => [
      ...(await proveWritableFolder('DRIMBOX_DATA_DIR', values.dataDir)),
      ...(values.databasePasswordFile
        ? await proveReadableFile('DRIMBOX_DATABASE_PASSWORD_FILE', values.databasePasswordFile)
        : []),
      ...(values.databaseCaFile ? await proveReadableFile('DRIMBOX_DATABASE_CA_FILE', values.databaseCaFile) : []),
    ],
  },
);

export const modeConfig = defineSlice('mode', {
  mode: variable('DRIMBOX_MODE', z.enum(['production', 'sandbox']).default('production'), {
    describe: 'production refuses every setting that is fit for a sandbox only',
  }),
  logLevel: variable('DRIMBOX_LOG_LEVEL', z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info'), {
    describe: 'Least severe level that is logged',
  }),
});
