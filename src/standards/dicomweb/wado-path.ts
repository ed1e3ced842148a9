import { isUid } from '../dicom';
import type { Outcome, WadoResource } from './dicomweb.types';

/** Most frames that one request may name. */
const FRAMES_MAX = 10_000;
const PATH_CHARACTERS_MAX = 8192;

const WADO_PATH =
  /^\/studies\/([^/]+)(?:\/series\/([^/]+)(?:\/instances\/([^/]+)(?:\/frames\/([^/]+))?)?)?(\/metadata)?\/?$/;

/** What a path below the base of the service names (PS3.18 10.4.1.1): `/studies/{uid}/series/{uid}/metadata`… No query. */
export function parseWadoPath(path: string): Outcome<WadoResource> {
  if (path.length > PATH_CHARACTERS_MAX) return { ok: false, reason: 'path-unknown' };
  const found = WADO_PATH.exec(path);
  if (!found) return { ok: false, reason: 'path-unknown' };
  const [, studyInstanceUid, seriesInstanceUid, sopInstanceUid, frameList, metadataSegment] = found as (
    string | undefined
  )[];
  const metadata = metadataSegment !== undefined;
  if (frameList !== undefined && metadata) return { ok: false, reason: 'path-unknown' };
  const wrong = Object.entries({ study: studyInstanceUid, series: seriesInstanceUid, instance: sopInstanceUid }).find(
    ([, uid]) => uid !== undefined && !isUid(uid),
  );
  if (wrong) return { ok: false, reason: 'uid-invalid', where: wrong[0] };
  const study = studyInstanceUid as string;
  if (seriesInstanceUid === undefined)
    return { ok: true, value: { level: 'study', metadata, studyInstanceUid: study } };
  const series = { studyInstanceUid: study, seriesInstanceUid };
  if (sopInstanceUid === undefined) return { ok: true, value: { level: 'series', metadata, ...series } };
  if (frameList === undefined) return { ok: true, value: { level: 'instance', metadata, ...series, sopInstanceUid } };
  const frames = parseFrameList(frameList);
  if (!frames) return { ok: false, reason: 'frame-list-invalid' };
  return { ok: true, value: { level: 'frames', metadata: false, ...series, sopInstanceUid, frames } };
}

/** Frame numbers from 1, separated by commas, written as such or as `%2C`. */
function parseFrameList(text: string): number[] | undefined {
  const numbers = text.replace(/%2c/gi, ',').split(',');
  if (numbers.length > FRAMES_MAX || !numbers.every((number) => /^[1-9]\d{0,8}$/.test(number))) return undefined;
  return numbers.map(Number);
}
