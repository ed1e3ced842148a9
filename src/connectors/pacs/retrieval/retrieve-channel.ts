import { StoreRequest, StoreTarget } from '../dimse/store-receiver';
import { Holder } from './places';

/** One C-MOVE or C-GET. Without `sopInstanceUids` it is at series level. */
export interface Ask {
  readonly studyInstanceUid: string;
  readonly seriesInstanceUid: string;
  readonly sopInstanceUids?: readonly string[];
  readonly sopClassUids: readonly string[];
  readonly owner: object;
  /** For whom an association is taken. */
  readonly holder: Holder;
  expects(sopInstanceUid: string): boolean;
  open(request: StoreRequest): StoreTarget | number;
  /** True when there was progress since the last call, or when we are the ones who hold the PACS back. */
  isAlive(): boolean;
}

export interface AskResult {
  readonly status: number;
  readonly completed: number;
}

/** How requests reach the PACS. */
export interface RetrieveChannel {
  readonly method: 'move' | 'get';
  readonly maxParallel: number;
  /** Resolves with the final response; rejects when the association could not be opened or broke. */
  ask(ask: Ask, signal: AbortSignal): Promise<AskResult>;
  /** Which of these the PACS says it holds; undefined when it does not answer. */
  held(study: string, series: string, sopInstanceUids: readonly string[]): Promise<ReadonlySet<string> | undefined>;
}
