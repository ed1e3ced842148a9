import type { CanonicalForm } from './canonical-xml';

export const dsigNamespace = 'http://www.w3.org/2000/09/xmldsig#';
export const filter2Namespace = 'http://www.w3.org/2002/06/xmldsig-filter2';
export const envelopedSignature = `${dsigNamespace}enveloped-signature`;
export const excC14n = 'http://www.w3.org/2001/10/xml-exc-c14n#';
export const c14nWithComments = 'http://www.w3.org/TR/2001/REC-xml-c14n-20010315#WithComments';

/** Canonical forms by algorithm identifier; anything else is refused. */
export const canonicalForms: Readonly<Record<string, CanonicalForm>> = {
  'http://www.w3.org/TR/2001/REC-xml-c14n-20010315': { exclusive: false, withComments: false },
  [c14nWithComments]: { exclusive: false, withComments: true },
  [excC14n]: { exclusive: true, withComments: false },
  'http://www.w3.org/2001/10/xml-exc-c14n#WithComments': { exclusive: true, withComments: true },
};

/** Hash names of node:crypto by DigestMethod (XML-DSig core, 6.2; RFC 6931). */
export const digestMethods: Readonly<Record<string, string>> = {
  [`${dsigNamespace}sha1`]: 'sha1',
  'http://www.w3.org/2001/04/xmlenc#sha256': 'sha256',
  'http://www.w3.org/2001/04/xmldsig-more#sha384': 'sha384',
  'http://www.w3.org/2001/04/xmlenc#sha512': 'sha512',
};

export interface SignatureMethod {
  readonly hash: 'sha1' | 'sha256' | 'sha384' | 'sha512';
  readonly key: 'rsa' | 'ec';
}

/** Signature algorithms by identifier. No HMAC: a public key must never serve as a shared secret. */
export const signatureMethods: Readonly<Record<string, SignatureMethod>> = {
  [`${dsigNamespace}rsa-sha1`]: { hash: 'sha1', key: 'rsa' },
  'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256': { hash: 'sha256', key: 'rsa' },
  'http://www.w3.org/2001/04/xmldsig-more#rsa-sha384': { hash: 'sha384', key: 'rsa' },
  'http://www.w3.org/2001/04/xmldsig-more#rsa-sha512': { hash: 'sha512', key: 'rsa' },
  'http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256': { hash: 'sha256', key: 'ec' },
  'http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384': { hash: 'sha384', key: 'ec' },
};

/** What a verifier accepts. SHA-1 only where a peer is known to still send it. */
export interface SignaturePolicy {
  readonly allowSha1: boolean;
  /** Smallest RSA modulus, bits. */
  readonly rsaBitsMin: number;
}

export const modernPolicy: SignaturePolicy = { allowSha1: false, rsaBitsMin: 2048 };
/** The DMP's samples of 2023 and 2024 are signed with SHA-1. */
export const sha1TolerantPolicy: SignaturePolicy = { allowSha1: true, rsaBitsMin: 2048 };
