import { createSign } from 'node:crypto';
import {
  createSigningAuthority,
  type IssuedIdentity,
  type SigningAuthority,
} from '../../../test/support/signing-authority';
import { listDocument, signEnvelopedList, signWithFilter2 } from '../../../sandbox/whitelist';
import { canonicalize, parseXml, selectOne, type XmlElement } from '../xmlsec';
import { hostName, verifyWhiteList, WhiteListIndex, type WhiteListPolicy } from './index';

/** Lists are signed by the sandbox's own code (xml-crypto, xadesjs), never by ours. */
const gateways = [
  {
    db: 'db1.example.fr',
    vi: 'vi1.example.fr',
    dn: "CN=db1.example.fr,OU=123456789012345,O=HÔPITAL,ST=Côte-d'Or (21),C=FR",
  },
  { db: 'db2.example.fr', dn: 'CN=db2.example.fr,OU=123456789012345,O=A\\, B & C,ST=Paris (75),C=FR' },
];
const generatedAt = new Date('2026-11-20T00:00:00Z');
const at = new Date('2026-11-21T00:00:00Z');

const policy = (change: Partial<WhiteListPolicy> = {}): WhiteListPolicy => ({
  at,
  signer: { commonName: 'Liste Blanche DRIM-M', organizationalUnit: '318751275100020' },
  trust: () => undefined,
  strictForm: true,
  ...change,
});
const reason = (text: string, change: Partial<WhiteListPolicy> = {}): string => {
  const verdict = verifyWhiteList(Buffer.from(text), policy(change));
  return verdict.accepted ? 'accepted' : verdict.reason;
};

