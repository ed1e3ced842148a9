import type { LoadedStudy } from '../../sandbox/load-studies';
import { readPartTen } from './wado-client';

/** Copies of one object, each with a SOP Instance UID of its own of the same length: a large series at no cost. */
export function manyCopies(
  study: LoadedStudy,
  file: Buffer,
  count: number,
): { study: LoadedStudy; files: Generator<Buffer> } {
  const { sopInstanceUid, sopClassUid } = readPartTen(file);
  const [first] = study.objects;
  const uidOf = (at: number) => `${sopInstanceUid.slice(0, -5)}9${String(1000 + at)}`;
  const objects = Array.from({ length: count }, (_, at) => ({
    sopClassUid,
    sopInstanceUid: uidOf(at),
    seriesInstanceUid: first?.seriesInstanceUid ?? '',
  }));
  function* files(): Generator<Buffer> {
    for (const { sopInstanceUid: uid } of objects) {
      const copy = Buffer.from(file);
      for (let at = copy.indexOf(sopInstanceUid); at >= 0; at = copy.indexOf(sopInstanceUid, at + 1))
        copy.write(uid, at, 'latin1');
      yield copy;
    }
  }
  return { study: { ...study, objects }, files: files() };
}
