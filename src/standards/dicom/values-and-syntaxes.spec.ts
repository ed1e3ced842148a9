import { dictionaryEntry, implicitVr, isPrivate, isPrivateCreator, tagKey, tagOf, tagText } from './dictionary';
import {
  isKeyObjectSelection,
  isStorageSopClass,
  isStructuredReport,
  mayHoldPixelData,
  SOP_CLASS,
} from './sop-classes';
import { transferSyntax, TRANSFER_SYNTAX, TRANSFER_SYNTAXES } from './transfer-syntaxes';
import { aeTitleFault, dicomDateFault, isDicomTime, uidFault } from './validators';

describe('validators', () => {
  it.each([
    ['1', undefined],
    ['1.2.840.10008.1.2', undefined],
    ['0.0', undefined],
    ['1'.repeat(64), undefined],
    ['1'.repeat(65), 'too-long'],
    ['', 'empty'],
    ['1.2.', 'component-empty'],
    ['.1', 'component-empty'],
    ['1..2', 'component-empty'],
    ['1.02', 'leading-zero'],
    ['00.1', 'leading-zero'],
    ['1.2a', 'character'],
    ['1.2 ', 'character'],
    ['1.2\0', 'character'],
    ['1.2\n', 'character'],
    ['١.٢', 'character'],
  ])('UID %j: %s', (value, fault) => expect(uidFault(value)).toBe(fault));

  it.each([
    ['A', undefined],
    ['DRIMBOX', undefined],
    ['ORTHANC-1 (TEST)', undefined],
    ['1234567890123456', undefined],
    ['12345678901234567', 'too-long'],
    ['', 'empty'],
    ['    ', 'empty'],
    ['A\\B', 'character'],
    ['A\tB', 'character'],
    ['É', 'character'],
  ])('AE title %j: %s', (value, fault) => expect(aeTitleFault(value)).toBe(fault));

  it.each([
    ['20240229', undefined],
    ['20230229', 'calendar'],
    ['20241301', 'calendar'],
    ['00010101', undefined],
    ['2024-02-2', 'form'],
    ['2024022', 'form'],
  ])('date %j: %s', (value, fault) => expect(dicomDateFault(value)).toBe(fault));

  it.each([
    ['10', true],
    ['1030', true],
    ['103059', true],
    ['103059.123456', true],
    ['235960', true],
    ['24', false],
    ['1060', false],
    ['103061', false],
    ['103059.', false],
    ['10:30', false],
    ['', false],
  ])('time %j: %s', (value, good) => expect(isDicomTime(value)).toBe(good));
});

describe('transfer syntaxes', () => {
  it('lists each once, named as PS3.6 has it', () => {
    expect(new Set(TRANSFER_SYNTAXES.map(({ uid }) => uid)).size).toBe(TRANSFER_SYNTAXES.length);
    expect(TRANSFER_SYNTAXES.map(({ uid }) => uid).sort()).toEqual(Object.values(TRANSFER_SYNTAX).sort());
  });

  it.each([
    [
      TRANSFER_SYNTAX.implicitVrLittleEndian,
      { explicitVr: false, littleEndian: true, encapsulated: false, loss: 'none' },
    ],
    [TRANSFER_SYNTAX.explicitVrBigEndian, { explicitVr: true, littleEndian: false, encapsulated: false }],
    [TRANSFER_SYNTAX.deflatedExplicitVrLittleEndian, { deflated: true, encapsulated: false }],
    [TRANSFER_SYNTAX.jpegLsLossless, { encapsulated: true, loss: 'none', frameMediaType: 'image/jls' }],
    [TRANSFER_SYNTAX.jpeg2000, { encapsulated: true, loss: 'possible', frameMediaType: 'image/jp2' }],
    [TRANSFER_SYNTAX.jpegBaseline, { encapsulated: true, loss: 'certain', frameMediaType: 'image/jpeg' }],
    [TRANSFER_SYNTAX.rleLossless, { encapsulated: true, loss: 'none', frameMediaType: 'image/dicom-rle' }],
  ])('%s', (uid, wanted) => expect(transferSyntax(uid)).toMatchObject(wanted));
});

describe('SOP classes', () => {
  it.each([
    [SOP_CLASS.ctImageStorage, true, true, false],
    [SOP_CLASS.keyObjectSelection, true, false, false],
    [SOP_CLASS.comprehensiveSr, true, false, true],
    [SOP_CLASS.encapsulatedPdf, true, false, false],
    ['1.2.840.10008.5.1.4.1.1.66.4', true, true, false], // segmentation
    ['1.2.840.10008.5.1.4.1.1.481.2', true, true, false], // RT dose
    ['1.2.840.10008.5.1.4.1.1.481.3', true, false, false], // RT structure set
    ['1.2.840.10008.5.1.4.1.1.9.1.1', true, false, false], // ECG
    [SOP_CLASS.verification, false, true, false],
    ['1.3.12.2.1107.5.9.1', false, true, false], // private
  ])('%s', (uid, storage, pixels, report) => {
    expect([isStorageSopClass(uid), mayHoldPixelData(uid), isStructuredReport(uid)]).toEqual([storage, pixels, report]);
    expect(isKeyObjectSelection(uid)).toBe(uid === SOP_CLASS.keyObjectSelection);
  });
});

describe('dictionary', () => {
  it('knows tags both ways, repeating groups and retired names', () => {
    expect(dictionaryEntry(0x00101002)).toMatchObject({ keyword: 'OtherPatientIDsSequence', vr: 'SQ' });
    expect(tagOf('StudyInstanceUID')).toBe(0x0020000d);
    expect(dictionaryEntry(0x60023000)?.keyword).toBe('OverlayData');
    expect(dictionaryEntry(0x00091001)).toBeUndefined();
    expect(tagOf('NoSuchKeyword')).toBeUndefined();
  });

  it.each([
    [0x00100020, 'LO'],
    [0x00080000, 'UL'],
    [0x00090010, 'LO'],
    [0x00091001, 'UN'],
    [0x00120099, 'UN'],
    [0x7fe00010, 'ox'],
  ])('implicit VR of %i: %s', (tag, vr) => expect(implicitVr(tag)).toBe(vr));

  it('writes tags for people and for JSON', () => {
    expect([tagText(0x00101002), tagKey(0x7fe00010)]).toEqual(['(0010,1002)', '7FE00010']);
    expect([
      isPrivate(0x00091001),
      isPrivate(0x00101002),
      isPrivateCreator(0x00090010),
      isPrivateCreator(0x00091001),
    ]).toEqual([true, false, true, false]);
  });
});
