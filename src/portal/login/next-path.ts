const lengthMax = 512;
/** Never a place to return to: they would start or end a login again. */
const excluded = /^\/(login|logout)(\/|\?|$)/;

/**
 * The local path to go to after a login, or `/`. Only a path of this portal passes: no other host, no scheme, no control
 * character, no backslash (browsers read it as a slash).
 */
export function nextPath(claimed: unknown): string {
  if (typeof claimed !== 'string' || claimed.length > lengthMax || !/^\/(?![/\\])[\x21-\x5b\x5d-\x7e]*$/.test(claimed))
    return '/';
  const url = URL.canParse(claimed, 'https://portal.invalid') ? new URL(claimed, 'https://portal.invalid') : undefined;
  if (url?.origin !== 'https://portal.invalid' || url.pathname.startsWith('//') || excluded.test(url.pathname))
    return '/';
  return url.pathname + url.search;
}
