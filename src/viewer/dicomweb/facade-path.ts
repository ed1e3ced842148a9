import { isUid } from '../../standards/dicom';

/** What a path below `/dicomweb/<grant>` asks for (PS3.18 10.4, 10.6, 8.7). */
export type FacadeRequest =
  | { readonly kind: 'search-studies' }
  | { readonly kind: 'search-series'; readonly study: string }
  | { readonly kind: 'search-instances'; readonly study: string; readonly series?: string }
  | { readonly kind: 'metadata'; readonly study: string; readonly series?: string; readonly instance?: string }
  | { readonly kind: 'object'; readonly study: string; readonly series: string; readonly instance: string }
  | {
      readonly kind: 'frames';
      readonly study: string;
      readonly series: string;
      readonly instance: string;
      readonly frames: readonly number[];
    }
  | {
      readonly kind: 'bulk';
      readonly study: string;
      readonly series: string;
      readonly instance: string;
      /** Key of the attribute, with sequence and item number before it when nested. */
      readonly path: readonly string[];
    }
  | {
      readonly kind: 'picture';
      readonly study: string;
      readonly series?: string;
      readonly instance?: string;
      readonly frame?: number;
      readonly thumbnail: boolean;
    };

const framesMax = 1000;
const bulkDepthMax = 21;

function frameList(text: string | undefined): number[] | undefined {
  if (!text || !/^[1-9]\d{0,8}(,[1-9]\d{0,8})*$/.test(text)) return undefined;
  const frames = text.split(',').map(Number);
  return frames.length <= framesMax ? frames : undefined;
}

/** Cuts `studies/1.2/series/1.3/…/rest` into its UIDs and what follows; undefined when a UID is not one. */
function cut(segments: readonly string[]): { uids: string[]; rest: string[] } | undefined {
  const uids: string[] = [];
  let at = 0;
  for (const name of ['studies', 'series', 'instances']) {
    const uid = segments[at + 1];
    if (segments[at] !== name || uid === undefined) break;
    if (!isUid(uid)) return undefined;
    uids.push(uid);
    at += 2;
  }
  return { uids, rest: segments.slice(at) };
}

/** Reads the path after the grant, without its leading slash; undefined: nothing is there. */
export function parseFacadePath(path: string): FacadeRequest | undefined {
  if (path.length > 1024) return undefined;
  const segments = path.split('/');
  if (path === 'studies') return { kind: 'search-studies' };
  const parts = cut(segments);
  if (!parts) return undefined;
  const { rest } = parts;
  const [study, series, instance] = parts.uids;
  if (study === undefined) return undefined;
  const [what, ...more] = rest;
  if (more.length === 0 && what === 'metadata') return { kind: 'metadata', study, series, instance };
  if (more.length === 0 && (what === 'thumbnail' || what === 'rendered'))
    return { kind: 'picture', study, series, instance, thumbnail: what === 'thumbnail' };
  if (series === undefined || instance === undefined) return search(study, series, rest);
  return ofInstance({ study, series, instance }, rest);
}

function search(study: string, series: string | undefined, rest: readonly string[]): FacadeRequest | undefined {
  if (rest.length !== 1) return undefined;
  if (rest[0] === 'series' && series === undefined) return { kind: 'search-series', study };
  return rest[0] === 'instances' ? { kind: 'search-instances', study, series } : undefined;
}

function ofInstance(
  uids: { study: string; series: string; instance: string },
  [what, ...more]: readonly string[],
): FacadeRequest | undefined {
  if (what === undefined) return { kind: 'object', ...uids };
  if (what === 'bulkdata' && more.length > 0 && more.length <= bulkDepthMax) return bulk(uids, more);
  const frames = what === 'frames' ? frameList(more[0]) : undefined;
  if (!frames) return undefined;
  if (more.length === 1) return { kind: 'frames', ...uids, frames };
  const picture = more.length === 2 && frames.length === 1 && ['rendered', 'thumbnail'].includes(more[1] ?? '');
  return picture ? { kind: 'picture', ...uids, frame: frames[0], thumbnail: more[1] === 'thumbnail' } : undefined;
}

function bulk(
  uids: { study: string; series: string; instance: string },
  path: readonly string[],
): FacadeRequest | undefined {
  const isWellFormed = path.every((part, index) => (index % 2 === 0 ? /^[0-9A-F]{8}$/ : /^\d{1,6}$/).test(part));
  return isWellFormed && path.length % 2 === 1 ? { kind: 'bulk', ...uids, path } : undefined;
}
