import { C14nCanonicalization, ExclusiveCanonicalization } from 'xml-crypto';
import { canonicalize, parseXml, parseXmlRoot, selectOne, type XmlElement } from './index';

const exclusive = { exclusive: true, withComments: false } as const;
const inclusive = { exclusive: false, withComments: false } as const;

describe('canonical XML', () => {
  it.each([
    [
      'attributes and namespaces in order',
      '<a  z="1" b="2" xmlns:y="urn:y" xmlns="urn:d" y:c="3"/>',
      '<a xmlns="urn:d" xmlns:y="urn:y" b="2" z="1" y:c="3"></a>',
    ],
    [
      'quotes, references, CDATA',
      "<a b='\"&#9;&#10;&lt;'><![CDATA[<&>]]>&gt;&#13;</a>",
      '<a b="&quot;&#x9;&#xA;&lt;">&lt;&amp;&gt;&gt;&#xD;</a>',
    ],
    ['declarations repeated', '<a xmlns="urn:d"><b xmlns="urn:d"/></a>', '<a xmlns="urn:d"><b></b></a>'],
    ['default namespace undone', '<a xmlns="urn:d"><b xmlns=""/></a>', '<a xmlns="urn:d"><b xmlns=""></b></a>'],
    ['empty declaration without need', '<a xmlns=""><b/></a>', '<a><b></b></a>'],
    ['comment left out', '<a>x<!-- c -->y</a>', '<a>xy</a>'],
    ['instruction kept', '<a><?p  q ?></a>', '<a><?p q ?></a>'],
  ])('%s', (_name, text, expected) => expect(canonicalize(parseXmlRoot(text), inclusive)).toBe(expected));

  it('of a document keeps what stands around the root', () => {
    const document = parseXml('<?xml version="1.0"?>\n<!--a--><?p q?>\n<r/>\n<!--b-->');
    expect(canonicalize(document, inclusive)).toBe('<?p q?>\n<r></r>');
    expect(canonicalize(document, { ...inclusive, withComments: true })).toBe('<!--a-->\n<?p q?>\n<r></r>\n<!--b-->');
  });

  const text = '<a xmlns="urn:d" xmlns:u="urn:u" xmlns:x="urn:x" xml:lang="fr"><x:b u:c="1"><d/></x:b></a>';
  const inner = selectOne('//x:b', parseXml(text), { x: 'urn:x' }) as XmlElement;

  it('of an element in its place takes what it inherits (inclusive) or what it uses (exclusive)', () => {
    expect(canonicalize(inner, inclusive)).toBe(
      '<x:b xmlns="urn:d" xmlns:u="urn:u" xmlns:x="urn:x" xml:lang="fr" u:c="1"><d></d></x:b>',
    );
    expect(canonicalize(inner, exclusive)).toBe(
      '<x:b xmlns:u="urn:u" xmlns:x="urn:x" u:c="1"><d xmlns="urn:d"></d></x:b>',
    );
    expect(canonicalize(inner, { ...exclusive, inclusivePrefixes: [''] })).toBe(
      '<x:b xmlns="urn:d" xmlns:u="urn:u" xmlns:x="urn:x" u:c="1"><d></d></x:b>',
    );
  });

  it('agrees with an independent library on nested namespaces', () => {
    const samples = [
      text,
      '<p:a xmlns:p="urn:1"><p:a xmlns:p="urn:2"><q xmlns="urn:1" p:x="é"/></p:a></p:a>',
      '<a><b xmlns:z="urn:z" z:a="1" a="2"/></a>',
    ];
    for (const sample of samples) {
      const root = parseXmlRoot(sample);
      expect(canonicalize(root, exclusive)).toBe(new ExclusiveCanonicalization().process(root as never, {}));
      expect(canonicalize(root, inclusive)).toBe(new C14nCanonicalization().process(root as never, {}));
    }
  });
});
