import { availableParallelism } from 'node:os';
import { defineSlice, text, variable } from '../config';

const cores = availableParallelism();

export const transcodingConfig = defineSlice('transcoding', {
  workers: variable('DRIMBOX_TRANSCODING_WORKERS', text.integer(1, 64).default(Math.min(64, cores)), {
    describe: 'Threads that convert images; by default as many as the machine has cores',
  }),
  queueMax: variable('DRIMBOX_TRANSCODING_QUEUE_MAX', text.integer(1, 100_000).default(512), {
    describe: 'Conversions that may wait for a thread; beyond that, new ones are refused',
  }),
  maxObjectBytes: variable(
    'DRIMBOX_TRANSCODING_MAX_OBJECT_BYTES',
    text.integer(1_048_576, 4_294_967_294).default(1_073_741_824),
    { describe: 'Largest object that is converted, before and after', unit: 'bytes' },
  ),
  jobTimeoutMs: variable('DRIMBOX_TRANSCODING_TIMEOUT_MS', text.integer(1_000, 3_600_000).default(120_000), {
    describe: 'Longest time of one conversion; its thread is then replaced',
    unit: 'ms',
  }),
});
