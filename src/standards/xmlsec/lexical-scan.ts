import { XmlLimits, XmlRefusedError } from './xml-limits';

/** XML 1.0 (5th edition) 2.2 Char: what may never appear, even escaped. */
const forbiddenCharacter = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/;

/**
 * One cheap pass over the text before any tree is built: refuses a DOCTYPE (and with it every entity but the five
 * predefined ones), forbidden characters, and documents beyond the limits. Well-formedness itself is the parser's task.
 */
export function scanLexically(text: string, limits: XmlLimits): void {
  if (text.length > limits.sizeMax) throw new XmlRefusedError('too-large', `more than ${limits.sizeMax} characters`);
  const forbidden = forbiddenCharacter.exec(text);
  if (forbidden) throw new XmlRefusedError('character', `forbidden character at ${forbidden.index}`);
  refuseForbiddenReferences(text);
  let depth = 0;
  let elements = 0;
  let at = text.indexOf('<');
  while (at !== -1) {
    const next = text[at + 1];
    if (next === '!') {
      at = skipMarkedSection(text, at);
    } else if (next === '?') {
      at = endOf(text, '?>', at + 2, 'processing instruction');
    } else if (next === '/') {
      depth -= 1;
      at = endOf(text, '>', at + 2, 'end tag');
    } else {
      const tag = scanStartTag(text, at, limits);
      elements += 1;
      if (elements > limits.elementsMax)
        throw new XmlRefusedError('too-many-elements', `more than ${limits.elementsMax}`);
      if (!tag.selfClosing) depth += 1;
      if (depth > limits.depthMax)
        throw new XmlRefusedError('too-deep', `more than ${limits.depthMax} levels at ${at}`);
      at = tag.end;
    }
    at = text.indexOf('<', at);
  }
}

function skipMarkedSection(text: string, at: number): number {
  if (text.startsWith('<!--', at)) return endOf(text, '-->', at + 4, 'comment');
  if (text.startsWith('<![CDATA[', at)) return endOf(text, ']]>', at + 9, 'CDATA section');
  throw new XmlRefusedError('doctype', `document type or entity declaration at ${at}`);
}

function endOf(text: string, mark: string, from: number, what: string): number {
  const end = text.indexOf(mark, from);
  if (end === -1) throw new XmlRefusedError('not-well-formed', `${what} without end, from ${from}`);
  return end + mark.length;
}

/** Finds the `>` of a start tag, stepping over quoted values, and counts the attributes on the way. */
function scanStartTag(text: string, at: number, limits: XmlLimits): { end: number; selfClosing: boolean } {
  let attributes = 0;
  let position = at + 1;
  for (;;) {
    const character = text[position];
    if (character === undefined || character === '<') {
      throw new XmlRefusedError('not-well-formed', `start tag without end, from ${at}`);
    }
    if (character === '>') return { end: position + 1, selfClosing: text[position - 1] === '/' };
    if (character === '"' || character === "'") {
      attributes += 1;
      if (attributes > limits.attributesMax) {
        throw new XmlRefusedError('too-many-attributes', `more than ${limits.attributesMax} at ${at}`);
      }
      position = endOf(text, character, position + 1, 'attribute value') - 1;
    }
    position += 1;
  }
}

/** `&#0;` and its kind are as forbidden as the characters themselves (XML 1.0, 4.1 Legal Character). */
function refuseForbiddenReferences(text: string): void {
  if (!text.includes('&#')) return;
  for (const match of text.matchAll(/&#(?:x([0-9a-fA-F]{1,8})|([0-9]{1,10}));/g)) {
    const code = match[1] === undefined ? Number.parseInt(match[2] ?? '', 10) : Number.parseInt(match[1], 16);
    const surrogate = code >= 0xd800 && code <= 0xdfff;
    if (code > 0x10ffff || surrogate || forbiddenCharacter.test(String.fromCodePoint(code))) {
      throw new XmlRefusedError('character', `reference to a forbidden character at ${match.index}`);
    }
  }
}
