import { z } from 'zod';
import { defineSlice, text, variable } from '../../platform/config';

export const transferConfig = defineSlice('transfer', {
  pacsId: variable(
    'DRIMBOX_TRANSFER_PACS',
    z
      .string()
      .regex(/^[a-z0-9][a-z0-9-]{0,31}$/)
      .optional(),
    {
      describe: 'Name of the PACS (DRIMBOX_PACS) that receives imported images; without it the first one',
    },
  ),
  parallel: variable('DRIMBOX_TRANSFER_PARALLEL', text.integer(1, 32).default(4), {
    describe: 'Imports under way at once; others wait for their turn',
  }),
});
