import { defineSlice, text, variable } from '../../platform/config';
import { InsNature, insNatures } from '../../standards/identity';

const names = Object.keys(insNatures);

export const intakeConfig = defineSlice('intake', {
  insNatures: variable(
    'DRIMBOX_INTAKE_INS_NATURES',
    text
      .list()
      .refine(
        (list) => list.length > 0 && list.every((name) => names.includes(name)),
        `words among ${names.join(', ')}`,
      )
      .transform((list) => list as InsNature[])
      .prefault('nir,nia'),
    {
      describe: 'Natures of INS that may be published: nir, nia, and for invented people nirTest, nirDemo',
      refusedInProduction: (value) =>
        (value as InsNature[]).some((name) => name === 'nirTest' || name === 'nirDemo')
          ? 'the INS of invented people may be published'
          : undefined,
    },
  ),
  processingIds: variable(
    'DRIMBOX_INTAKE_PROCESSING_IDS',
    text
      .list()
      .refine((list) => list.every((id) => ['P', 'T', 'D'].includes(id)), 'letters among P, T, D')
      .prefault('P'),
    {
      describe: 'Values of MSH-11 that are taken (P production, T training, D debugging)',
      refusedInProduction: (value) =>
        (value as string[]).some((id) => id !== 'P') ? 'messages of training or debugging are published' : undefined,
    },
  ),
  retentionDays: variable('DRIMBOX_INTAKE_RETENTION_DAYS', text.integer(1, 3_650).default(90), {
    describe: 'Time for which the bytes of received messages are kept; what was decided and answered stays',
    unit: 'days',
  }),
  storeMsMax: variable('DRIMBOX_INTAKE_STORE_MS_MAX', text.integer(100, 600_000).default(20_000), {
    describe: 'Time for storing a message; beyond, its sender is told to send it again later (AR)',
    unit: 'ms',
  }),
});
