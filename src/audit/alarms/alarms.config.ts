import { z } from 'zod';
import { defineSlice, text, variable } from '../../platform/config';

const rule = z.strictObject({
  off: z.boolean().optional(),
  raiseChecks: z.number().int().min(1).max(100).optional(),
  raiseSeconds: z.number().int().min(0).max(86_400).optional(),
  clearChecks: z.number().int().min(1).max(100).optional(),
});

export const alarmsConfig = defineSlice('alarms', {
  checkSeconds: variable('DRIMBOX_ALARM_CHECK_SECONDS', text.integer(1, 3_600).default(30), {
    describe: 'How often every check is asked for the alarms',
    unit: 's',
  }),
  raiseChecks: variable('DRIMBOX_ALARM_RAISE_CHECKS', text.integer(1, 100).default(3), {
    describe: 'Bad findings in a row before a check is an alarm',
  }),
  raiseSeconds: variable('DRIMBOX_ALARM_RAISE_SECONDS', text.integer(0, 86_400).default(60), {
    describe: 'Time for which these findings must last, as well',
    unit: 's',
  }),
  clearChecks: variable('DRIMBOX_ALARM_CLEAR_CHECKS', text.integer(1, 100).default(3), {
    describe: 'Good findings in a row before an alarm ends',
  }),
  rules: variable(
    'DRIMBOX_ALARM_RULES',
    text.json(z.record(z.string().regex(/^[a-z][\w-]{0,63}$/), rule)).default({}),
    {
      describe:
        'Other rules for some checks, or pacs for every PACS, as JSON: {"peers":{"off":true},"pacs-main":{"raiseChecks":1,"raiseSeconds":0,"clearChecks":2}}',
      example: '{}',
    },
  ),
});
