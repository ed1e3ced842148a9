import { join } from 'node:path';
import { retrievalConfig } from '../consumer/retrieval';
import { defineSlice, proveReadableFile, text, variable } from '../platform/config';
import { z } from 'zod';

export const viewerConfig = defineSlice(
  'viewer',
  {
    folder: variable('DRIMBOX_VIEWER_DIR', text.path().optional(), {
      describe: 'Folder of the prepared viewer files; without it dist/viewer-web of the installation',
    }),
    grantIdleMinutes: variable('DRIMBOX_VIEWER_GRANT_IDLE_MINUTES', text.integer(1, 120).default(5), {
      describe: 'A viewer whose page is closed or asleep for this long can no longer read images',
      unit: 'minutes',
    }),
    grantsPerSessionMax: variable('DRIMBOX_VIEWER_GRANTS_PER_SESSION_MAX', text.integer(1, 100).default(12), {
      describe: 'Viewers that one session keeps open; the oldest closes when another opens',
    }),
    localBytesMax: variable(
      'DRIMBOX_VIEWER_LOCAL_BYTES_MAX',
      text.integer(16_777_216, 17_179_869_184).default(805_306_368),
      {
        describe:
          'Memory for images of the local PACS that are on their way to viewers; beyond it images are fetched again',
        unit: 'bytes',
      },
    ),
    firstAnswerWaitMs: variable('DRIMBOX_VIEWER_FIRST_ANSWER_WAIT_MS', text.integer(0, 60_000).default(600), {
      describe:
        'How long the description of a series waits for its last image before it is given with the images present',
      unit: 'ms',
    }),
    arrivalWaitMsMax: variable('DRIMBOX_VIEWER_ARRIVAL_WAIT_MS_MAX', text.integer(1_000, 600_000).default(120_000), {
      describe: 'How long a request for one image waits for its arrival',
      unit: 'ms',
    }),
    diagnosticUse: variable(
      'DRIMBOX_VIEWER_DIAGNOSTIC_USE',
      z.enum(['consultation', 'diagnostic']).default('consultation'),
      {
        describe:
          'Use for which the screens and this installation are qualified; the viewer shows it permanently. diagnostic needs DRIMBOX_RETRIEVAL_QUALITY=lossless',
      },
    ),
  },
  {
    relate: ({ diagnosticUse }, other) =>
      diagnosticUse === 'diagnostic' && other(retrievalConfig)?.quality === 'lossy'
        ? [
            {
              variable: 'DRIMBOX_VIEWER_DIAGNOSTIC_USE',
              code: 'lossy-images',
              message: 'an installation for diagnosis asks for lossless images (DRIMBOX_RETRIEVAL_QUALITY)',
            },
          ]
        : [],
    prove: async ({ folder }) => (folder ? proveReadableFile('DRIMBOX_VIEWER_DIR', join(folder, 'prepared.json')) : []),
  },
);
