import { createHmac, createPublicKey, createSign, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { createSigningAuthority, type IssuedIdentity } from '../../../test/support/signing-authority';
import {
  canonicalize,
  createSigner,
  modernPolicy,
  parseXml,
  selectOne,
  sha1TolerantPolicy,
  signaturesIn,
  signEnveloped,
  signSubmissionSet,
  verifySignature,
  verifyXades,
  type Signer,
  type XmlElement,
} from './index';

const signatureOf = (text: string): XmlElement => signaturesIn(parseXml(text))[0];

describe('hostile signatures', () => {
  let identity: IssuedIdentity;
  let other: IssuedIdentity;
  let signer: Signer;
  let key: KeyObject;
  let signed: string;

  beforeAll(async () => {
    const authority = await createSigningAuthority();
    identity = await authority.issue({ name: 'CN=a,C=FR' });
    other = await authority.issue({ name: 'CN=b,C=FR' });
    signer = createSigner(identity.key, [identity.certificate]);
    key = createPublicKey(identity.key);
    signed = await signEnveloped(
      {
        before: '<m:msg xmlns:m="urn:m" ID="_1"><m:to>ALICE</m:to>',
        after: '<m:sum>100</m:sum></m:msg>',
        id: '_1',
        hash: 'sha256',
      },
      signer,
    );
  });

  const verdict = (text: string, withKey = key, policy = modernPolicy): string => {
    const result = verifySignature(signatureOf(text), withKey, policy);
    return result.verified ? 'verified' : result.reason;
  };

  it('a sound one verifies and says which element it covers', () => {
    const signature = signatureOf(signed);
    const result = verifySignature(signature, key, modernPolicy);
    expect(result.verified && result.references.map(({ node }) => node)).toEqual([signature.parentNode]);
  });

  it.each([
    ['content changed', (t: string) => t.replace('100', '900'), 'digest'],
    ['a comment in the content', (t: string) => t.replace('ALICE', 'ALI<!---->CE'), 'comment'],
    ['an instruction in the content', (t: string) => t.replace('ALICE', 'ALI<?x?>CE'), 'comment'],
    ['CDATA in the content', (t: string) => t.replace('ALICE', '<![CDATA[ALICE]]>'), 'comment'],
    ['a comment in the digest', (t: string) => t.replace('<ds:DigestValue>', '<ds:DigestValue><!---->'), 'comment'],
    ['an element added', (t: string) => t.replace('</m:msg>', '<m:x/></m:msg>'), 'digest'],
    [
      'the value of the signature changed',
      (t: string) => t.replace(/SignatureValue>../, 'SignatureValue>AA'),
      'signature-value',
    ],
    ['the signature removed from its value', (t: string) => t.replace(/(SignatureValue>)[^<]+/, '$1'), 'structure'],
    ['Base64 written another way', (t: string) => t.replace(/(SignatureValue>)/, '$1*'), 'structure'],
    ['SHA-1 announced', (t: string) => t.replace('xmldsig-more#rsa-sha256', 'xmldsig#rsa-sha1'), 'algorithm'],
    [
      'HMAC announced',
      (t: string) =>
        t.replace('http://www.w3.org/2001/04/xmldsig-more#rsa-sha256', 'http://www.w3.org/2000/09/xmldsig#hmac-sha1'),
      'algorithm',
    ],
    [
      'an algorithm named like a property of objects',
      (t: string) => t.replace('http://www.w3.org/2001/04/xmldsig-more#rsa-sha256', 'constructor'),
      'algorithm',
    ],
    ['MD5 digest', (t: string) => t.replace('xmlenc#sha256', 'xmldsig-more#md5'), 'algorithm'],
    [
      'an unknown canonicalization',
      (t: string) =>
        t.replace(
          'CanonicalizationMethod Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"',
          'CanonicalizationMethod Algorithm="urn:x"',
        ),
      'algorithm',
    ],
    [
      'an XSLT transform',
      (t: string) =>
        t.replace(
          'http://www.w3.org/2000/09/xmldsig#enveloped-signature',
          'http://www.w3.org/TR/1999/REC-xslt-19991116',
        ),
      'transform',
    ],
    [
      'an XPath transform',
      (t: string) =>
        t.replace(
          'http://www.w3.org/2000/09/xmldsig#enveloped-signature',
          'http://www.w3.org/TR/1999/REC-xpath-19991116',
        ),
      'transform',
    ],
    [
      'a filter with another expression',
      (t: string) =>
        t.replace(
          '<ds:Transform Algorithm="http://www.w3.org/2000/09/xmldsig#enveloped-signature"/>',
          '<ds:Transform Algorithm="http://www.w3.org/2002/06/xmldsig-filter2"><f:XPath xmlns:f="http://www.w3.org/2002/06/xmldsig-filter2" Filter="subtract">//*</f:XPath></ds:Transform>',
        ),
      'transform',
    ],
    [
      'a filter that intersects',
      (t: string) =>
        t.replace(
          '<ds:Transform Algorithm="http://www.w3.org/2000/09/xmldsig#enveloped-signature"/>',
          '<ds:Transform Algorithm="http://www.w3.org/2002/06/xmldsig-filter2"><f:XPath xmlns:f="http://www.w3.org/2002/06/xmldsig-filter2" Filter="intersect">/descendant::ds:Signature</f:XPath></ds:Transform>',
        ),
      'transform',
    ],
    [
      'a filter whose ds is another namespace',
      (t: string) =>
        t.replace(
          '<ds:Transform Algorithm="http://www.w3.org/2000/09/xmldsig#enveloped-signature"/>',
          '<ds:Transform Algorithm="http://www.w3.org/2002/06/xmldsig-filter2"><f:XPath xmlns:f="http://www.w3.org/2002/06/xmldsig-filter2" xmlns:ds="urn:x" Filter="subtract">/descendant::ds:Signature</f:XPath></ds:Transform>',
        ),
      'transform',
    ],
    [
      'a reference to another address',
      (t: string) => t.replace('URI="#_1"', 'URI="http://attacker.test/"'),
      'reference',
    ],
    ['a reference by XPointer', (t: string) => t.replace('URI="#_1"', 'URI="#xpointer(/)"'), 'reference'],
    ['a reference to nothing', (t: string) => t.replace('URI="#_1"', 'URI="#_2"'), 'reference'],
    ['no reference', (t: string) => t.replace(/<ds:Reference .*<\/ds:Reference>/, ''), 'structure'],
    ['eleven references', (t: string) => t.replace(/(<ds:Reference .*<\/ds:Reference>)/, '$1'.repeat(11)), 'structure'],
    ['two SignedInfo', (t: string) => t.replace(/(<ds:SignedInfo>.*<\/ds:SignedInfo>)/, '$1$1'), 'structure'],
    [
      'parameters on the method',
      (t: string) =>
        t.replace(
          /(<ds:SignatureMethod [^>]*)\/>/,
          '$1><ds:HMACOutputLength>0</ds:HMACOutputLength></ds:SignatureMethod>',
        ),
      'algorithm',
    ],
  ] as [string, (text: string) => string, string][])('refuses %s', (_name, attack, reason) => {
    const text = attack(signed);
    expect(text).not.toBe(signed);
    expect(verdict(text)).toBe(reason);
  });

  it('wrapping: the signed element moved aside, a forged one in its place', () => {
    const forged = signed.replace('ALICE', 'MALLORY').replace(/<ds:Signature.*<\/ds:Signature>/, '');
    // Same Id twice: which of the two is meant cannot be said.
    expect(verdict(`<e>${forged}${signed}</e>`)).toBe('duplicate-id');
    expect(verdict(`<e>${forged.replace('ID="_1"', 'Id="_1"')}${signed}</e>`)).toBe('duplicate-id');
    expect(verdict(`<e>${forged.replace('ID="_1"', 'xmlns:w="urn:w" w:Id="_1"')}${signed}</e>`)).toBe('duplicate-id');
    // Another Id on the forgery: the signature verifies, and names the element that was signed, not the forged one.
    const moved = `<e>${forged.replace('ID="_1"', 'ID="_9"')}<w>${signed}</w></e>`;
    const signature = signatureOf(moved);
    const result = verifySignature(signature, key, modernPolicy);
    const read = result.verified ? (result.references[0]?.node as XmlElement) : undefined;
    expect(selectOne('m:to', read as XmlElement, { m: 'urn:m' })?.textContent).toBe('ALICE');
    // The signature stolen into a forged parent: it covers an element that is not its parent.
    const stolen = `<m:msg xmlns:m="urn:m" ID="_9"><m:to>MALLORY</m:to>${/<ds:Signature.*<\/ds:Signature>/.exec(signed)?.[0]}<o>${signed.replace(/<ds:Signature.*<\/ds:Signature>/, '')}</o></m:msg>`;
    const second = verifySignature(signatureOf(stolen), key, modernPolicy);
    expect(second.verified && second.references[0]?.node === signatureOf(stolen).parentNode).toBe(false);
  });

  it('keys: another one, a short one, another kind, a shared secret', async () => {
    expect(verdict(signed, createPublicKey(other.key))).toBe('signature-value');
    expect(verdict(signed, createPublicKey(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey))).toBe('key');
    expect(verdict(signed, createPublicKey(generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey))).toBe(
      'key',
    );
    expect(verdict(signed, identity.key)).toBe('key');
    // The public key used as the secret of an HMAC.
    const hmac = signed.replace(
      'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256',
      'http://www.w3.org/2001/04/xmldsig-more#hmac-sha256',
    );
    const info = canonicalize(selectOne('//*[local-name()="SignedInfo"]', parseXml(hmac)) as XmlElement, {
      exclusive: true,
      withComments: false,
    });
    const mac = createHmac('sha256', key.export({ format: 'pem', type: 'spki' }))
      .update(info)
      .digest('base64');
    expect(verdict(hmac.replace(/(SignatureValue>)[^<]+/, `$1${mac}`))).toBe('algorithm');
  });

  it('SHA-1 only where it is allowed, even correctly made', async () => {
    const old = await signEnveloped({ before: '<a ID="_1">', after: '</a>', id: '_1', hash: 'sha1' }, signer);
    expect(verdict(old)).toBe('algorithm');
    expect(verdict(old, key, sha1TolerantPolicy)).toBe('verified');
  });

  it('each one-byte change of what is signed is refused', () => {
    const end = signed.indexOf('<ds:KeyInfo>');
    for (let at = 0; at < signed.length; at += 1) {
      if (at === end) at = signed.indexOf('</ds:KeyInfo>') + 13;
      const altered = signed.slice(0, at) + String.fromCharCode(signed.charCodeAt(at) ^ 1) + signed.slice(at + 1);
      let outcome: string;
      try {
        outcome = verdict(altered);
      } catch {
        outcome = 'unreadable';
      }
      if (outcome === 'verified') throw new Error(`verified with ${altered.slice(Math.max(0, at - 20), at + 5)}`);
    }
  });

  describe('XAdES', () => {
    let xades: string;
    beforeAll(async () => {
      xades = await signSubmissionSet(request(), signer);
    });
    const request = (): Parameters<typeof signSubmissionSet>[0] => ({
      signatureUniqueId: '2.25.1',
      submissionSetUniqueId: '1.2.3',
      documents: [{ uniqueId: '1.2.4', content: Buffer.from('KOS') }],
      signingTime: new Date('2026-11-21T10:00:00Z'),
    });
    const reason = (text: string): string => {
      const result = verifyXades(signatureOf(text), modernPolicy);
      return result.verified ? 'verified' : result.reason;
    };
    const certificate = (one: IssuedIdentity): string => one.certificate.toString('base64');

    it('a sound one verifies', () => expect(reason(xades)).toBe('verified'));

    it.each([
      ['the signing time', (t: string) => t.replace('2026-11-21T10', '2026-11-22T10'), 'digest'],
      ['the manifest', (t: string) => t.replace('urn:oid:1.2.4', 'urn:oid:1.2.5'), 'digest'],
      ['the certificate exchanged', (t: string) => t.replace(certificate(identity), certificate(other)), 'certificate'],
      ['no certificate', (t: string) => t.replace(/<KeyInfo>.*<\/KeyInfo>/, ''), 'certificate'],
      [
        'eleven certificates',
        (t: string) => t.replace(/(<X509Certificate>.*<\/X509Certificate>)/, '$1'.repeat(11)),
        'certificate',
      ],
      ['rubbish for a certificate', (t: string) => t.replace(certificate(identity), 'AAAA'), 'certificate'],
      [
        'another Target',
        (t: string) => t.replace('v1.1.1#" Target="#2.25.1"', 'v1.1.1#" Target="#2.25.2"'),
        'signed-properties',
      ],
      ['another version', (t: string) => t.replaceAll('01903/v1.1.1#', '01903/v9#'), 'signed-properties'],
      [
        'no qualifying properties',
        (t: string) => t.replace(/<QualifyingProperties.*<\/QualifyingProperties>/, ''),
        'signed-properties',
      ],
      [
        'properties twice',
        (t: string) => t.replace(/(<QualifyingProperties.*<\/QualifyingProperties>)/, '$1$1'),
        'signed-properties',
      ],
      [
        'no signing certificate',
        (t: string) => t.replace(/<SigningCertificate>.*<\/SigningCertificate>/, ''),
        'certificate',
      ],
    ] as [string, (text: string) => string, string][])('refuses a change of %s', (_name, attack, expected) => {
      const text = attack(xades);
      expect(text).not.toBe(xades);
      expect(reason(text)).toBe(expected);
    });

    it.each([
      ['without the reference to the properties', /<Reference Type="http:\/\/uri[^>]*>.*?<\/Reference>/, ''],
      ['whose reference has another Type', 'Type="http://uri.etsi.org/01903/v1.1.1#SignedProperties"', 'Type="urn:x"'],
      ['whose reference has no Type', ' Type="http://uri.etsi.org/01903/v1.1.1#SignedProperties"', ''],
    ] as [string, RegExp | string, string][])('refuses one %s, though correctly signed', (_name, from, to) => {
      const text = xades.replace(from, to);
      const info = canonicalize(selectOne('//*[local-name()="SignedInfo"]', parseXml(text)) as XmlElement, {
        exclusive: false,
        withComments: true,
      });
      const value = createSign('sha256').update(info).sign(identity.key, 'base64');
      expect(reason(text.replace(/(<SignatureValue>)[^<]+/, `$1${value}`))).toBe('signed-properties');
    });

    it('is not made of nothing, or with a name that is no OID', async () => {
      await expect(signSubmissionSet({ ...request(), documents: [] }, signer)).rejects.toThrow(TypeError);
      await expect(signSubmissionSet({ ...request(), signatureUniqueId: 'x"' }, signer)).rejects.toThrow(TypeError);
      expect(() => createSigner(identity.key, [other.certificate])).toThrow(TypeError);
      expect(() => createSigner(identity.key, [])).toThrow(TypeError);
      const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
      expect(() => createSigner(ec, [identity.certificate])).toThrow(TypeError);
    });
  });
});
