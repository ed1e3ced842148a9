/** White list of the gateways that may take part (DRIM-M_DATA, ListeBlancheDRIM-M): reading, verifying, asking. */
export { hostName, readWhiteList, whiteListNamespace } from './read-whitelist';
export { verifyWhiteList, whiteListBytesMax } from './verify-whitelist';
export { WhiteListIndex } from './whitelist-index';
export type {
  AcceptedWhiteList,
  SignerTrust,
  WhiteList,
  WhiteListEntry,
  WhiteListPolicy,
  WhiteListRefusal,
  WhiteListVerdict,
} from './whitelist.types';
