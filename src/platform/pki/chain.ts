import { X509Certificate } from 'node:crypto';

const depthMax = 8;

export function isSelfSigned(certificate: X509Certificate): boolean {
  return certificate.checkIssued(certificate) && certificate.verify(certificate.publicKey);
}

export function isWithinDates(certificate: X509Certificate, at: Date): boolean {
  return new Date(certificate.validFrom) <= at && at <= new Date(certificate.validTo);
}

/**
 * The path from a certificate to a self-signed anchor (RFC 5280, section 6, without policies): issuer names and
 * signatures, authority flag, dates of the authorities. Dates of the certificate itself are the caller's business.
 * @returns certificate first, anchor last; undefined when no path exists.
 */
export function buildPath(
  certificate: X509Certificate,
  intermediates: readonly X509Certificate[],
  anchors: readonly X509Certificate[],
  at: Date,
): X509Certificate[] | undefined {
  const anchored = new Set(anchors.map((anchor) => anchor.fingerprint256));
  const authorities = [...anchors, ...intermediates].filter((one) => one.ca && isWithinDates(one, at));
  const climb = (path: X509Certificate[]): X509Certificate[] | undefined => {
    const last = path[path.length - 1];
    if (anchored.has(last.fingerprint256) && isSelfSigned(last)) return path;
    if (path.length >= depthMax) return undefined;
    for (const issuer of authorities) {
      if (path.some((one) => one.fingerprint256 === issuer.fingerprint256)) continue;
      if (!last.checkIssued(issuer) || !last.verify(issuer.publicKey)) continue;
      const found = climb([...path, issuer]);
      if (found) return found;
    }
    return undefined;
  };
  return climb([certificate]);
}
