import { parseXmlRoot } from '../xmlsec';
import { nativeXml } from './native-xml';

const inside = (xml: string) => xml.replace(/^.*?preserve">/, '').replace('</NativeDicomModel>', '');

describe('Native DICOM Model', () => {
  it('writes each attribute with its keyword and values in order', () => {
    const xml = inside(
      nativeXml({
        '00080060': { vr: 'CS', Value: ['CT', null, 'MR'] },
        '00080005': { vr: 'CS', Value: ['ISO_IR 192'] },
      }),
    );
    expect(xml).toBe(
      '<DicomAttribute tag="00080005" vr="CS" keyword="SpecificCharacterSet"><Value number="1">ISO_IR 192</Value></DicomAttribute>' +
        '<DicomAttribute tag="00080060" vr="CS" keyword="Modality"><Value number="1">CT</Value><Value number="3">MR</Value></DicomAttribute>',
    );
  });

  it('writes names, items, binary values and their addresses', () => {
    const xml = nativeXml({
      '00100010': { vr: 'PN', Value: [{ Alphabetic: 'ÉPREUVE^JEAN^^DR', Phonetic: 'x' }] },
      '00101002': { vr: 'SQ', Value: [{ '00100020': { vr: 'LO', Value: ['1'] } }, {}] },
      '00282000': { vr: 'OB', InlineBinary: 'AAE=' },
      '7FE00010': { vr: 'OW', BulkDataURI: '../frames/1?a=1&b="2"' },
    });
    expect(xml).toContain(
      '<PersonName number="1"><Alphabetic><FamilyName>ÉPREUVE</FamilyName><GivenName>JEAN</GivenName><NamePrefix>DR</NamePrefix></Alphabetic>' +
        '<Phonetic><FamilyName>x</FamilyName></Phonetic></PersonName>',
    );
    expect(xml).toContain('<Item number="1"><DicomAttribute tag="00100020"');
    expect(xml).toContain('<Item number="2"></Item>');
    expect(xml).toContain('<InlineBinary>AAE=</InlineBinary>');
    expect(xml).toContain('<BulkData uri="../frames/1?a=1&amp;b=&quot;2&quot;"/>');
  });

  it('names the creator of private elements, whose block is shown as 00', () => {
    const xml = inside(
      nativeXml({ '00091001': { vr: 'LO', Value: ['x'] }, '00090010': { vr: 'LO', Value: ['A & B'] } }),
    );
    expect(xml).toBe(
      '<DicomAttribute tag="00090010" vr="LO"><Value number="1">A &amp; B</Value></DicomAttribute>' +
        '<DicomAttribute tag="00090001" vr="LO" privateCreator="A &amp; B"><Value number="1">x</Value></DicomAttribute>',
    );
  });

  it('is well-formed whatever the values hold', () => {
    const nasty = '<&>"\u0000\u001b\ud800]]>\ufffe ok';
    const root = parseXmlRoot(nativeXml({ '00081030': { vr: 'LO', Value: [nasty] } }));
    expect(root.textContent).toBe('<&>"]]> ok');
  });
});
