/** A note that takes instances away: pushed to us, or found in the PACS. */
export interface Rejection {
  readonly sopInstanceUid: string;
  readonly titleCode: string;
  readonly references: readonly string[];
}

/**
 * Instances that rejection notes take away (IHE RAD TF-1 35, IOCM). A note that is itself rejected by another one counts no
 * more; titles outside of `codes` count neither.
 */
export function rejectedInstances(notes: readonly Rejection[], codes: readonly string[]): ReadonlySet<string> {
  const valid = notes.filter(({ titleCode }) => codes.includes(titleCode));
  const rescinded = new Set(valid.flatMap(({ references }) => references));
  return new Set(
    valid.filter(({ sopInstanceUid }) => !rescinded.has(sopInstanceUid)).flatMap(({ references }) => references),
  );
}
