import { GatewayError } from '../../platform/errors';
import { Pacs, PacsDirectory } from './pacs.port';
import { pacsErrors } from './pacs.errors';

/** The configured PACS; a study is looked for in their order. */
export class ConfiguredPacs implements PacsDirectory {
  constructor(readonly all: readonly Pacs[]) {}

  byId(id: string): Pacs {
    const found = this.all.find((pacs) => pacs.id === id);
    if (!found) throw new GatewayError(pacsErrors.unknown);
    return found;
  }

  async locateStudy(studyInstanceUid: string, signal?: AbortSignal): Promise<Pacs | undefined> {
    let failure: Error | undefined;
    for (const pacs of this.all) {
      try {
        const found = await pacs.findStudies({ StudyInstanceUID: studyInstanceUid }, { signal, limit: 10 });
        if (found.length > 0) return pacs;
      } catch (error) {
        signal?.throwIfAborted();
        failure ??= error instanceof Error ? error : new Error('the PACS failed');
      }
    }
    // A PACS that did not answer may be the one that holds it: absence is only told when all of them told it.
    if (failure) throw failure;
    return undefined;
  }
}
