import type { KeyImageNote, ViewerGrant } from '../../viewer';
import { imageAddress } from './shell.view';
import { viewerMessages as t } from './messages';

/** Images shown for each group; more would be a series. */
const shownMax = 60;

export interface KeyImageView {
  readonly uid: string;
  readonly label: string;
  /** Address of the thumbnail. */
  readonly address: string;
}

export interface KeyImageGroup {
  readonly title: string;
  readonly text?: string;
  readonly images: readonly KeyImageView[];
}

/** Titles of key object selections (PS3.16 CID 7010) in French; any other by its own meaning. */
function titleOf({ value, scheme, meaning }: KeyImageNote['title']): string {
  const titles: Readonly<Record<string, string>> = t.keyTitles;
  return (scheme === 'DCM' && titles[value]) || meaning || t.keyImages;
}

/** What the panel of key images shows: notes of the study, other images that the manifest marks, and the reader's own. */
export function keyImagesView(
  grant: ViewerGrant,
  notes: readonly KeyImageNote[],
): { groups: KeyImageGroup[]; marks: string[] } {
  const known = imagesOf(grant);
  const viewsOf = (uids: readonly string[]) => uids.flatMap((uid) => known.get(uid)?.view ?? []).slice(0, shownMax);
  const told = new Set(notes.flatMap(({ images }) => images));
  const others = [...known].filter(([uid, { isKeyImage }]) => isKeyImage && !told.has(uid)).map(([uid]) => uid);
  const groups = [
    { title: t.ownMarks, images: viewsOf([...grant.marks]) },
    ...notes.map(({ title, text, images }) => ({ title: titleOf(title), text, images: viewsOf(images) })),
    { title: t.keyImagesOfStudy, images: viewsOf(others) },
  ];
  return { groups: groups.filter(({ images }) => images.length > 0), marks: [...grant.marks] };
}

function imagesOf(grant: ViewerGrant): Map<string, { view: KeyImageView; isKeyImage: boolean }> {
  const images = new Map<string, { view: KeyImageView; isKeyImage: boolean }>();
  for (const { study } of grant.sources.values()) {
    for (const series of study.series) {
      for (const { sopInstanceUid: uid, instanceNumber, isKeyImage = false } of series.instances) {
        const label = [series.description, instanceNumber].filter((part) => part !== undefined).join(' – ');
        const address = `${imageAddress(grant, study.studyInstanceUid, series.seriesInstanceUid, uid)}/thumbnail`;
        images.set(uid, { view: { uid, label, address }, isKeyImage });
      }
    }
  }
  return images;
}
