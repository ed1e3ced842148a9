import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describeWithShared, sharedPath } from '../../../test/support/shared-data';
import {
  modernPolicy,
  parseXml,
  sha1TolerantPolicy,
  signaturesIn,
  verifySignature,
  verifyXades,
  type XmlElement,
} from './index';

const firstSignature = (text: string): XmlElement => {
  const [signature] = signaturesIn(parseXml(text));
  if (!signature) throw new Error('no signature');
  return signature;
};

describeWithShared('signatures of the national samples', () => {
  const sample = (path: string): string => readFileSync(sharedPath('reference', path), 'utf8');

  it.each(['publication-signature.restored.xml', 'xdm-signature.restored.xml'])(
    '%s verifies, SHA-1 allowed',
    (name) => {
      const text = sample(`ans-samples/derived/${name}`);
      const result = verifyXades(firstSignature(text), sha1TolerantPolicy);
      expect(result).toMatchObject({ verified: true });
      if (!result.verified) return;
      expect(result.certificate.subject).toContain('CN=DRIMbox');
      expect(result.references.map(({ type }) => type)).toEqual(['http://www.w3.org/2000/09/xmldsig#Manifest']);
      expect(verifyXades(firstSignature(text), modernPolicy)).toMatchObject({ verified: false, reason: 'algorithm' });
    },
  );

  it('the assertion of METADATA.XML verifies in place, inside its envelope', () => {
    const text = sample('ans-samples/XDM/KA202401/IHE_XDM/SS000001/METADATA.XML');
    const key = new X509Certificate(sample('ans-samples/derived/test-signer-cert.pem')).publicKey;
    const signature = firstSignature(text);
    const result = verifySignature(signature, key, sha1TolerantPolicy);
    expect(result).toMatchObject({ verified: true });
    if (result.verified) expect(result.references[0]?.node).toBe(signature.parentNode);
    const altered = firstSignature(text.replace('>INDIRECTE<', '>INDIRECTF<'));
    expect(verifySignature(altered, key, sha1TolerantPolicy)).toMatchObject({ verified: false, reason: 'digest' });
  });

  it('the signed white list verifies, its signing time is read', () => {
    const text = sample('drim-m-data/white-list/LISTEBLANCHE_DRIM-M_SIGNEE_TEST_.xml');
    const result = verifyXades(firstSignature(text), modernPolicy);
    expect(result).toMatchObject({ verified: true, signingTime: new Date('2024-12-26T12:43:48Z') });
  });
});
