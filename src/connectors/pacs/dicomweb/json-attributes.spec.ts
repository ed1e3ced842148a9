import { attributesOf } from './json-attributes';

describe('attributes out of the DICOM JSON model', () => {
  it('gives the texts that a C-FIND would give', () => {
    expect(
      attributesOf({
        '0020000D': { vr: 'UI', Value: ['1.2.3'] },
        '00080061': { vr: 'CS', Value: ['CT', 'SR'] },
        '00100010': { vr: 'PN', Value: [{ Alphabetic: 'Yamada^Tarou', Ideographic: '山田^太郎' }] },
        '00201208': { vr: 'IS', Value: [12] },
        '00080090': { vr: 'PN' },
        '00080054': { vr: 'AE', Value: [null, 'PACS '] },
        '00091001': { vr: 'LO', Value: ['x'] },
        '00400275': { vr: 'SQ', Value: [{ '00401001': { vr: 'SH', Value: ['A1'] } }] },
        '7FE00010': { vr: 'OW', BulkDataURI: 'http://elsewhere/' },
      }),
    ).toEqual({
      StudyInstanceUID: ['1.2.3'],
      ModalitiesInStudy: ['CT', 'SR'],
      PatientName: ['Yamada^Tarou=山田^太郎'],
      NumberOfStudyRelatedInstances: ['12'],
      ReferringPhysicianName: [],
      RetrieveAETitle: ['', 'PACS'],
      '00091001': ['x'],
      RequestAttributesSequence: [{ RequestedProcedureID: ['A1'] }],
    });
  });

  it('keeps the place of a missing name group', () => {
    const json = { '00100010': { vr: 'PN', Value: [{ Alphabetic: 'A', Phonetic: 'P' }] } };
    expect(attributesOf(json)).toEqual({ PatientName: ['A==P'] });
  });

  it.each([
    ['a list', []],
    ['a text', 'x'],
    ['nothing', null],
    ['a key that is no tag', { StudyInstanceUID: { vr: 'UI', Value: ['1'] } }],
    ['an attribute that is no object', { '0020000D': '1.2' }],
    ['values that are no list', { '0020000D': { vr: 'UI', Value: '1.2' } }],
    ['a value that is a list', { '0020000D': { vr: 'UI', Value: [['1.2']] } }],
  ])('refuses %s', (_what, json) => {
    expect(() => attributesOf(json)).toThrow(expect.objectContaining({ code: 'pacs.malformed' }));
  });

  it('refuses endless nesting', () => {
    let json: object = {};
    for (let depth = 0; depth < 40; depth++) json = { '00400275': { vr: 'SQ', Value: [json] } };
    expect(() => attributesOf(json)).toThrow(expect.objectContaining({ code: 'pacs.malformed' }));
  });
});
