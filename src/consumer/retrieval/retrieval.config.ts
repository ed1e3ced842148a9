import { z } from 'zod';
import { defineSlice, proveWritableFolder, text, variable } from '../../platform/config';
import { identityStrictnesses } from './check/check-patient';

/** How images of other hospitals are fetched and kept. */
export const retrievalConfig = defineSlice(
  'retrieval',
  {
    quality: variable('DRIMBOX_RETRIEVAL_QUALITY', z.enum(['lossless', 'lossy']).default('lossless'), {
      describe:
        'What viewers ask of other hospitals: lossless pixels, or lossy ones that take less time. Imports are lossless',
    }),
    identity: variable('DRIMBOX_RETRIEVAL_IDENTITY', z.enum(identityStrictnesses).default('traits'), {
      describe:
        'What an image must say of its patient: ins (the INS of the call), traits (the INS, or without any INS the birth date, sex and name, of which a given name), contradiction (refused only when it says something else). An image whose family and given name are both others is refused in each; one of the two is told',
    }),
    sharedBy: variable('DRIMBOX_RETRIEVAL_SHARED_BY', z.enum(['professional', 'gateway']).default('professional'), {
      describe:
        'Who shares one retrieval of an exam: the viewers of one professional, or all professionals of this gateway (the source then sees the first one only)',
    }),
    cacheDir: variable('DRIMBOX_RETRIEVAL_CACHE_DIR', text.path().optional(), {
      describe: 'Folder of the encrypted images on their way; without it, retrieval below the data folder',
    }),
    cacheBytesMax: variable(
      'DRIMBOX_RETRIEVAL_CACHE_BYTES_MAX',
      text.integer(16_777_216, 10_995_116_277_760).default(21_474_836_480),
      { describe: 'Disk space for them; the longest unused exams go first', unit: 'bytes' },
    ),
    memoryBytesMax: variable(
      'DRIMBOX_RETRIEVAL_MEMORY_BYTES_MAX',
      text.integer(1_048_576, 17_179_869_184).default(402_653_184),
      { describe: 'Memory for the images used last', unit: 'bytes' },
    ),
    keepMinutes: variable('DRIMBOX_RETRIEVAL_KEEP_MINUTES', text.integer(0, 1_440).default(60), {
      describe: 'How long images stay after their last viewer closed; they go at once when the patient closes (logout)',
      unit: 'minutes',
    }),
    seriesParallel: variable('DRIMBOX_RETRIEVAL_SERIES_PARALLEL', text.integer(1, 16).default(2), {
      describe: 'Series of one exam fetched at once; one more when another series is opened meanwhile',
    }),
    attemptsMax: variable('DRIMBOX_RETRIEVAL_ATTEMPTS_MAX', text.integer(1, 20).default(4), {
      describe: 'Requests in a row that bring nothing, after which the images still missing of a series are given up',
    }),
    instancesMax: variable('DRIMBOX_RETRIEVAL_INSTANCES_MAX', text.integer(1, 200_000).default(30_000), {
      describe: 'Most images of one exam',
    }),
  },
  {
    prove: async ({ cacheDir }) => (cacheDir ? proveWritableFolder('DRIMBOX_RETRIEVAL_CACHE_DIR', cacheDir) : []),
  },
);
