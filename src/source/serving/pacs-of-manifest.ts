import type { Pacs, PacsDirectory } from '../../connectors/pacs';
import { GatewayError } from '../../platform/errors';
import type { ServableManifest } from '../archive';
import { servingErrors } from './serving.errors';

/**
 * The PACS that held the study when its manifest was made; when none is configured under that name any more (it was renamed, or its
 * objects went to another), the first that holds the study now.
 * @throws GatewayError 410 when no PACS holds it
 */
export async function pacsOfManifest(
  directory: PacsDirectory,
  { pacsId, studyInstanceUid }: Pick<ServableManifest, 'pacsId' | 'studyInstanceUid'>,
  signal: AbortSignal,
): Promise<Pacs> {
  const named = directory.all.find(({ id }) => id === pacsId);
  if (named) return named;
  if (directory.all.length === 1) return directory.all[0];
  const found = await directory.locateStudy(studyInstanceUid, signal);
  if (!found) throw new GatewayError(servingErrors.gone);
  return found;
}
