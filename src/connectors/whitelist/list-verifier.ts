import type { ConfigOf } from '../../platform/config';
import { GatewayError } from '../../platform/errors';
import type { PkiService } from '../../platform/pki';
import {
  verifyWhiteList,
  type AcceptedWhiteList,
  type SignerTrust,
  type WhiteListPolicy,
  type WhiteListVerdict,
} from '../../standards/whitelist';
import { readAnchors, trustByPath, trustByPathAndRevocation } from './signer-trust';
import type { whitelistConfig } from './whitelist.config';
import { refusalErrors } from './whitelist.errors';

/** What a list is measured by: the configured authorities, the expected signer, and the clock for one that arrives. */
export class ListVerifier {
  constructor(
    private readonly config: ConfigOf<typeof whitelistConfig>,
    private readonly pki: Pick<PkiService, 'revocation'>,
  ) {}

  /** @throws GatewayError of the refusal */
  async arrived(bytes: Buffer, at: Date): Promise<AcceptedWhiteList> {
    const { revocation } = this.pki;
    const anchors = await readAnchors(this.config.anchorFiles);
    revocation.trust(anchors);
    const policy = this.policy(at, trustByPathAndRevocation(anchors, revocation));
    let verdict = verifyWhiteList(bytes, policy);
    if (!verdict.accepted && verdict.reason === 'revocation-unknown') {
      // The lists of this authority may not have been asked for yet.
      await revocation.refresh();
      verdict = verifyWhiteList(bytes, policy);
    }
    return acceptedOf(verdict);
  }

  /**
   * The kept list is verified again (the disk may lie), at the time it was signed: age is the alarm's business.
   * @throws GatewayError of the refusal
   */
  async kept(bytes: Buffer): Promise<AcceptedWhiteList> {
    const anchors = await readAnchors(this.config.anchorFiles);
    return acceptedOf(verifyWhiteList(bytes, this.policy('signing-time', trustByPath(anchors))));
  }

  private policy(at: WhiteListPolicy['at'], trust: SignerTrust): WhiteListPolicy {
    const { signerCommonName, signerUnit, strictForm } = this.config;
    return { at, trust, strictForm, signer: { commonName: signerCommonName, organizationalUnit: signerUnit } };
  }
}

function acceptedOf(verdict: WhiteListVerdict): AcceptedWhiteList {
  if (verdict.accepted) return verdict;
  throw new GatewayError(refusalErrors[verdict.reason], { detail: verdict.detail });
}
