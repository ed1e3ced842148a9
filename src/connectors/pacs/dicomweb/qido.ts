import { GatewayError } from '../../../platform/errors';
import { isUid } from '../../../standards/dicom';
import { pacsErrors } from '../pacs.errors';
import { DicomAttributes, QueryKeys, QueryOptions, textOf } from '../pacs.port';
import { DicomWebSettings } from './dicomweb-settings';
import { DicomWebHttp } from './http-client';
import { statusError } from './http-errors';
import { attributesOf } from './json-attributes';
import { JsonBody } from './json-body';

export const dicomJson = 'application/dicom+json';
const matchesMax = 10_000;
/** UIDs matched in one request: an address stays below 8 000 characters. */
const uidsPerRequest = 100;
/** What servers with a low limit accept, when the usual page is refused. */
const smallPage = 100;
/** A server that stops at a limit of its own without saying so stops at a round number; a missed one costs a manifest. */
const looksCutShort = (matches: number): boolean => matches >= 50 && matches % 10 === 0;

/** Segment of an address made of a UID. */
export function uidSegment(uid: string): string {
  if (!isUid(uid)) throw new GatewayError(pacsErrors.failed, { detail: 'not a UID' });
  return uid;
}

/** Queries of one PACS (QIDO-RS, PS3.18 10.6). */
export class Qido {
  private pageSize: number;

  constructor(
    private readonly http: DicomWebHttp,
    private readonly settings: DicomWebSettings,
  ) {
    this.pageSize = settings.pageSize;
  }

  /** @param identifier keyword of the UID that tells one match from another */
  async find(
    path: string,
    identifier: string,
    keys: QueryKeys,
    { signal, limit = matchesMax }: QueryOptions = {},
  ): Promise<DicomAttributes[]> {
    const found = new Map<string, DicomAttributes>();
    for (const part of inParts(keys)) {
      await this.findAll({ path, identifier, query: queryOf(part), limit, signal }, found);
    }
    return [...found.values()];
  }

  private async findAll(search: Search, found: Map<string, DicomAttributes>): Promise<void> {
    for (let offset = 0; ;) {
      const page = await this.page(search, offset);
      let fresh = 0;
      for (const one of page.matches) {
        const uid = textOf(one, search.identifier);
        if (uid === '')
          throw new GatewayError(pacsErrors.malformed, { detail: `a match without ${search.identifier}` });
        if (!found.has(uid)) fresh += 1;
        found.set(uid, one);
      }
      if (found.size > search.limit) {
        throw new GatewayError(pacsErrors.tooManyMatches, { detail: `over ${search.limit}` });
      }
      // Nothing new: the end, or a server that pays no attention to the offset.
      if (fresh === 0 || !(page.mayGoOn || looksCutShort(page.matches.length))) return;
      offset += page.matches.length;
    }
  }

  private async page(search: Search, offset: number): Promise<{ matches: DicomAttributes[]; mayGoOn: boolean }> {
    const size = Math.min(this.pageSize, search.limit + 1);
    const { status, warning, value } = await this.ask(search, `limit=${size}&offset=${offset}`);
    if ((status === 400 || status === 413 || status === 422) && size > smallPage) {
      this.pageSize = smallPage;
      return this.page(search, offset);
    }
    if (status === 204 || value === undefined) {
      if (status !== 204 && status !== 200) throw statusError(status);
      return { matches: [], mayGoOn: false };
    }
    if (!Array.isArray(value)) throw new GatewayError(pacsErrors.malformed, { detail: 'not an array of matches' });
    // Warning 299: there are additional results (PS3.18 8.3.4.4).
    return { matches: value.map((one) => attributesOf(one)), mayGoOn: warning.includes('299') || value.length >= size };
  }

  private async ask(search: Search, paging: string): Promise<{ status: number; warning: string; value: unknown }> {
    const body = new JsonBody(this.settings.jsonBytesMax);
    const path = `${search.path}?${[...search.query, paging].join('&')}`;
    const { signal } = search;
    const head = await this.http.exchange({ path, headers: { accept: dicomJson }, lane: 'query', signal }, body);
    const { status } = head;
    // What lies below an object that is not there has no match.
    if (status === 404) return { status: 204, warning: '', value: undefined };
    if (status !== 200 && status !== 204 && status !== 400 && status !== 413 && status !== 422) {
      throw statusError(status, head.header('retry-after'));
    }
    return { status, warning: head.header('warning'), value: body.value() };
  }
}

interface Search {
  readonly path: string;
  readonly identifier: string;
  readonly query: readonly string[];
  readonly limit: number;
  readonly signal: AbortSignal | undefined;
}

/** The longest list of values is cut into several queries. */
function inParts(keys: QueryKeys): QueryKeys[] {
  const long = Object.entries(keys).find(([, value]) => typeof value !== 'string' && value.length > uidsPerRequest);
  if (!long) return [keys];
  const [keyword, values] = long as [string, readonly string[]];
  const parts: QueryKeys[] = [];
  for (let i = 0; i < values.length; i += uidsPerRequest) {
    parts.push({ ...keys, [keyword]: values.slice(i, i + uidsPerRequest) });
  }
  return parts;
}

/** Matching by `keyword=value`, what is only asked back by `includefield` (PS3.18 8.3.4). */
function queryOf(keys: QueryKeys): string[] {
  return Object.entries(keys).flatMap(([keyword, value]) => {
    if (!/^[A-Za-z0-9]{1,64}$/.test(keyword)) throw new RangeError(`not a keyword: ${keyword}`);
    const text = typeof value === 'string' ? value : value.join(',');
    if (text !== '') return [`${keyword}=${encodeURIComponent(text).replaceAll('%2C', ',')}`];
    return [`includefield=${keyword}`];
  });
}
