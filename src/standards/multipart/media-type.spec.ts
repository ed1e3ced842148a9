import { boundaryOf, formatMediaType, parseMediaType, splitOutsideQuotes } from './media-type';

describe('media types', () => {
  it.each([
    ['text/plain', 'text/plain', {}],
    [
      'Multipart/Related; Type="application/dicom"; BOUNDARY=x',
      'multipart/related',
      { type: 'application/dicom', boundary: 'x' },
    ],
    ['multipart/related;type=application/octet-stream', 'multipart/related', { type: 'application/octet-stream' }],
    ['multipart/related; boundary="a;b,c\\"d"', 'multipart/related', { boundary: 'a;b,c"d' }],
    ['multipart/related; boundary=**;;', 'multipart/related', { boundary: '**' }],
    [
      'multipart/related;start="<1@resteasy-multipart>"; boundary = x ',
      'multipart/related',
      { start: '<1@resteasy-multipart>', boundary: 'x' },
    ],
    ['a/b; q=1; q=0', 'a/b', { q: '1' }],
    ['a/b; empty=""', 'a/b', { empty: '' }],
  ])('reads %s', (text, type, parameters) => {
    const read = parseMediaType(text);
    expect([read.type, Object.fromEntries(read.parameters)]).toEqual([type, parameters]);
  });

  it.each([
    '',
    'text',
    'text/',
    '/plain',
    'a/b/c',
    'a b/c',
    'a/b; x',
    'a/b; =x',
    'a/b; x=',
    'a/b; x="y',
    'a/b; x="y"z',
    'a/b; x=é',
    `a/b; x=${'y'.repeat(9000)}`,
  ])('refuses %j', (text) => {
    expect(() => parseMediaType(text)).toThrow(expect.objectContaining({ reason: 'media-type-malformed' }));
  });

  it('reads again what it writes', () => {
    const text = formatMediaType('multipart/related', { type: 'application/dicom', boundary: 'a"\\ b' });
    expect(text).toBe('multipart/related; type="application/dicom"; boundary="a\\"\\\\ b"');
    expect(parseMediaType(text).parameters.get('boundary')).toBe('a"\\ b');
    expect(() => formatMediaType('a/b', { x: 'y\r\nz' })).toThrow();
  });

  it('finds the boundary, and refuses a type without one', () => {
    expect(boundaryOf('multipart/related; boundary="x y"')).toBe('x y');
    expect(() => boundaryOf('multipart/related')).toThrow(expect.objectContaining({ reason: 'boundary-invalid' }));
    expect(() => boundaryOf('text/plain; boundary=x')).toThrow(
      expect.objectContaining({ reason: 'media-type-malformed' }),
    );
  });

  it('cuts outside quotes only', () => {
    expect(splitOutsideQuotes('a, "b,c" ,d,', ',')).toEqual(['a', '"b,c"', 'd', '']);
    expect(splitOutsideQuotes('a "b', ',')).toBeUndefined();
  });
});
