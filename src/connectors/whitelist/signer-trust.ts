import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { buildPath, parseCertificates, type Revocation } from '../../platform/pki';
import type { SignerTrust } from '../../standards/whitelist';

export async function readAnchors(files: readonly string[]): Promise<X509Certificate[]> {
  return (await Promise.all(files.map(async (file) => parseCertificates(await readFile(file))))).flat();
}

/**
 * Chain of the signer to the configured authorities. A configured certificate that is no authority is trusted for
 * itself only, which lets a list be examined whose authority is not at hand.
 */
export function signerPath(anchors: readonly X509Certificate[]) {
  return (
    certificate: X509Certificate,
    others: readonly X509Certificate[],
    at: Date,
  ): X509Certificate[] | undefined => {
    if (anchors.some((anchor) => !anchor.ca && anchor.raw.equals(certificate.raw))) return [certificate];
    return buildPath(certificate, others, anchors, at);
  };
}

/** For a list read back from disk: chain only, since it was not revoked when it was accepted. */
export function trustByPath(anchors: readonly X509Certificate[]): SignerTrust {
  const pathOf = signerPath(anchors);
  return (certificate, others, at) => (pathOf(certificate, others, at) ? undefined : 'signer-untrusted');
}

/** For a list that arrives: chain and revocation. */
export function trustByPathAndRevocation(
  anchors: readonly X509Certificate[],
  revocation: Pick<Revocation, 'check' | 'trust'>,
): SignerTrust {
  const pathOf = signerPath(anchors);
  return (certificate, others, at) => {
    const path = pathOf(certificate, others, at);
    if (!path) return 'signer-untrusted';
    if (path.length === 1) return undefined;
    revocation.trust(path);
    const { state } = revocation.check(path);
    return state === 'good' ? undefined : state === 'revoked' ? 'signer-revoked' : 'revocation-unknown';
  };
}
