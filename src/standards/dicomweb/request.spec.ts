import { parseBearer, parseKosSopInstanceUid } from './request-headers';
import { parseWadoPath } from './wado-path';

describe('parseWadoPath', () => {
  const study = { studyInstanceUid: '1.2' };
  const series = { ...study, seriesInstanceUid: '1.3' };
  const instance = { ...series, sopInstanceUid: '1.4' };
  it.each([
    ['/studies/1.2', { level: 'study', metadata: false, ...study }],
    ['/studies/1.2/', { level: 'study', metadata: false, ...study }],
    ['/studies/1.2/metadata', { level: 'study', metadata: true, ...study }],
    ['/studies/1.2/series/1.3', { level: 'series', metadata: false, ...series }],
    ['/studies/1.2/series/1.3/metadata', { level: 'series', metadata: true, ...series }],
    ['/studies/1.2/series/1.3/instances/1.4', { level: 'instance', metadata: false, ...instance }],
    ['/studies/1.2/series/1.3/instances/1.4/metadata', { level: 'instance', metadata: true, ...instance }],
    ['/studies/1.2/series/1.3/instances/1.4/frames/1', { level: 'frames', metadata: false, ...instance, frames: [1] }],
    [
      '/studies/1.2/series/1.3/instances/1.4/frames/3,1%2c2',
      { level: 'frames', metadata: false, ...instance, frames: [3, 1, 2] },
    ],
  ])('%s', (path, value) => {
    expect(parseWadoPath(path)).toEqual({ ok: true, value });
  });

  it.each([
    ['/', 'path-unknown'],
    ['/studies', 'path-unknown'],
    ['/studies//series/1.3', 'path-unknown'],
    ['/studies/1.2/instances/1.4', 'path-unknown'],
    ['/studies/1.2/series/1.3/rendered', 'path-unknown'],
    ['/studies/1.2/series/1.3/instances/1.4/frames/1/metadata', 'path-unknown'],
    ['/x/studies/1.2', 'path-unknown'],
    [`/studies/${'1.'.repeat(9000)}1`, 'path-unknown'],
    ['/studies/1.02', 'uid-invalid'],
    ['/studies/1.2/series/..%2f', 'uid-invalid'],
    [`/studies/1.2/series/1.3/instances/${'1'.repeat(65)}`, 'uid-invalid'],
    ['/studies/1.2/series/1.3/instances/1.4/frames/0', 'frame-list-invalid'],
    ['/studies/1.2/series/1.3/instances/1.4/frames/1,', 'frame-list-invalid'],
    ['/studies/1.2/series/1.3/instances/1.4/frames/-1', 'frame-list-invalid'],
    ['/studies/1.2/series/1.3/instances/1.4/frames/1e3', 'frame-list-invalid'],
    ['/studies/1.2/series/1.3/instances/1.4/frames/9999999999', 'frame-list-invalid'],
  ])('refuses %.60s: %s', (path, reason) => {
    expect(parseWadoPath(path)).toMatchObject({ ok: false, reason });
  });
});

describe('KOS-SOPInstanceUID', () => {
  it.each([['1.2.3'], [' 1.2.3 '], [['1.2.3']]])('takes %j', (header) => {
    expect(parseKosSopInstanceUid(header)).toEqual({ ok: true, value: '1.2.3' });
  });
  it.each([
    [undefined, 'kos-header-absent'],
    ['', 'kos-header-absent'],
    [[], 'kos-header-absent'],
    ['1.2.3, 1.2.3', 'kos-header-invalid'],
    [['1.2.3', '1.2.4'], 'kos-header-invalid'],
    ['1.2.03', 'kos-header-invalid'],
    ['1'.repeat(65), 'kos-header-invalid'],
  ])('refuses %j: %s', (header, reason) => {
    expect(parseKosSopInstanceUid(header)).toEqual({ ok: false, reason });
  });
});

describe('Bearer', () => {
  it.each([['Bearer abc.DEF-_~+/='], ['bearer abc.DEF-_~+/=']])('takes %j', (header) => {
    expect(parseBearer(header)).toEqual({ ok: true, value: 'abc.DEF-_~+/=' });
  });
  it.each([
    [undefined, 'bearer-absent'],
    ['Basic YTpi', 'bearer-absent'],
    ['Bearer', 'bearer-malformed'],
    ['Bearer ', 'bearer-malformed'],
    ['Bearer a b', 'bearer-malformed'],
    ['Bearer a,Bearer b', 'bearer-malformed'],
    ['Bearer a\r\nX: y', 'bearer-malformed'],
    [`Bearer ${'a'.repeat(9000)}`, 'bearer-malformed'],
    [['Bearer a', 'Bearer b'], 'bearer-malformed'],
  ])('refuses %.40j: %s', (header, reason) => {
    expect(parseBearer(header)).toEqual({ ok: false, reason });
  });
});
