import { parseFacadePath } from './facade-path';

const [study, series, instance] = ['1.2.3', '1.2.4', '1.2.5'];
const ofInstance = `studies/${study}/series/${series}/instances/${instance}`;

describe('paths below /dicomweb/<grant>', () => {
  it.each([
    ['studies', { kind: 'search-studies' }],
    [`studies/${study}/series`, { kind: 'search-series', study }],
    [`studies/${study}/instances`, { kind: 'search-instances', study }],
    [`studies/${study}/series/${series}/instances`, { kind: 'search-instances', study, series }],
    [`studies/${study}/metadata`, { kind: 'metadata', study }],
    [`studies/${study}/series/${series}/metadata`, { kind: 'metadata', study, series }],
    [`${ofInstance}/metadata`, { kind: 'metadata', study, series, instance }],
    [ofInstance, { kind: 'object', study, series, instance }],
    [`${ofInstance}/frames/1,3`, { kind: 'frames', study, series, instance, frames: [1, 3] }],
    [`${ofInstance}/frames/2/rendered`, { kind: 'picture', study, series, instance, frame: 2, thumbnail: false }],
    [`studies/${study}/series/${series}/thumbnail`, { kind: 'picture', study, series, thumbnail: true }],
    [`${ofInstance}/bulkdata/00420011`, { kind: 'bulk', study, series, instance, path: ['00420011'] }],
    [
      `${ofInstance}/bulkdata/00091010/0/00091011`,
      { kind: 'bulk', study, series, instance, path: ['00091010', '0', '00091011'] },
    ],
  ])('reads %s', (path, expected) => {
    expect(parseFacadePath(path)).toEqual(expected);
  });

  it.each([
    '',
    'studies/',
    'studies/../other',
    'studies/1.2.3/series/x',
    `studies/${'1'.repeat(65)}/series`,
    `${ofInstance}/frames/0`,
    `${ofInstance}/frames/1,`,
    `${ofInstance}/frames/-1`,
    `${ofInstance}/frames/${Array.from({ length: 1001 }, () => 1).join(',')}`,
    `${ofInstance}/frames/1,2/rendered`,
    `${ofInstance}/bulkdata`,
    `${ofInstance}/bulkdata/0042001`,
    `${ofInstance}/bulkdata/00420011/0`,
    `${ofInstance}/bulkdata/00420011/x/00420011`,
    `${ofInstance}/else`,
    'studies/1.2.3/instances/1.2.5',
  ])('finds nothing at %s', (path) => {
    expect(parseFacadePath(path)).toBeUndefined();
  });
});
