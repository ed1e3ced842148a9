import { defineSlice, text, variable } from '../../platform/config';

export const examsConfig = defineSlice('exams', {
  statusMs: variable('DRIMBOX_EXAMS_STATUS_MS', text.integer(0, 3_600_000).default(300_000), {
    describe: 'How long the answer to "may this professional read this record" is believed for one open patient',
    unit: 'ms',
  }),
  listMs: variable('DRIMBOX_EXAMS_LIST_MS', text.integer(0, 3_600_000).default(300_000), {
    describe: 'How long the list of exams of one open patient is kept before the record is asked again',
    unit: 'ms',
  }),
  entriesMax: variable('DRIMBOX_EXAMS_ENTRIES_MAX', text.integer(100, 50_000).default(5_000), {
    describe: 'Entries of one record that are shown; beyond, the search has to be narrowed',
  }),
  referencesMax: variable('DRIMBOX_EXAMS_REFERENCES_MAX', text.integer(10_000, 10_000_000).default(600_000), {
    describe: 'Images listed by all the manifests kept in memory; the oldest manifests go first',
  }),
  uploadBytesMax: variable('DRIMBOX_EXAMS_UPLOAD_BYTES_MAX', text.integer(65_536, 268_435_456).default(33_554_432), {
    describe: 'Longest file (manifest or XDM archive) that a professional may bring',
    unit: 'bytes',
  }),
});
