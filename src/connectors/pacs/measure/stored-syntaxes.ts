import { ExpectedInstance, Pacs } from '../pacs.port';

/** Transfer syntax by SOP Instance UID. */
export type Syntaxes = ReadonlyMap<string, string>;

/** What the received syntaxes were compared with. */
export type ComparedWith = 'option' | 'pacs' | 'other-method' | 'nothing';

export interface SyntaxChange {
  readonly stored: string;
  readonly received: string;
}

export interface Comparison {
  readonly comparedWith: ComparedWith;
  /** Each pair once. */
  readonly changes: readonly SyntaxChange[];
  /** Received, and of unknown stored syntax. */
  readonly uncompared: number;
}

export const uncompressedSyntaxes: ReadonlySet<string> = new Set([
  '1.2.840.10008.1.2',
  '1.2.840.10008.1.2.1',
  '1.2.840.10008.1.2.2',
  '1.2.840.10008.1.2.1.99',
]);

/**
 * What the PACS says of its own accord: Available Transfer Syntax UID (0008,3002), asked for apart since it is optional.
 * Several values tell what it could send, not what it keeps: they are left out. Orthanc answers it empty.
 */
export async function toldSyntaxes(
  pacs: Pacs,
  studyInstanceUid: string,
  instances: readonly ExpectedInstance[],
  signal?: AbortSignal,
): Promise<Syntaxes> {
  const told = new Map<string, string>();
  for (const series of new Set(instances.map(({ seriesInstanceUid }) => seriesInstanceUid))) {
    const keys = { AvailableTransferSyntaxUID: '' };
    const found = await pacs.findInstances(studyInstanceUid, series, keys, { signal }).catch(() => []);
    signal?.throwIfAborted();
    for (const { SOPInstanceUID: [uid] = [], AvailableTransferSyntaxUID: syntaxes = [] } of found) {
      const [only] = syntaxes;
      if (typeof uid === 'string' && typeof only === 'string' && only !== '' && syntaxes.length === 1)
        told.set(uid, only);
    }
  }
  return told;
}

/** What one method brought beside what is known of the stored syntax, or beside what the other methods brought. */
export function compareSyntaxes(
  received: Syntaxes,
  known: { readonly option?: string; readonly told: Syntaxes; readonly others: readonly Syntaxes[] },
): Comparison {
  const changes = new Map<string, SyntaxChange>();
  let comparedWith: ComparedWith = known.option ? 'option' : known.told.size > 0 ? 'pacs' : 'nothing';
  let uncompared = 0;
  for (const [uid, syntax] of received) {
    let stored = known.option ?? known.told.get(uid);
    if (!stored && comparedWith !== 'pacs') {
      stored = compressedElsewhere(uid, syntax, known.others);
      if (stored) comparedWith = 'other-method';
    }
    if (!stored) uncompared += 1;
    else if (stored !== syntax) changes.set(`${stored} ${syntax}`, { stored, received: syntax });
  }
  return { comparedWith, changes: [...changes.values()], uncompared };
}

/** An image that one method brings compressed and another not is kept compressed: few PACS compress in order to send. */
function compressedElsewhere(uid: string, syntax: string, others: readonly Syntaxes[]): string | undefined {
  if (!uncompressedSyntaxes.has(syntax)) return undefined;
  return others.map((other) => other.get(uid)).find((other) => other && !uncompressedSyntaxes.has(other));
}
