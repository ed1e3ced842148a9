import {
  activeStates,
  isActive,
  mayBecome,
  parkedStates,
  PublicationState,
  publicationStates,
} from './publication-state';

const allowed: Readonly<Record<PublicationState, string>> = {
  received: 'waiting-for-images to-publish published replaced withdrawn refused dead',
  'waiting-for-images': 'to-publish published replaced withdrawn refused dead',
  'to-publish': 'publishing replaced withdrawn refused dead',
  publishing: 'published withdrawn refused dead',
  published: 'replaced withdrawn',
  replaced: '',
  withdrawn: '',
  refused: 'received publishing replaced withdrawn',
  dead: 'received publishing replaced withdrawn',
};
const pairs = publicationStates.flatMap((from) => publicationStates.map((to) => ({ from, to })));

describe('the state table', () => {
  it.each(pairs.filter(({ from, to }) => allowed[from].split(' ').includes(to)))(
    'allows $from to $to',
    ({ from, to }) => expect(mayBecome(from, to)).toBe(true),
  );

  it.each(pairs.filter(({ from, to }) => !allowed[from].split(' ').includes(to)))(
    'forbids $from to $to',
    ({ from, to }) => expect(mayBecome(from, to)).toBe(false),
  );

  it('lets nothing stay what it is by a transition', () => {
    for (const state of publicationStates) expect(mayBecome(state, state)).toBe(false);
  });

  it('never loses what may be in the registry: from publishing, only an answer, a refusal or the ceiling', () => {
    for (const early of ['received', 'waiting-for-images', 'to-publish', 'replaced'] as const) {
      expect(mayBecome('publishing', early)).toBe(false);
    }
  });

  it('sends nothing that was not kept before', () => {
    for (const state of publicationStates.filter((one) => mayBecome(one, 'publishing'))) {
      expect(['to-publish', 'refused', 'dead']).toContain(state);
    }
  });

  it('leads every active state to an end, and lets everything parked be tried again', () => {
    for (const state of activeStates) {
      expect(isActive(state)).toBe(true);
      expect(mayBecome(state, 'dead') && mayBecome(state, 'refused')).toBe(true);
    }
    for (const state of parkedStates) expect(mayBecome(state, 'received')).toBe(true);
  });
});
