import { isUid } from '../dicom';
import { parseParameters, splitOutsideQuotes } from '../multipart';
import type { AcceptedResource, Outcome, Wish, WishList } from './dicomweb.types';

/** Longest `Accept`, all its lines together, and most media ranges: ten transfer syntaxes take about 1 KiB. */
const ACCEPT_CHARACTERS_MAX = 16 * 1024;
const RANGES_MAX = 200;

const DICOM = 'application/dicom';
const OCTETS = 'application/octet-stream';
const METADATA_TYPES = new Set(['application/dicom+json', 'application/json', 'application/*', '*/*']);
const DICOM_XML = 'application/dicom+xml';
const INSTANCE_TYPES = new Set([DICOM, 'application/*', '*/*']);
const FRAME_TYPE = /^(\*\/\*|application\/(\*|dicom|octet-stream)|(image|video)\/[a-z0-9*.+-]+)$/;

/**
 * Reads `Accept` (RFC 9110 12.5.1, PS3.18 8.3.3.1 and 8.7.5): one line or many (Node gives them joined by commas, or as
 * an array), empty ranges between commas skipped. As the requests of the national project have it, a range may name no
 * media type (`transfer-syntax=…;q=0.9`): it means `multipart/related; type="application/dicom"`. A `boundary` is read
 * and not used: the answer's boundary is drawn by the answerer, `**` is nothing to frame an image with.
 */
export function parseAccept(
  header: string | readonly string[] | undefined,
  resource: AcceptedResource,
): Outcome<WishList> {
  const text = Array.isArray(header) ? header.join(',') : ((header as string | undefined) ?? '');
  if (text.trim() === '') return { ok: false, reason: 'accept-absent' };
  if (text.length > ACCEPT_CHARACTERS_MAX) return { ok: false, reason: 'accept-too-long' };
  const ranges = splitOutsideQuotes(text, ',')?.filter((range) => range !== '');
  if (!ranges || ranges.length === 0) return { ok: false, reason: 'accept-malformed' };
  if (ranges.length > RANGES_MAX) return { ok: false, reason: 'accept-too-long' };
  const wishes: Wish[] = [];
  for (const [index, range] of ranges.entries()) {
    const wish = parseRange(range);
    if (!wish) return { ok: false, reason: 'accept-malformed', where: `media range ${index + 1}` };
    if (serves(wish, resource)) wishes.push(wish);
  }
  return { ok: true, value: { resource, wishes: wishes.sort((one, other) => other.q - one.q) } };
}

function parseRange(range: string): Wish | undefined {
  const pieces = splitOutsideQuotes(range, ';') ?? [];
  const named = !pieces[0]?.includes('=');
  const range0 = named ? pieces[0].toLowerCase() : 'multipart/related';
  const parameters = parseParameters(named ? pieces.slice(1) : pieces);
  const q = quality(parameters?.get('q'));
  if (!parameters || q === undefined || !/^([\w!#$&^.+-]+|\*)\/([\w!#$&^.+-]+|\*)$/.test(range0)) return undefined;
  const transferSyntax = parameters.get('transfer-syntax');
  if (transferSyntax !== undefined && transferSyntax !== '*' && !isUid(transferSyntax)) return undefined;
  const multipart = range0 === 'multipart/related' || range0 === 'multipart/*';
  const mediaType = multipart ? (parameters.get('type') ?? DICOM).toLowerCase() : range0;
  return { mediaType, multipart, transferSyntax, q };
}

/** `qvalue` of RFC 9110 12.4.2, with more digits than three tolerated; 1 when absent. */
function quality(text: string | undefined): number | undefined {
  if (text === undefined) return 1;
  return /^(0(\.\d{0,9})?|1(\.0{0,9})?)$/.test(text) ? Number(text) : undefined;
}

/** Ranges that name something else (a web page) are no fault: they only do not help. */
function serves({ mediaType, multipart }: Wish, resource: AcceptedResource): boolean {
  if (resource === 'metadata') return multipart ? mediaType === DICOM_XML : METADATA_TYPES.has(mediaType);
  if (resource === 'instances') return INSTANCE_TYPES.has(mediaType);
  return FRAME_TYPE.test(mediaType);
}

export type MetadataMediaType = 'application/dicom+json' | 'application/json' | 'application/dicom+xml';

/**
 * How metadata are to be written (PS3.18 8.7.3.2): as one JSON array, or as `multipart/related` with one DICOM XML document
 * a part. `application/dicom+json` unless the caller ranks another above it.
 */
export function chooseMetadataMediaType({ wishes }: WishList): MetadataMediaType | 'not-acceptable' {
  const json = wishes.filter(({ multipart }) => !multipart);
  const ranked: { type: MetadataMediaType; q: number }[] = [
    { type: 'application/dicom+json', q: bestQ(json, 'application/dicom+json') },
    { type: 'application/json', q: bestQ(json, 'application/json') },
    { type: DICOM_XML, q: wishes.find(({ multipart }) => multipart)?.q ?? 0 },
  ];
  const [best] = ranked.sort((one, other) => other.q - one.q);
  return best.q > 0 ? best.type : 'not-acceptable';
}

function bestQ(wishes: readonly Wish[], type: string): number {
  for (const range of [type, 'application/*', '*/*']) {
    const named = wishes.filter(({ mediaType }) => mediaType === range);
    if (named.length > 0) return named[0].q;
  }
  return 0;
}

/**
 * The media type of frames stored in, or converted to, a syntax: its own (`image/jls`…), unless the caller only takes
 * `application/octet-stream` or `application/dicom`, both of which then name the bytes of that syntax.
 */
export function chooseFrameMediaType(
  { wishes }: WishList,
  frameMediaType: string,
): { mediaType: string; multipart: boolean } {
  const family = `${frameMediaType.split('/')[0]}/*`;
  const wanted = wishes.find(
    ({ mediaType, q }) => q > 0 && [frameMediaType, family, '*/*', OCTETS, DICOM].includes(mediaType),
  );
  const generic = wanted?.mediaType === OCTETS;
  return { mediaType: generic ? OCTETS : frameMediaType, multipart: wanted?.multipart ?? true };
}
