export { PacedRefusals } from './paced-refusals';
export type { PacedRefusalsOptions, RefusalFacts } from './paced-refusals';
