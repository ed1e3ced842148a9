import { isManifestTitle, isPresentationState, isRejectionTitle, keyObjectSelectionClass } from './concepts';
import type { ManifestCode, ManifestSeries } from './manifest';

export interface SelectionPolicy {
  /** SOP classes never listed, whatever the rest says. */
  excludedSopClasses: readonly string[];
  /** Grayscale, colour and blending presentation states. */
  presentationStates: 'listed' | 'excluded';
  /** Key objects whose title was not read from the PACS: key images and manifests look alike from outside. */
  unreadKeyObjects: 'listed' | 'excluded';
}

export const defaultSelectionPolicy: SelectionPolicy = {
  excludedSopClasses: [],
  presentationStates: 'listed',
  unreadKeyObjects: 'excluded',
};

export type ExclusionReason =
  'excluded-class' | 'presentation-state' | 'manifest' | 'rejection-note' | 'unread-key-object';

export interface InstanceSelection {
  /** Series with at least one listed instance. */
  series: ManifestSeries[];
  excluded: { sopInstanceUid: string; reason: ExclusionReason }[];
}

/**
 * Which instances of a study its manifest lists: no manifest (ours or another's), no rejection note; key images stay.
 *
 * @param keyObjectTitles titles read from the key objects of the study, by SOP Instance UID
 */
export function selectInstances(
  series: readonly ManifestSeries[],
  policy: SelectionPolicy = defaultSelectionPolicy,
  keyObjectTitles: ReadonlyMap<string, ManifestCode> = new Map(),
): InstanceSelection {
  const excluded: InstanceSelection['excluded'] = [];
  const kept = series.map((one) => ({
    ...one,
    instances: one.instances.filter((instance) => {
      const title = keyObjectTitles.get(instance.sopInstanceUid);
      const reason = exclusionOf(instance.sopClassUid, title, policy);
      if (reason) excluded.push({ sopInstanceUid: instance.sopInstanceUid, reason });
      return !reason;
    }),
  }));
  return { series: kept.filter((one) => one.instances.length > 0), excluded };
}

function exclusionOf(
  sopClassUid: string,
  title: ManifestCode | undefined,
  policy: SelectionPolicy,
): ExclusionReason | undefined {
  if (policy.excludedSopClasses.includes(sopClassUid)) return 'excluded-class';
  if (policy.presentationStates === 'excluded' && isPresentationState(sopClassUid)) return 'presentation-state';
  if (sopClassUid !== keyObjectSelectionClass) return undefined;
  if (!title) return policy.unreadKeyObjects === 'excluded' ? 'unread-key-object' : undefined;
  if (isManifestTitle(title)) return 'manifest';
  return isRejectionTitle(title) ? 'rejection-note' : undefined;
}
