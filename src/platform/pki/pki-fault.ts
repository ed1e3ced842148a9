/** Names of what can be wrong with a key, a certificate or its chain. Stable: operators may rely on them. */
export type PkiFaultCode =
  | 'file-not-readable'
  | 'file-too-large'
  | 'certificate-malformed'
  | 'certificate-missing'
  | 'key-malformed'
  | 'key-missing'
  | 'passphrase-missing'
  | 'passphrase-wrong'
  | 'pkcs12-malformed'
  | 'key-does-not-match'
  | 'key-too-weak'
  | 'signature-too-weak'
  | 'chain-not-trusted'
  | 'anchor-missing'
  | 'not-yet-valid'
  | 'expired'
  | 'near-its-end'
  | 'usage-not-allowed'
  | 'name-not-covered';

/** One fault. `message` and `file` never hold a secret value. */
export interface PkiFault {
  readonly code: PkiFaultCode;
  readonly severity: 'error' | 'warning';
  /** One sentence for the operator. */
  readonly message: string;
  /** Which file, when the fault belongs to one. */
  readonly file?: string;
}

export function fault(code: PkiFaultCode, message: string, file?: string): PkiFault {
  return { code, severity: code === 'near-its-end' ? 'warning' : 'error', message, ...(file ? { file } : {}) };
}

/** Thrown when material cannot be used; carries every fault found, not only the first. */
export class PkiFaultsError extends Error {
  constructor(
    readonly material: string,
    readonly faults: readonly PkiFault[],
  ) {
    super(`${material}: ${faults.map((f) => f.code).join(', ')}`);
    this.name = 'PkiFaultsError';
  }
}
