import { X509Certificate, type KeyObject } from 'node:crypto';
import { SignedXml } from 'xml-crypto';
import { createSigningAuthority, type IssuedIdentity } from '../../../test/support/signing-authority';
import {
  createSigner,
  modernPolicy,
  parseXml,
  parseXmlRoot,
  selectText,
  select,
  sha1TolerantPolicy,
  signaturesIn,
  verifySignature,
  type Signer,
  type XmlElement,
} from '../xmlsec';
import { buildVihf, type VihfContext } from './index';

const namespaces = { s: 'urn:oasis:names:tc:SAML:2.0:assertion', h: 'urn:hl7-org:v3' } as const;

const context = (change: Partial<VihfContext> = {}): VihfContext => ({
  version: '3.0',
  mode: 'INDIRECTE',
  professional: {
    nationalId: '899700367909',
    givenName: 'KIT',
    familyName: 'DOC0036790 & Fils <x>',
    roles: [
      { code: '10', system: '1.2.250.1.71.1.2.7', label: 'Médecin' },
      { code: 'SM44', system: '1.2.250.1.71.4.2.5', label: 'Radio-diagnostic (SM)' },
    ],
  },
  structure: { id: '1750803447', sector: { code: 'SA25', system: '1.2.250.1.71.4.2.4' } },
  software: { id: '1', name: 'DRIMbox', version: '0.1', homologation: 'DMP-1' },
  ins: { matricule: '279035121518989', oid: '1.2.250.1.213.1.4.10' },
  ...change,
});
const moment = { issuedAt: new Date('2026-11-21T10:00:00Z'), uuid: '4fd9a3c1-0001-4000-8000-00000000abcd' };

describe('VIHF', () => {
  let identity: IssuedIdentity;
  let signer: Signer;

  beforeAll(async () => {
    const authority = await createSigningAuthority();
    identity = await authority.issue({ name: 'CN=DRIMbox,OU=318751275100020,O=CABINET É,ST=Paris (75),C=FR' });
    signer = createSigner(identity.key, [identity.certificate]);
  });

  const build = async (change: Partial<VihfContext> = {}): Promise<string> => {
    const result = await buildVihf(context(change), moment, signer);
    if (!result.ok) throw new Error(result.reason);
    return result.xml;
  };
  const publicKey = (): KeyObject => new X509Certificate(identity.certificate).publicKey;
  const attribute = (root: XmlElement, name: string): string | undefined =>
    selectText(`//s:Attribute[@Name='${name}']/s:AttributeValue`, root, namespaces);

  it('says who, for which structure, about whom', async () => {
    const root = parseXmlRoot(await build());
    expect(root.getAttribute('ID')).toBe(`_${moment.uuid}`);
    expect(root.getAttribute('IssueInstant')).toBe('2026-11-21T10:00:00.000Z');
    expect(selectText('/s:Assertion/s:Issuer', root, namespaces)).toBe(
      'CN=DRIMbox, OU=318751275100020, O=CABINET É, ST=Paris (75), C=FR',
    );
    expect(selectText('//s:NameID', root, namespaces)).toBe('899700367909');
    expect(attribute(root, 'VIHF_Version')).toBe('3.0');
    expect(attribute(root, 'Authentification_Mode')).toBe('INDIRECTE');
    expect(attribute(root, 'Identifiant_Structure')).toBe('1750803447');
    expect(attribute(root, 'Secteur_Activite')).toBe('SA25^1.2.250.1.71.4.2.4');
    expect(attribute(root, 'urn:oasis:names:tc:xspa:1.0:subject:subject-id')).toBe('KIT DOC0036790 & Fils <x>');
    expect(attribute(root, 'urn:oasis:names:tc:xacml:2.0:resource:resource-id')).toBe(
      '279035121518989^^^&1.2.250.1.213.1.4.10&ISO^NH',
    );
    expect(select('//h:Role', root, namespaces).map((role) => role.getAttribute('code'))).toEqual(['10', 'SM44']);
    expect(selectText('//h:PurposeOfUse/@code', root, namespaces)).toBe('normal');
    expect(attribute(root, 'urn:oasis:names:tc:xspa:1.0:resource:patient:hl7:confidentiality-code')).toBeUndefined();
    expect(selectText('//s:AuthnContextDecl', root, namespaces)).toBeUndefined();
  });

  it('says how the professional was authenticated, and asks for secrecy', async () => {
    const root = parseXmlRoot(await build({ version: '4.0', mode: 'INDIRECTE_RENFORCEE', secretConnection: true }));
    expect(attribute(root, 'VIHF_Version')).toBe('4.0');
    expect(attribute(root, 'Authentification_Mode')).toBe('INDIRECTE_RENFORCEE');
    expect(selectText('//s:AuthnContextDecl', root, namespaces)).toBe('APP_BROWSER_AUTH');
    expect(selectText('//h:ConfidentialityCode/@code', root, namespaces)).toBe('CONNEXION_SECRETE');
  });

  it.each(['sha256', 'sha1'] as const)(
    'is signed with %s: accepted by our verifier and by xml-crypto, in an envelope',
    async (hash) => {
      const xml = await build({ hash });
      const envelope = `<soap:Envelope xmlns:soap="http://www.w3.org/2003/05/soap-envelope" xmlns="urn:x"><soap:Header>${xml}</soap:Header></soap:Envelope>`;
      for (const text of [xml, envelope]) {
        const signature = signaturesIn(parseXml(text))[0];
        expect(signature.parentNode?.nodeName).toBe('saml2:Assertion');
        const result = verifySignature(signature, publicKey(), sha1TolerantPolicy);
        expect(result.verified && result.references[0]?.node === signature.parentNode).toBe(true);
        expect(verifySignature(signature, publicKey(), modernPolicy).verified).toBe(hash === 'sha256');
        const independent = new SignedXml({ publicCert: identity.certificatePem, getCertFromKeyInfo: () => null });
        independent.loadSignature(text.slice(text.indexOf('<ds:Signature '), text.indexOf('</ds:Signature>') + 15));
        expect(independent.checkSignature(text)).toBe(true);
      }
    },
  );

  it.each([
    ['ins', { ins: { matricule: '279035121518989^^^&1.2&ISO', oid: '1.2.250.1.213.1.4.10' } }],
    ['ins', { ins: { matricule: '2790351215189', oid: '1.2.250.1.213.1.4.10' } }],
    ['ins', { ins: { matricule: '279035121518989', oid: 'x' } }],
    ['professional-id', { professional: { ...context().professional, nationalId: '' } }],
    ['professional-name', { professional: { ...context().professional, familyName: ' ' } }],
    ['roles', { professional: { ...context().professional, roles: [] } }],
    ['structure-id', { structure: { ...context().structure, id: '' } }],
    ['sector', { structure: { ...context().structure, sector: { code: 'SA25^', system: '1.2' } } }],
    ['software', { software: { ...context().software, homologation: '' } }],
    ['purpose', { purposeOfUse: { code: '', system: '1.2', label: 'x' } }],
  ] as const)('refuses to be built without a sound %s', async (reason, change) => {
    expect(await buildVihf(context(change), moment, signer)).toEqual({ ok: false, reason });
  });

  it('refuses an identifier or a moment that cannot be', async () => {
    expect(await buildVihf(context(), { ...moment, uuid: 'x' }, signer)).toEqual({ ok: false, reason: 'uuid' });
    const later = { ...moment, authenticatedAt: new Date('2026-11-21T10:00:01Z') };
    expect(await buildVihf(context(), later, signer)).toEqual({ ok: false, reason: 'authentication-time' });
  });
});
