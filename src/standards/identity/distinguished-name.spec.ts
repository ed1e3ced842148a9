import {
  DerFault,
  distinguishedNameKey,
  dnValues,
  formatDistinguishedName,
  parseDistinguishedName,
  readDer,
  sameDistinguishedName,
  subjectRdns,
  type Rdn,
} from './distinguished-name';

const parsed = (text: string): readonly Rdn[] => {
  const result = parseDistinguishedName(text);
  if (!result.ok) throw new Error(`${text}: ${result.reason}`);
  return result.rdns;
};

const listed = 'CN=db3.test.mesimagesmedicales.fr,OU=318751275100020,O=AGENCE DU NUMERIQUE EN SANTE,ST=Paris (75),C=FR';

describe('distinguished names that are the same', () => {
  it.each([
    ['spaces after commas', listed, listed.replaceAll(',', ', ')],
    ['reverse order', listed, listed.split(',').reverse().join(',')],
    ['as Node prints it', listed, listed.split(',').reverse().join('\n')],
    ['another case', listed, listed.toLowerCase()],
    ['S for ST', listed, listed.replace('ST=', 'S=')],
    ['dotted types', listed, listed.replace('OU=', '2.5.4.11=').replace('CN=', 'OID.2.5.4.3=')],
    ['inner spaces', 'CN=a  b,C=FR', 'CN= a b ,C=FR'],
    ['non-breaking space', 'CN=a\u00a0b', 'CN=a b'],
    ['composed and decomposed accents', "ST=C\u00f4te-d'Or (21)", "ST=Co\u0302te-d'Or (21)"],
    ['accents in the other case', 'O=HÔPITAL', 'O=hôpital'],
    ['escaped UTF-8', 'O=H\\C3\\B4pital', 'O=Hôpital'],
    ['escaped comma and quotes', 'O=Foo\\, Inc', 'O="Foo, Inc"'],
    ['multi-valued, other order', 'OU=1+CN=a,C=FR', 'CN=a + OU=1,C=FR'],
    ['hexadecimal UTF8String', 'CN=#0c026162', 'CN=ab'],
    ['sharp s', 'O=STRASSE', 'O=straße'],
    ['full-width letters', 'O=ＡＢＣ', 'O=abc'],
  ])('%s', (_name, left, right) => {
    expect(sameDistinguishedName(parsed(left), parsed(right))).toBe(true);
    expect(distinguishedNameKey(parsed(left))).toBe(distinguishedNameKey(parsed(right)));
  });
});

describe('distinguished names that differ', () => {
  it.each([
    ['an accent', 'O=HOPITAL', 'O=HÔPITAL'],
    ['one digit of the OU', listed, listed.replace('100020', '100021')],
    ['an RDN more', listed, `${listed},C=FR`],
    ['an RDN less', listed, listed.replace(',C=FR', '')],
    ['another type', 'CN=a,O=b', 'CN=b,O=a'],
    ['an escaped separator', 'CN=a\\,OU=1', 'CN=a,OU=1'],
    ['multi-valued against single', 'CN=a+OU=1', 'CN=a,OU=1'],
    ['words run together', 'O=a b', 'O=ab'],
    ['one RDN twice, another missing', 'OU=1,OU=1,OU=2', 'OU=1,OU=2,OU=2'],
    ['a value holding what another attribute says', 'CN=x\\"\\,\\"2.5.4.11=y', 'CN=x,OU=y'],
  ])('%s', (_name, left, right) => expect(sameDistinguishedName(parsed(left), parsed(right))).toBe(false));

  it('never calls two empty names the same', () => expect(sameDistinguishedName([], [])).toBe(false));
});

