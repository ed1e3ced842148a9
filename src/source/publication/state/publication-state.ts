/** Where the publication of one event of one study stands. */
export const publicationStates = [
  'received',
  'waiting-for-images',
  'to-publish',
  'publishing',
  'published',
  'replaced',
  'withdrawn',
  'refused',
  'dead',
] as const;
export type PublicationState = (typeof publicationStates)[number];

/**
 * Every transition there is; a pair that is not here does not happen.
 *
 * - `received`: stored, nothing done. `waiting-for-images`: the study is absent or still arriving.
 * - `to-publish`: the manifest is made and kept, byte for byte. `publishing`: it may have left.
 * - `published`: the registry holds it. From `received` and `waiting-for-images`: the images had not changed after all.
 * - `replaced`: a later one took its place, before or after it was published. Never from `publishing`: what may be in the
 *   registry is first known to be there or not.
 * - `withdrawn`: the study has no manifest any more, or never had one.
 * - `refused`: parked, for somebody to look at. `dead`: parked, every try failed. Both can be tried again: from the start, or,
 *   when the manifest may have reached the registry, from `publishing` with the same manifest.
 */
const transitions: Readonly<Record<PublicationState, readonly PublicationState[]>> = {
  received: ['waiting-for-images', 'to-publish', 'published', 'replaced', 'withdrawn', 'refused', 'dead'],
  'waiting-for-images': ['to-publish', 'published', 'replaced', 'withdrawn', 'refused', 'dead'],
  'to-publish': ['publishing', 'replaced', 'withdrawn', 'refused', 'dead'],
  publishing: ['published', 'withdrawn', 'refused', 'dead'],
  published: ['replaced', 'withdrawn'],
  replaced: [],
  withdrawn: [],
  refused: ['received', 'publishing', 'replaced', 'withdrawn'],
  dead: ['received', 'publishing', 'replaced', 'withdrawn'],
};

/** States in which work is due. A later event of the same study waits until the earlier one has left them. */
export const activeStates = ['received', 'waiting-for-images', 'to-publish', 'publishing'] as const;
/** States in which nothing has left the gateway: a later event may still take the place of this one. */
export const unsentStates = ['received', 'waiting-for-images', 'to-publish'] as const;
/** States that wait for somebody. */
export const parkedStates = ['refused', 'dead'] as const;

export function mayBecome(from: PublicationState, to: PublicationState): boolean {
  return transitions[from].includes(to);
}

export function isActive(state: PublicationState): boolean {
  return (activeStates as readonly PublicationState[]).includes(state);
}

export function isPublicationState(text: string): text is PublicationState {
  return (publicationStates as readonly string[]).includes(text);
}