describe('a signed list', () => {
  let authority: SigningAuthority;
  let signer: IssuedIdentity;
  let list: string;
  let enveloped: string;
  const issue = (name: string, more = {}): Promise<IssuedIdentity> => authority.issue({ name, ...more });
  const signedBy = (identity: IssuedIdentity, when = at): string =>
    signWithFilter2(
      listDocument(gateways, generatedAt),
      { key: identity.key, certificate: identity.certificate },
      when,
    );

  beforeAll(async () => {
    authority = await createSigningAuthority();
    signer = await issue('CN=Liste Blanche DRIM-M,OU=318751275100020,O=AGENCE,ST=Paris (75),C=FR');
    list = signedBy(signer);
    enveloped = await signEnvelopedList(listDocument(gateways, generatedAt), signer, at);
  });

  it('is accepted in both forms', () => {
    expect(reason(list)).toBe('accepted');
    expect(reason(enveloped)).toBe('accepted');
  });

  it('answers by certificate subject and by host', async () => {
    const verdict = verifyWhiteList(Buffer.from(list), policy());
    if (!verdict.accepted) throw new Error(verdict.reason);
    const index = new WhiteListIndex(verdict.list);
    const same = await issue("C=FR,ST=CÔTE-D'OR (21),O=hôpital,OU=123456789012345,CN=DB1.example.fr");
    const accent = await issue("CN=db1.example.fr,OU=123456789012345,O=HOPITAL,ST=Côte-d'Or (21),C=FR");
    expect(index.forCertificate(same.certificate)).toMatchObject({ db: 'db1.example.fr', vi: 'vi1.example.fr' });
    expect(index.forCertificate(accent.certificate)).toBeUndefined();
    expect(index.forCertificate(Buffer.from('no certificate'))).toBeUndefined();
    expect(index.forHost('DB2.EXAMPLE.FR.')?.vi).toBeUndefined();
    expect(index.forHost('vi1.example.fr')).toBeUndefined();
    expect(index.forHost('db2.example.fr.attacker.test')).toBeUndefined();
    expect(index.forHost('db2.example.fr\u0000')).toBeUndefined();
  });

  it.each([
    ['an entry added', (t: string) => t.replace('</ListeDomaines>', '<Domaine/></ListeDomaines>'), 'signature'],
    ['an entry changed', (t: string) => t.replace('db2.example', 'db3.example'), 'signature'],
    ['a comment between entries', (t: string) => t.replace('<Domaine>', '<!-- x --><Domaine>'), 'form'],
    ['a comment after the root', (t: string) => `${t}<!-- x -->`, 'form'],
    ['the signature removed', (t: string) => t.replace(/<ds:Signature.*<\/ds:Signature>/s, ''), 'unsigned'],
    ['the signature twice', (t: string) => t.replace(/(<ds:Signature .*<\/ds:Signature>)/s, '$1$1'), 'coverage'],
    [
      'entries carried by a second signature',
      (t: string) =>
        t.replace(
          '</ListeDomaines>',
          '<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><Domaine/></ds:Signature></ListeDomaines>',
        ),
      'coverage',
    ],
    [
      'the signature moved into an entry',
      (t: string) => {
        const s = /<ds:Signature .*<\/ds:Signature>/s.exec(t)?.[0] ?? '';
        return t.replace(s, '').replace('</Domaine>', `${s}</Domaine>`);
      },
      'coverage',
    ],
    [
      'entries in an object of the signature',
      (t: string) =>
        t.replace('</ds:Signature>', '<ds:Object><Domaine><db>x</db></Domaine></ds:Object></ds:Signature>'),
      'form',
    ],
    ['another root around', (t: string) => `<r>${t.replace(/<\?.*\?>/, '')}</r>`, 'coverage'],
    ['a document type', (t: string) => t.replace('?>', '?><!DOCTYPE r>'), 'xml'],
    ['cut short', (t: string) => t.slice(0, -30), 'xml'],
    ['an unknown namespace', (t: string) => t.replace('DRIM-M_DATA', 'DRIM-N_DATA'), 'signature'],
    ['white space in a tag', (t: string) => t.replace('<db>', '<db >'), 'form'],
    ['a numeric reference', (t: string) => t.replace('support@', '&#115;upport@'), 'form'],
    ['the Id of the value', (t: string) => t.replace('Id="value-', 'Id="valve-'), 'form'],
    ['a wrapped certificate', (t: string) => t.replace('<ds:X509Certificate>', '<ds:X509Certificate>\n'), 'form'],
    ['a stray attribute', (t: string) => t.replace('<ds:KeyInfo>', '<ds:KeyInfo x="1">'), 'form'],
    ['a stray text', (t: string) => t.replace('<ds:X509Data>', '<ds:X509Data>x'), 'form'],
    [
      'a false subject name',
      (t: string) =>
        t.replace('<ds:X509Certificate>', '<ds:X509SubjectName>CN=x</ds:X509SubjectName><ds:X509Certificate>'),
      'form',
    ],
  ] as [string, (text: string) => string, string][])('refuses %s', (_name, attack, expected) => {
    const text = attack(list);
    expect(text).not.toBe(list);
    expect(reason(text)).toBe(expected);
  });

  it('without strict form accepts another writing of the same signed content, and no other content', () => {
    expect(reason(list.replace('Id="value-', 'Id="other-'), { strictForm: false })).toBe('accepted');
    expect(reason(list.replaceAll('\n', '\r\n'), { strictForm: false })).toBe('accepted');
    expect(reason(list.replace('<Domaine>', '<!-- x --><Domaine>'), { strictForm: false })).toBe('signature');
    expect(reason(list.replace('db2.example', 'db3.example'), { strictForm: false })).toBe('signature');
  });

  it('must be signed by the right name', async () => {
    expect(reason(signedBy(await issue('CN=Liste Blanche DRIM-N,OU=318751275100020,C=FR')))).toBe('signer-name');
    expect(reason(signedBy(await issue('CN=Liste Blanche DRIM-M,OU=318751275100021,C=FR')))).toBe('signer-name');
    expect(reason(signedBy(await issue('CN=Liste Blanche DRIM-M,C=FR')))).toBe('signer-name');
    // Several values: which of them is meant cannot be said.
    const twice = 'CN=x,CN=Liste Blanche DRIM-M,OU=318751275100020,C=FR';
    expect(reason(signedBy(await issue(twice)))).toBe('signer-name');
  });

  it('must be signed within the life of the certificate, which must be valid now', async () => {
    const name = 'CN=Liste Blanche DRIM-M,OU=318751275100020,C=FR';
    const past = await issue(name, { from: new Date('2026-01-01T00:00:00Z'), to: new Date('2026-11-20T12:00:00Z') });
    expect(reason(signedBy(past, new Date('2026-11-20T06:00:00Z')))).toBe('signer-expired');
    expect(reason(signedBy(past, new Date('2026-11-20T06:00:00Z')), { at: 'signing-time' })).toBe('accepted');
    expect(reason(signedBy(past, new Date('2026-11-21T06:00:00Z')), { at: new Date('2026-11-20T06:00:00Z') })).toBe(
      'signer-expired',
    );
    expect(reason(list, { at: new Date('2025-12-31T23:59:59Z') })).toBe('signer-not-yet-valid');
  });

  it.each(['signer-untrusted', 'signer-revoked', 'revocation-unknown'] as const)('hears the caller say %s', (fault) => {
    expect(reason(list, { trust: () => fault })).toBe(fault);
  });

  it('a correct signature over part of the document only is refused', () => {
    // The first reference pointed to the signed properties as well: everything verifies, nothing of the list is covered.
    const properties = /<ds:Reference Type=.*?<\/ds:Reference>/s.exec(list)?.[0] ?? '';
    const text = list.replace(
      /<ds:Reference Id=.*?<\/ds:Reference>/s,
      properties.replace('Type="http://uri.etsi.org/01903#SignedProperties" ', ''),
    );
    const info = canonicalize(selectOne('//*[local-name()="SignedInfo"]', parseXml(text)) as XmlElement, {
      exclusive: true,
      withComments: false,
    });
    const value = createSign('sha256').update(info).sign(signer.key, 'base64');
    expect(reason(text.replace(/(<ds:SignatureValue[^>]*>)[^<]+/, `$1${value}`))).toBe('signature');
  });

  it('entries that cannot be used admit nobody, the others stay', () => {
    const bad = [
      ...gateways,
      { db: 'not a host', dn: 'CN=a' },
      { db: 'db4.example.fr', dn: 'nonsense' },
      { db: 'db5.example.fr', vi: '<x>', dn: 'CN=a' },
    ];
    const text = signWithFilter2(listDocument(bad, generatedAt), signer, at);
    const verdict = verifyWhiteList(Buffer.from(text), policy());
    expect(verdict).toMatchObject({
      accepted: true,
      list: {
        entries: [{ db: 'db1.example.fr' }, { db: 'db2.example.fr' }],
        unusable: [
          { position: 3, field: 'db' },
          { position: 4, field: 'DNCertificatOperateur' },
          { position: 5, field: 'vi' },
        ],
      },
    });
  });
});

describe('host names', () => {
  it.each([
    ['db3.test.mesimagesmedicales.fr', true],
    ['LOCALHOST', true],
    ['127.0.0.1', true],
    ['a'.repeat(63), true],
    ['a'.repeat(64), false],
    ['-a.fr', false],
    ['a..fr', false],
    ['a_b.fr', false],
    ['a.fr:443', false],
    ['a.fr/x', false],
    ['é.fr', false],
    ['', false],
    [`${'a.'.repeat(126)}a`, true],
    [`${'a.'.repeat(127)}a`, false],
  ])('%s', (text, valid) => expect(hostName(text) !== undefined).toBe(valid));
});
