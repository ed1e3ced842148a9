import { nextPath } from './next-path';

describe('where to go after a login', () => {
  it.each([
    ['/publications?state=refused', '/publications?state=refused'],
    ['/contexte/AbC_123', '/contexte/AbC_123'],
    ['/', '/'],
    ['/a/../b', '/b'],
  ])('goes to the local path %s', (claimed, expected) => expect(nextPath(claimed)).toBe(expected));

  it.each([
    ['another host', 'https://ailleurs.test/'],
    ['a scheme-relative address', '//ailleurs.test/'],
    ['a backslash', '/\\ailleurs.test'],
    ['a backslash further on', '/a\\..\\..\\b'],
    ['dots that end in two slashes', '/a/..//ailleurs.test'],
    ['a script', 'javascript:alert(1)'],
    ['a relative path', 'publications'],
    ['a tab', '/\t/ailleurs.test'],
    ['a line end', '/a\r\nSet-Cookie: x=1'],
    ['a space', '/a b'],
    ['the login itself', '/login?next=/login'],
    ['the logout', '/logout'],
    ['nothing', ''],
    ['several values', ['/a', '/b']],
    ['no text', undefined],
    ['one character too many', `/${'a'.repeat(512)}`],
  ])('goes home instead of %s', (_, claimed) => expect(nextPath(claimed)).toBe('/'));

  it('takes the longest path', () => expect(nextPath(`/${'a'.repeat(511)}`)).toHaveLength(512));
});
