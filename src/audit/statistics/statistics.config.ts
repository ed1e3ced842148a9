import { defineSlice, text, variable } from '../../platform/config';
import { ModelError, readModel } from './model';

export const statisticsConfig = defineSlice(
  'statistics',
  {
    model: variable('DRIMBOX_STATISTICS_MODEL', text.path().default('national'), {
      describe:
        'Columns of statistics files: national (what is known of ModelStat), detail, or the path of a JSON file (docs/statistics.md)',
    }),
  },
  {
    prove: ({ model }) =>
      readModel(model).then(
        () => [],
        (error: unknown) => [
          {
            variable: 'DRIMBOX_STATISTICS_MODEL',
            code: 'invalid',
            // The sentence of the fault, without the path.
            message: error instanceof ModelError ? error.message.replace(model, 'given') : 'cannot be read',
          },
        ],
      ),
  },
);
