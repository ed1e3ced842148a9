import {
  defaultXmlLimits,
  escapeXml,
  parseXml,
  parseXmlRoot,
  select,
  selectOne,
  selectText,
  textOf,
  XmlRefusedError,
} from './index';

const reasonOf = (source: string | Uint8Array, limits = {}): string => {
  try {
    parseXml(source, limits);
  } catch (error) {
    if (error instanceof XmlRefusedError) return error.reason;
    throw error;
  }
  return 'accepted';
};

describe('parseXml', () => {
  it.each([
    ['plain', '<a/>'],
    ['declaration and comment', '<?xml version="1.0" encoding="UTF-8"?><!-- x --><a><![CDATA[<!DOCTYPE]]></a>'],
    ['a > inside a quoted value', '<a b="x>y" c=\'">"\'/>'],
    ['the odd comments of report headers', '<a><!--<!-\\- b -\\->--></a>'],
    ['predefined and numeric entities', '<a>&amp;&#233;&#xE9;</a>'],
  ])('reads %s', (_name, text) => expect(reasonOf(text)).toBe('accepted'));

  it.each([
    ['nothing', '', 'empty'],
    ['white space', ' \n', 'empty'],
    ['an external entity', '<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]><a>&e;</a>', 'doctype'],
    ['an entity bomb', '<!DOCTYPE a [<!ENTITY b "xx"><!ENTITY c "&b;&b;">]><a>&c;</a>', 'doctype'],
    ['a doctype in lower case', '<!doctype html><a/>', 'doctype'],
    ['a doctype after a comment', '<!-- --><!DOCTYPE a><a/>', 'doctype'],
    ['an undeclared entity', '<a>&eacute;</a>', 'not-well-formed'],
    ['mismatched tags', '<a><b></a></b>', 'not-well-formed'],
    ['two roots', '<a/><b/>', 'not-well-formed'],
    ['text outside the root', '<a/>x', 'not-well-formed'],
    ['an unquoted attribute', '<a b=c/>', 'not-well-formed'],
    ['a repeated attribute', '<a b="1" b="2"/>', 'not-well-formed'],
    ['an unbound prefix', '<p:a/>', 'not-well-formed'],
    ['an unfinished tag', '<a', 'not-well-formed'],
    ['an unfinished comment', '<a><!-- </a>', 'not-well-formed'],
    ['a control character', '<a>\u0001</a>', 'character'],
    ['a reference to NUL', '<a>&#0;</a>', 'character'],
    ['a reference to a surrogate', '<a>&#xD800;</a>', 'character'],
    ['no root', '<?xml version="1.0"?>', 'not-well-formed'],
  ])('refuses %s', (_name, text, reason) => expect(reasonOf(text)).toBe(reason));

  it('holds both sides of each limit', () => {
    const nested = (depth: number): string => '<a>'.repeat(depth) + '</a>'.repeat(depth);
    expect(reasonOf(nested(100))).toBe('accepted');
    expect(reasonOf(nested(101))).toBe('too-deep');
    expect(reasonOf(`<a>${'<b/>'.repeat(9)}</a>`, { elementsMax: 10 })).toBe('accepted');
    expect(reasonOf(`<a>${'<b/>'.repeat(10)}</a>`, { elementsMax: 10 })).toBe('too-many-elements');
    expect(reasonOf('<a x="" y=""/>', { attributesMax: 2 })).toBe('accepted');
    expect(reasonOf('<a x="" y="" z=""/>', { attributesMax: 2 })).toBe('too-many-attributes');
    expect(reasonOf('<a>12345678</a>', { sizeMax: 15 })).toBe('accepted');
    expect(reasonOf('<a>12345678</a>', { sizeMax: 14 })).toBe('too-large');
    expect(defaultXmlLimits.sizeMax).toBeGreaterThan(20_000_000);
  });

  it('refuses a deep bomb at once, before a tree is built', () => {
    expect(reasonOf('<a>'.repeat(1_000_000))).toBe('too-deep');
  });

  it('reads bytes in the declared encoding and refuses lying ones', () => {
    const latin = Buffer.from('<?xml version="1.0" encoding="ISO-8859-1"?><a>é</a>', 'latin1');
    expect(textOf(parseXmlRoot(latin))).toBe('é');
    expect(textOf(parseXmlRoot(Buffer.from('\ufeff<a>é</a>', 'utf8')))).toBe('é');
    expect(textOf(parseXmlRoot(Buffer.from('\ufeff<a>é</a>', 'utf16le')))).toBe('é');
    expect(reasonOf(Buffer.from('<a>é</a>', 'latin1'))).toBe('encoding');
    expect(reasonOf(Buffer.from('<?xml version="1.0" encoding="EBCDIC-X"?><a/>'))).toBe('encoding');
  });

  it('never quotes the document in its message', () => {
    expect(() => parseXml('<patient>DUPONT</patience>')).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining('DUPONT') }),
    );
  });
});

describe('XPath helpers', () => {
  const namespaces = { h: 'urn:h' } as const;
  const document = parseXml('<x xmlns="urn:h"><id root="1.2"/><id root="3"/> <t> two </t><e/><f xmlns="">no</f></x>');

  it('selects by expanded name', () => {
    expect(select('/h:x/h:id', document, namespaces)).toHaveLength(2);
    expect(selectOne('//h:f', document, namespaces)).toBeUndefined();
    expect(selectText('//h:t', document, namespaces)).toBe('two');
    expect(selectText('//h:id[2]/@root', document, namespaces)).toBe('3');
    expect(selectText('//h:e', document, namespaces)).toBe('');
    expect(selectText('//h:none', document, namespaces)).toBeUndefined();
    expect(selectText('count(//h:id)', document, namespaces)).toBe('2');
  });

  it('escapes so that any text comes back', () => {
    const text = `a<b>&"c'd\te\r\né𝄞`;
    const root = parseXmlRoot(`<a v="${escapeXml(text)}">${escapeXml(text)}</a>`);
    expect(root.getAttribute('v')).toBe(text);
    expect(root.textContent).toBe(text);
    expect(parseXmlRoot(`<a>${escapeXml('x\u0000\ud800y')}</a>`).textContent).toBe('x\ufffd\ufffdy');
  });
});
