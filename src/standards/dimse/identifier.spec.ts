import { decodeIdentifier, DimseFault, encodeIdentifier } from '.';
import { encodeElement, encodeItem, encodeSequence, encodeText, EXPLICIT_LITTLE } from '../dicom';

const explicit = '1.2.840.10008.1.2.1';
const implicit = '1.2.840.10008.1.2';

describe('identifiers', () => {
  it.each([explicit, implicit])('come back as they were in %s', (syntax) => {
    const keys = {
      StudyInstanceUID: '1.2.3',
      PatientName: 'LEFÈVRE^Zoé',
      QueryRetrieveLevel: 'STUDY',
      ModalitiesInStudy: '',
    };
    expect(decodeIdentifier(encodeIdentifier(keys, syntax), syntax)).toEqual({
      SpecificCharacterSet: ['ISO_IR 192'],
      QueryRetrieveLevel: ['STUDY'],
      StudyInstanceUID: ['1.2.3'],
      PatientName: ['LEFÈVRE^Zoé'],
      ModalitiesInStudy: [],
    });
  });

  it('writes several UIDs as one multiple value', () => {
    const bytes = encodeIdentifier({ SOPInstanceUID: ['1.2', '1.3'] }, explicit);
    expect(decodeIdentifier(bytes, explicit)).toEqual({ SOPInstanceUID: ['1.2', '1.3'] });
  });

  it('refuses a keyword that does not exist', () => {
    expect(() => encodeIdentifier({ PatientNames: '' }, explicit)).toThrow(RangeError);
  });

  it.each([
    ['ISO_IR 100', Buffer.from('Zo\xe9', 'latin1'), 'Zoé'],
    ['ISO_IR 144', Buffer.from([0xbb, 0xee]), 'Лю'],
    ['\\ISO 2022 IR 87', Buffer.from('Yamada=\x1b$B;3ED\x1b(B', 'latin1'), 'Yamada=山田'],
    ['\\ISO 2022 IR 149', Buffer.from([0x1b, 0x24, 0x29, 0x43, 0xb1, 0xe8]), '김'],
    ['', Buffer.from('Zoé', 'utf8'), 'Zoé'],
    ['', Buffer.from('Zo\xe9', 'latin1'), 'Zoé'],
  ])('decodes %s', (term, bytes, text) => {
    const value = bytes.length % 2 ? Buffer.concat([bytes, Buffer.from(' ')]) : bytes;
    const identifier = Buffer.concat([
      encodeText(0x00080005, 'CS', term, EXPLICIT_LITTLE),
      encodeElement(0x00100010, 'PN', value, EXPLICIT_LITTLE),
    ]);
    expect(decodeIdentifier(identifier, explicit).PatientName).toEqual([text]);
  });

  it('reads numbers, sequences and unknown tags', () => {
    const item = encodeItem([encodeText(0x00080100, 'SH', 'ABC', EXPLICIT_LITTLE)], EXPLICIT_LITTLE);
    const bytes = Buffer.concat([
      encodeSequence(0x00081032, [item], EXPLICIT_LITTLE),
      encodeElement(0x00280010, 'US', Buffer.from([0, 2]), EXPLICIT_LITTLE),
      encodeText(0x00910011, 'LO', 'own', EXPLICIT_LITTLE),
    ]);
    expect(decodeIdentifier(bytes, explicit)).toEqual({
      ProcedureCodeSequence: [{ CodeValue: ['ABC'] }],
      Rows: ['512'],
      '00910011': ['own'],
    });
  });

  it('refuses bytes cut anywhere inside an element', () => {
    const bytes = encodeIdentifier({ StudyInstanceUID: '1.2.34' }, explicit);
    for (let length = 1; length < bytes.length; length++) {
      expect(() => decodeIdentifier(bytes.subarray(0, length), explicit)).toThrow(DimseFault);
    }
  });
});
