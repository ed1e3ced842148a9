import { mismatch, readInvoke } from './invoke-request';
import { PendingInvokes } from './pending-invokes';

const good = { requestType: 'STUDY', studyUID: '1.2.3', accessionNumber: 'ACC 1', idCDA: '1.2.250.1_CR1' };
const read = (change: Record<string, string | undefined>) => {
  const all = Object.entries({ ...good, ...change }).filter(([, value]) => value !== undefined);
  return readInvoke(new URLSearchParams(all));
};

describe('the link of a report', () => {
  const request = { studyInstanceUid: '1.2.3', accessionNumber: 'ACC 1', idCda: '1.2.250.1_CR1' };
  it('is read in both spellings', () => {
    expect(read({})).toEqual({ ok: true, request });
    const other = {
      studyUID: undefined,
      accessionNumber: undefined,
      StudyInstanceUID: '1.2.3',
      AccessionNumber: 'ACC 1',
    };
    expect(read(other)).toEqual({ ok: true, request });
    expect(read({ StudyInstanceUID: '1.2.3' })).toEqual({ ok: true, request });
  });
  it.each([
    [{ studyUID: undefined }, 'studyUID', 'missing'],
    [{ idCDA: '' }, 'idCDA', 'missing'],
    [{ requestType: undefined }, 'requestType', 'missing'],
    [{ requestType: 'PATIENT' }, 'requestType', 'malformed'],
    [{ requesttype: 'STUDY', requestType: undefined }, 'requestType', 'missing'],
    [{ StudyInstanceUID: '1.2.4' }, 'studyUID', 'repeated'],
    [{ studyUID: '1.2.a' }, 'studyUID', 'malformed'],
    [{ accessionNumber: 'x'.repeat(65) }, 'accessionNumber', 'malformed'],
    [{ accessionNumber: '<script>\u0001' }, 'accessionNumber', 'malformed'],
    [{ idCDA: 'CR1' }, 'idCDA', 'malformed'],
    [{ idCDA: `1.2_${'x'.repeat(200)}` }, 'idCDA', 'malformed'],
  ])('%j is refused', (change, parameter, reason) => {
    expect(read(change)).toEqual({ ok: false, parameter, reason });
  });

  const published = { accessionNumbers: ['ACC 1'], cdaIds: ['1.2.250.1_CR1'] };
  it.each([
    [request, published, undefined],
    [request, undefined, 'study-unknown'],
    [{ ...request, accessionNumber: 'ACC 2' }, published, 'accession-differs'],
    [{ ...request, idCda: '1.2.250.2_CR1' }, published, 'report-differs'],
    [{ ...request, idCda: '1.2.250.1_CR2' }, published, 'report-differs'],
    [{ ...request, idCda: '1.2.250.1' }, published, undefined],
    [request, { ...published, cdaIds: ['1.2.250.1'] }, undefined],
    [request, { ...published, cdaIds: [] }, 'report-differs'],
  ])('%j against %j: %s', (link, archive, expected) => {
    expect(mismatch(link, archive)).toBe(expected);
  });
});

describe('links that wait for a login', () => {
  const request = { studyInstanceUid: '1.2.3', accessionNumber: 'A', idCda: '1.2' };
  it('are taken once, and in time', () => {
    let now = 0;
    const pending = new PendingInvokes(() => now);
    const [first, second] = [pending.keep(request), pending.keep(request)];
    expect(pending.take(first)).toBe(request);
    expect(() => pending.take(first)).toThrow('viewer.invoke-expired');
    now += 15 * 60_000;
    expect(pending.has(second)).toBe(false);
    expect(() => pending.take(second)).toThrow('viewer.invoke-expired');
  });
  it('are bounded', () => {
    const pending = new PendingInvokes(() => 0);
    const first = pending.keep(request);
    for (let count = 0; count < 2_000; count++) pending.keep(request);
    expect(pending.has(first)).toBe(false);
  });
});
