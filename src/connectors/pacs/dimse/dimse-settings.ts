/** Limits and timers of associations; all in milliseconds and bytes. */
export interface DimseSettings {
  /** Longest P-DATA-TF we announce to be willing to receive. */
  readonly maxPduLength: number;
  readonly connectTimeoutMs: number;
  /** ARTIM (PS3.8 9.1.4): association request, release and close. */
  readonly artimMs: number;
  /** Silence of a peer while an answer is due. */
  readonly silenceMs: number;
  /** A warm association without work is released after this; 0: at once. */
  readonly warmMs: number;
  /** When the PACS lets a new association wait for this long, those that are idle are released: it may serve one at a time. */
  readonly yieldMs: number;
  /** After C-CANCEL, time left to the peer before the association is aborted. */
  readonly cancelGraceMs: number;
}

export const defaultDimseSettings: DimseSettings = {
  maxPduLength: 65_536,
  connectTimeoutMs: 5_000,
  artimMs: 10_000,
  silenceMs: 30_000,
  warmMs: 5_000,
  yieldMs: 250,
  cancelGraceMs: 1_000,
};

/** Identity of this implementation in associations (PS3.7 D.3.3.2). */
export const implementation = { classUid: '2.25.80302813137786398554742050926734630921', versionName: 'DRIMBOX_01' };

/** Longest association PDU read: 128 contexts with their syntaxes fit several times. */
export const maxControlLength = 131_072;
/** Largest P-DATA-TF that we send, whatever the peer allows. */
export const sendCap = 131_072;
