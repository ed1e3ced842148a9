const Sequencer = require('@jest/test-sequencer').default;

/** Files of more than a minute, the longest first: begun last, one of them would run alone at the end. */
const slow = [
  'publication-load',
  'report-to-images',
  'audit-journeys',
  'journey.browser',
  'exchange-delivery',
  'atna-gateway',
  'exchange-answers',
  'readme.flow',
  'exchange-hostile',
  'pacs-measure',
  'retrieval-faults',
  'publication-faults',
  'exchange-ans-samples',
  'transcoding.medium',
  'two-processes',
  'testssl',
  'transfer-killed',
  'sandbox-pacs',
  'viewer.browser',
  'portal-pages',
  'exams.browser',
  'import.browser',
  'exchange-isolation',
];

const rank = ({ path }) => {
  const at = slow.findIndex((name) => path.includes(name));
  return at < 0 ? slow.length : at;
};

/** Order of the files of a run: nothing but time depends on it. */
module.exports = class SlowFirst extends Sequencer {
  sort(tests) {
    return [...super.sort(tests)].sort((one, other) => rank(one) - rank(other));
  }
};
