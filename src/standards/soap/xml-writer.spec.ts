import fc from 'fast-check';
import { parseXmlRoot } from '../xmlsec';
import { element, fragment } from './index';

describe('XML by construction', () => {
  it('escapes text and attributes, whatever they hold', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (text, attribute) => {
        const root = parseXmlRoot(element('a', { b: attribute }, element('c', {}, text)).text);
        const writable = (value: string) =>
          value.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '\ufffd');
        expect(root.getAttribute('b')).toBe(writable(attribute));
        expect(root.textContent).toBe(writable(text));
        expect(root.getElementsByTagName('*')).toHaveLength(1);
      }),
    );
  });

  it('leaves out what is undefined and keeps what is empty', () => {
    expect(element('a', { b: undefined, c: '' }, undefined, [element('d', {}), undefined]).text).toBe(
      '<a c=""><d/></a>',
    );
  });

  it('takes markup only from fragments', () => {
    expect(element('a', {}, '<b/>', fragment('<b/>')).text).toBe('<a>&lt;b/&gt;<b/></a>');
  });

  it.each(['', '1a', 'a b', 'a>', 'a:b:c'])('refuses %j as a name', (name) => {
    expect(() => element(name)).toThrow(TypeError);
    expect(() => element('a', { [name]: 'x' })).toThrow(TypeError);
  });
});
