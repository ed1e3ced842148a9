import type { ManifestContent } from './manifest';

/** `empty`: the study has no instance left, its manifest is to be withdrawn. */
export interface ManifestChanges {
  kind: 'unchanged' | 'changed' | 'empty';
  addedSopInstanceUids: string[];
  removedSopInstanceUids: string[];
  /** Same instances, but one sits in another series or carries other key image marks. */
  alteredSopInstanceUids: string[];
}

/**
 * What re-reading a study (IOCM note, OMI^O23) changed since the manifest was made. Labels, numbers and addresses are
 * not looked at: a manifest is replaced because its images changed.
 */
export function manifestChanges(
  previous: Pick<ManifestContent, 'studies'>,
  next: Pick<ManifestContent, 'studies'>,
): ManifestChanges {
  const before = signatures(previous);
  const after = signatures(next);
  const added = [...after.keys()].filter((sopInstanceUid) => !before.has(sopInstanceUid));
  const removed = [...before.keys()].filter((sopInstanceUid) => !after.has(sopInstanceUid));
  const altered = [...after].flatMap(([sopInstanceUid, signature]) => {
    const known = before.get(sopInstanceUid);
    return known !== undefined && known !== signature ? [sopInstanceUid] : [];
  });
  const same = added.length + removed.length + altered.length === 0;
  return {
    kind: after.size === 0 ? 'empty' : same ? 'unchanged' : 'changed',
    addedSopInstanceUids: added,
    removedSopInstanceUids: removed,
    alteredSopInstanceUids: altered,
  };
}

function signatures(content: Pick<ManifestContent, 'studies'>): Map<string, string> {
  const found = new Map<string, string>();
  for (const study of content.studies) {
    for (const series of study.series) {
      for (const instance of series.instances) {
        const marks = (instance.keyImages ?? []).map((mark) => [mark.sopInstanceUid, mark.title.value, mark.comment]);
        const place = [study.studyInstanceUid, series.seriesInstanceUid];
        found.set(instance.sopInstanceUid, JSON.stringify([...place, marks.sort()]));
      }
    }
  }
  return found;
}
