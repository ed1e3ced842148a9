import { defineSlice, text, variable } from '../config';

export const supervisionConfig = defineSlice(
  'supervision',
  {
    diskWarningPercent: variable('DRIMBOX_DISK_WARNING_PERCENT', text.integer(1, 90).default(15), {
      describe: 'Free space of the data folder below which the state of the service warns',
      unit: 'percent of the disk',
    }),
    diskCriticalPercent: variable('DRIMBOX_DISK_CRITICAL_PERCENT', text.integer(1, 90).default(5), {
      describe: 'Free space of the data folder below which it counts as down',
      unit: 'percent of the disk',
    }),
    clockToleranceSeconds: variable('DRIMBOX_CLOCK_TOLERANCE_SECONDS', text.integer(1, 300).default(10), {
      describe:
        'How far the clock may be from those of the database, Pro Santé Connect and the DMP; six times as far counts as down',
      unit: 's',
    }),
  },
  {
    check: ({ diskWarningPercent, diskCriticalPercent }) =>
      diskCriticalPercent > diskWarningPercent
        ? [
            {
              variable: 'DRIMBOX_DISK_CRITICAL_PERCENT',
              code: 'too-large',
              message: 'the critical limit lies above the warning',
            },
          ]
        : [],
  },
);
