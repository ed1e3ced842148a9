import type { KeyObject } from 'node:crypto';

/** Who signs the list: key, certificate and, when published with it, the authorities above; DER. */
export type ListSigner = {
  key: KeyObject;
  certificate: Buffer;
  chain?: readonly Buffer[];
};
