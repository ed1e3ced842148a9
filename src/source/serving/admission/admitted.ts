import type { Professional } from '../../../connectors/psc';
import type { WhiteListEntry } from '../../../standards/whitelist';
import type { WadoResource, WishList } from '../../../standards/dicomweb';
import type { ServableManifest } from '../../archive';

/** Another gateway by its certificate, which an authority of ours signed. */
export interface ConnectedPeer {
  readonly subject: string;
  readonly certificateSha256: string;
  readonly address: string | undefined;
}

/** The same, with its line of the white list. */
export interface AdmittedPeer extends ConnectedPeer {
  readonly entry: WhiteListEntry;
}

/** What the admission steps have established, in their order. A later step needs the earlier ones. */
export interface Admission {
  peer?: AdmittedPeer;
  professional?: Professional;
  resource?: WadoResource;
  wishes?: WishList;
  kosSopInstanceUid?: string;
  manifest?: ServableManifest;
}

export type Admitted = Required<Admission>;
