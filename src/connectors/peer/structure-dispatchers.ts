import type { Dispatcher } from 'undici';
import { comparableStructureId } from '../../standards/identity';

/** Connections made under the certificate of some structures. */
export interface StructureDispatcher {
  /** National identifiers of the structures; empty for the certificate that serves all others. */
  readonly structureIds: readonly string[];
  readonly dispatcher: Dispatcher;
}

/** One pool of connections for each certificate: a connection is never used in the name of another structure. */
export class StructureDispatchers {
  private readonly named = new Map<string, Dispatcher>();
  private readonly other?: Dispatcher;

  constructor(private readonly all: readonly StructureDispatcher[]) {
    for (const { structureIds, dispatcher } of all) {
      for (const id of structureIds) this.named.set(comparableStructureId(id), dispatcher);
    }
    this.other = all.find(({ structureIds }) => structureIds.length === 0)?.dispatcher;
  }

  get isEmpty(): boolean {
    return this.all.length === 0;
  }

  /** By the first identifier that is known, else the one for all others. */
  of(structureIds: readonly string[]): Dispatcher | undefined {
    const known = structureIds.map((id) => this.named.get(comparableStructureId(id)));
    return known.find((dispatcher) => dispatcher !== undefined) ?? this.other;
  }

  async close(): Promise<void> {
    await Promise.all(this.all.map(({ dispatcher }) => dispatcher.close()));
  }
}
