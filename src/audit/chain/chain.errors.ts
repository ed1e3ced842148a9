import { defineErrors } from '../../platform/errors';

export const chainErrors = defineErrors('audit', {
  notWhole: {
    code: 'audit.not-whole',
    status: 500,
    caller: 'The audit trail needs an administrator.',
    operator:
      'Lines of the audit trail to be archived do not agree with their chain: nothing was removed. Run `drimbox audit verify`.',
  },
});
