import forge from 'node-forge';

/** Passphrase of every PKCS#12 file of the sandbox; also written in `passphrase.txt`. */
export const sandboxPassphrase = 'bac-a-sable';

/**
 * One PKCS#12 file holding an RSA key and its chain.
 * `legacy` uses PBE-SHA1-3DES, which OpenSSL 3 (hence Node) no longer reads by default.
 */
export function toPkcs12(keyPem: string, chainPem: string[], encryption: 'aes' | 'legacy'): Buffer {
  const key = forge.pki.privateKeyFromPem(keyPem);
  const chain = chainPem.map((pem) => forge.pki.certificateFromPem(pem));
  const file = forge.pkcs12.toPkcs12Asn1(key, chain, sandboxPassphrase, {
    algorithm: encryption === 'aes' ? 'aes256' : '3des',
    friendlyName: 'drimbox',
  });
  return Buffer.from(forge.asn1.toDer(file).getBytes(), 'binary');
}
