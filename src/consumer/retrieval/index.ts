/** Images of other hospitals, on their way to viewers and to the local archive. */
export type * from './retrieval.types';
