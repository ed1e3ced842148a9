const Sequencer = require('@jest/test-sequencer').default;

/** Files of more than a minute, the longest first: begun last, one of them would run alone at the end. */
const slow = [
  'publication-load',
  'retrieval-faults',
  'transcoding.medium',
  'atna-gateway',
  'testssl',
  'publication-faults',
  'report-to-images',
  'exchange-hostile',
  'audit-journeys',
  'exchange-answers',
  'journey.browser',
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