describe('names refused', () => {
  it.each([
    ['', 'empty'],
    ['   ', 'empty'],
    ['CN=a,', 'attribute-type'],
    ['CN', 'attribute-type'],
    ['XX=a', 'attribute-type'],
    ['3.1=a', 'attribute-type'],
    ['CN=', 'attribute-value'],
    ['CN=#0', 'attribute-value'],
    ['CN=#zz', 'attribute-value'],
    ['CN=#0c05', 'attribute-value'],
    ['CN="a', 'escape'],
    ['CN=a"b"c', 'escape'],
    ['CN=a\\', 'escape'],
    [`CN=${'a'.repeat(2000)}`, 'too-long'],
  ])('%j', (text, reason) => expect(parseDistinguishedName(text)).toEqual({ ok: false, reason }));
});

describe('a name taken from the bytes of a certificate', () => {
  const tlv = (tag: number, ...parts: Buffer[]): Buffer => {
    const content = Buffer.concat(parts);
    const length = content.length < 0x80 ? [content.length] : [0x82, content.length >> 8, content.length & 0xff];
    return Buffer.concat([Buffer.from([tag, ...length]), content]);
  };
  const rdn = (value: Buffer, type = [0x55, 0x04, 0x03]): Buffer =>
    tlv(0x31, tlv(0x30, tlv(0x06, Buffer.from(type)), value));
  const certificate = (...rdns: Buffer[]): Buffer => {
    const name = tlv(0x30, ...rdns);
    return tlv(
      0x30,
      tlv(0x30, tlv(0xa0, tlv(2, Buffer.from([2]))), tlv(2, Buffer.from([1])), tlv(0x30), name, tlv(0x30), name),
    );
  };

  it('keeps what looks like a separator inside its value', () => {
    const subject = subjectRdns(certificate(rdn(tlv(0x0c, Buffer.from('db3.example\nOU=318751275100020,C=FR')))));
    expect(subject).toEqual([[{ oid: '2.5.4.3', value: 'db3.example\nOU=318751275100020,C=FR' }]]);
    expect(sameDistinguishedName(subject, parsed('CN=db3.example,OU=318751275100020,C=FR'))).toBe(false);
    expect(sameDistinguishedName(subject, parsed(formatDistinguishedName(subject)))).toBe(true);
  });

  it('reads each string type', () => {
    const utf16 = Buffer.from('é', 'utf16le').swap16();
    const values = [
      tlv(0x0c, Buffer.from('é')),
      tlv(0x13, Buffer.from('e')),
      tlv(0x14, Buffer.from([0xe9])),
      tlv(0x1e, utf16),
    ];
    expect(dnValues(subjectRdns(certificate(...values.map((value) => rdn(value)))), 'CN')).toEqual([
      'é',
      'e',
      'é',
      'é',
    ]);
    expect(dnValues(subjectRdns(certificate(rdn(tlv(0x04, Buffer.from([1]))))), 'cn')).toEqual(['#040101']);
  });

  it.each([
    ['nothing', Buffer.alloc(0)],
    ['random bytes', Buffer.from('hello world')],
    ['a cut certificate', certificate(rdn(tlv(0x0c, Buffer.from('a')))).subarray(0, 20)],
    ['an indefinite length', Buffer.from([0x30, 0x80, 0, 0])],
    ['a length that lies', Buffer.from([0x30, 0x84, 0xff, 0xff, 0xff, 0xff])],
  ])('refuses %s', (_name, bytes) => expect(() => subjectRdns(bytes)).toThrow(DerFault));

  it('walks DER without reading past the end', () => expect(() => readDer(Buffer.from([0x30]))).toThrow(DerFault));
});

describe('formatting', () => {
  it.each([
    [listed, listed],
    ['O=Foo\\, Inc', 'O=Foo\\, Inc'],
    ['CN=\\#a\\+b', 'CN=\\#a\\+b'],
    ['2.5.4.65=x', '2.5.4.65=x'],
  ])('%s', (text, expected) => {
    expect(formatDistinguishedName([...parsed(text)].reverse(), ',')).toBe(expected);
    expect(parsed(formatDistinguishedName(parsed(text)))).toEqual([...parsed(text)].reverse());
  });
});
