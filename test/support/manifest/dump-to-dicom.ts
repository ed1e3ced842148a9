import { DOMParser, Element as XmlElement } from '@xmldom/xmldom';
import { readFileSync } from 'node:fs';
import dcmjs from 'dcmjs';

/**
 * Rebuilds the DICOM file of which `dcm2xml` made an XML dump. The ANS publishes manifests in this form. dcmjs writes
 * them, so that what we read was not written by us; line breaks inside attribute values stay as they are.
 */
export function dicomOfDump(path: string): Buffer {
  // xmldom reads the text; the announced ISO-8859-1 is the real encoding of these files.
  const xml = readFileSync(path).toString('latin1');
  const document = new DOMParser().parseFromString(xml, 'text/xml');
  const dataset = children(document.documentElement!, 'data-set')[0];
  const meta = children(document.documentElement!, 'meta-header')[0];
  dcmjs.log.setLevel('error');
  const dict = new dcmjs.data.DicomDict({
    ...elements(meta, ['00020000', '00020001', '00020010']),
    '00020010': { vr: 'UI', Value: ['1.2.840.10008.1.2.1'] },
  });
  dict.dict = elements(dataset);
  return Buffer.from(dict.write({ allowInvalidVRLength: true }));
}

type Elements = Record<string, { vr: string; Value: unknown[] }>;

function elements(parent: XmlElement, without: string[] = []): Elements {
  const found: Elements = {};
  for (const element of children(parent, 'element')) {
    const tag = element.getAttribute('tag')!.replace(',', '').toUpperCase();
    if (without.includes(tag)) continue;
    found[tag] = { vr: element.getAttribute('vr')!, Value: values(element) };
  }
  for (const sequence of children(parent, 'sequence')) {
    const tag = sequence.getAttribute('tag')!.replace(',', '').toUpperCase();
    found[tag] = { vr: 'SQ', Value: children(sequence, 'item').map((item) => elements(item)) };
  }
  return found;
}

function values(element: XmlElement): unknown[] {
  const vr = element.getAttribute('vr')!;
  const text = element.textContent ?? '';
  if (text === '') return [];
  const split = ['UT', 'LT', 'UR'].includes(vr) ? [text] : text.split('\\');
  return vr === 'PN' ? split.map((name) => ({ Alphabetic: name })) : split;
}

function children(parent: XmlElement, name: string): XmlElement[] {
  return Array.from(parent.childNodes).filter(
    (node): node is XmlElement => node.nodeType === 1 && node.nodeName === name,
  );
}
