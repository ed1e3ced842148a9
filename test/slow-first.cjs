const Sequencer = require('@jest/test-sequencer').default;

/** Files of more than a minute, the longest first: begun last, one of them would run alone at the end. */
const slow = [
  'publication-load',
  'journey.browser',
  'report-to-images',
  'exchange-hostile',
  'atna-gateway',
  'retrieval-faults',
  'transcoding.medium',
  'publication-faults',
  'testssl',
  'report-to-images',
  'exchange-hostile',
  'audit-journeys',
  'exchange-answers',
];

const rank = ({ path }) => {
  const at = slow.findIndex((name) => path.includes(name));
  return at < 0 ? slow.length : at;
};

/** Order of the files of a ring: nothing but time depends on it. */
module.exports = class SlowFirst extends Sequencer {
  sort(tests) {
    return [...super.sort(tests)].sort((one, other) => rank(one) - rank(other));
  }
};
