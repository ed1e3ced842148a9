import type { SelectedExam } from '../../../consumer/exams';
import type { TransferView } from '../../../consumer/transfer';
import { chosenExams, chosenSeries, fieldList } from './chosen-exams';
import { isWrittenOtherwise, reconciliationOf } from './import-choice.view';
import { countText, objectRows } from './imports.view';

describe('what a form or an address chooses', () => {
  it('is a list, however it was written', () => {
    expect(fieldList('a,b')).toEqual(['a', 'b']);
    expect(fieldList(['a', 'b', 'a', 7])).toEqual(['a', 'b']);
    expect(fieldList(undefined)).toEqual([]);
  });

  it.each([[undefined], ['../x'], ['a b'], [['a', 'b', 'c']], [{ a: 'b' }]])('is refused as %j', (value) => {
    expect(() => chosenExams(value, 2)).toThrow(expect.objectContaining({ code: 'platform.bad-request' }) as Error);
  });

  it('is all series, or those that are identifiers', () => {
    expect(chosenSeries(undefined, '1')).toBeUndefined();
    expect(chosenSeries(['1.2.3', '<b>'], undefined)).toEqual(['1.2.3']);
  });
});

function selected(found: Partial<SelectedExam['manifest']['patient']> = {}): SelectedExam {
  const ins = { matricule: '279035121518989', oid: '1.2.250.1.213.1.4.10' };
  return {
    patient: {
      ins,
      birthFamilyName: 'PAT-TROIS',
      firstGivenName: 'ANNE MARIE',
      gender: 'F',
      birthDate: { text: '19790328', precision: 'day', lunar: false },
      localId: { value: 'IPP-7', authority: { namespaceId: 'CHU', universalId: '1.2', universalIdType: 'ISO' } },
    },
    manifest: {
      patient: {
        ins,
        birthFamilyName: 'PAT-TROIS',
        firstGivenName: 'ANNE MARIE',
        birthDate: '19790328',
        gender: 'F',
        birthPlace: '',
        otherNames: [],
        ...found,
      },
    },
  } as unknown as SelectedExam;
}

describe('reconciliation of the identity', () => {
  it('writes the local number, keeps the INS, leaves the traits as their source wrote them', () => {
    const lines = reconciliationOf(selected());
    expect(lines.map(({ written, note }) => [written, note])).toEqual([
      ['IPP-7 (délivré par CHU)', 'remplacé'],
      ['2 79 03 51 215 189 89', 'conservé'],
      ['PAT-TROIS', 'identique'],
      ['ANNE MARIE', 'identique'],
      ['28/03/1979', 'identique'],
      ['Féminin', 'identique'],
    ]);
    expect(isWrittenOtherwise([selected()])).toBe(false);
  });

  it('shows what is written otherwise, and wants it looked at', () => {
    const exam = selected({ firstGivenName: 'ANNE' });
    expect(reconciliationOf(exam)[3]).toMatchObject({ found: 'ANNE', written: 'ANNE', note: 'écrit autrement' });
    expect(isWrittenOtherwise([selected(), exam])).toBe(true);
    expect(isWrittenOtherwise([selected({ birthFamilyName: 'Pat-Trois' })])).toBe(false);
  });

  it('tells a trait that the exam does not tell', () => {
    expect(reconciliationOf(selected({ birthDate: '' }))[4]).toMatchObject({ found: 'non renseigné', tone: '' });
    expect(isWrittenOtherwise([selected({ birthDate: '' })])).toBe(false);
  });
});

describe('an import on the screen', () => {
  const view = { total: 1_300, stored: 1_200, failed: 2, converted: 3 } as TransferView;

  it('counts what is there', () => {
    expect(countText(view).replace(/\s/g, ' ')).toBe(
      '1 200 / 1 300 images archivées, 2 en échec, 3 converties sans perte',
    );
  });

  it('shows failures first, with the status of the archive', () => {
    const one = { sopInstanceUid: '1.1', seriesInstanceUid: '1' };
    const { rows } = objectRows([
      { ...one, result: 'stored', convertedTo: '1.2.840.10008.1.2.1' },
      { ...one, sopInstanceUid: '1.2', result: 'failed', status: 0xa700, trouble: 'refusée' },
    ]);
    expect(rows).toMatchObject([
      { uid: '1.2', result: 'échec', status: '0xA700', trouble: 'refusée', converted: false },
      { uid: '1.1', result: 'archivée', status: undefined, trouble: undefined, converted: true },
    ]);
  });
});
