import { defineSlice, text, variable } from '../../../platform/config';

export const metadataConfig = defineSlice('metadata', {
  isKept: variable('DRIMBOX_METADATA_KEEP', text.flag(true), {
    describe:
      'Keeps the metadata of served studies compressed below the data folder (patient data at rest), so that they are answered without reading the images',
  }),
  isCollected: variable('DRIMBOX_METADATA_COLLECT', text.flag(true), {
    describe:
      'Reads the images of a study once, in quiet moments, when its manifest becomes current, so that even the first request for metadata is quick',
  }),
  bytesMax: variable('DRIMBOX_METADATA_BYTES_MAX', text.integer(0, 1_099_511_627_776).default(2_147_483_648), {
    describe: 'Room for kept metadata on disk; the studies asked for longest ago leave first',
    unit: 'bytes',
  }),
  ageHoursMax: variable('DRIMBOX_METADATA_AGE_HOURS_MAX', text.integer(1, 8_760).default(168), {
    describe: 'Kept metadata older than this are read from the PACS again, and manifests older than this not collected',
    unit: 'hours',
  }),
  checkMinutes: variable('DRIMBOX_METADATA_CHECK_MINUTES', text.integer(0, 1_440).default(10), {
    describe:
      'Kept metadata not compared with the PACS for this long are compared, by one object, before they are told: a PACS may correct objects under the same manifest. 0 compares at each request',
    unit: 'minutes',
  }),
});
