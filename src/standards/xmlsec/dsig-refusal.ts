/** Why a signature was not accepted. Stable words: rooms map them to entries of their catalogue. */
export type SignatureRefusal =
  | 'no-signature'
  | 'several-signatures'
  | 'structure'
  | 'comment'
  | 'duplicate-id'
  | 'algorithm'
  | 'transform'
  | 'reference'
  | 'digest'
  | 'signature-value'
  | 'key'
  | 'certificate'
  | 'signed-properties'
  | 'signing-time';

/** Internal to the verifiers, which turn it into a returned reason. */
export class SignatureFault extends Error {
  constructor(
    readonly reason: SignatureRefusal,
    readonly detail: string,
  ) {
    super(`${reason}: ${detail}`);
  }
}

export type Verified<T> =
  | ({ readonly verified: true } & T)
  | { readonly verified: false; readonly reason: SignatureRefusal; readonly detail: string };

/** Runs a verifier; its faults become a reason, everything else stays an exception. */
export function asVerified<T>(verify: () => T): Verified<T> {
  try {
    return { verified: true, ...verify() };
  } catch (error) {
    if (error instanceof SignatureFault) return { verified: false, reason: error.reason, detail: error.detail };
    throw error;
  }
}
