import { open } from 'node:fs/promises';
import type { EntityManager } from 'typeorm';
import { GatewayError } from '../../platform/errors';
import { manifestLimits } from '../../standards/manifest';
import { archiveErrors } from './archive.errors';
import type { PutOptions, PutResult } from './archive.types';
import type { ManifestArchive } from './manifest-archive';

/** What `manifest import` says it did; nothing in it names the patient. */
export interface ImportedManifest {
  outcome: PutResult['outcome'];
  kosSopInstanceUid: string;
  studyInstanceUid: string;
  replacedKosSopInstanceUid?: string;
  series: { seriesInstanceUid: string; modality?: string; instances: number }[];
  instances: number;
  bytes: number;
}

/**
 * Validates the manifest in a file and makes it the current one of its study, in place of whichever was. With `manager`, it is
 * part of the caller's transaction.
 * @throws GatewayError `notAManifest`, `sameUidOtherContent`; a file that cannot be read keeps its system error
 */
export async function importManifest(
  archive: Pick<ManifestArchive, 'put'>,
  file: string,
  options: PutOptions = {},
  manager?: EntityManager,
): Promise<ImportedManifest> {
  const raw = await readBounded(file);
  const put = await archive.put(raw, { replaces: 'any', ...options }, manager);
  const { outcome, manifest, replacedKosSopInstanceUid } = put;
  const series = manifest.studies.flatMap((study) => study.series);
  return {
    outcome,
    kosSopInstanceUid: manifest.sopInstanceUid,
    studyInstanceUid: manifest.studies[0].studyInstanceUid,
    replacedKosSopInstanceUid,
    series: series.map(({ seriesInstanceUid, modality, instances }) => ({
      seriesInstanceUid,
      modality,
      instances: instances.length,
    })),
    instances: series.reduce((sum, one) => sum + one.instances.length, 0),
    bytes: raw.length,
  };
}

async function readBounded(file: string): Promise<Buffer> {
  const handle = await open(file, 'r');
  try {
    const { size } = await handle.stat();
    if (size > manifestLimits.bytesMax) throw new GatewayError(archiveErrors.notAManifest, { detail: 'too-large' });
    return await handle.readFile();
  } finally {
    await handle.close();
  }
}

/** The sentence for the operator. */
export function describeImport(imported: ImportedManifest): string {
  const done = {
    stored: 'stored',
    replaced: `stored in place of ${imported.replacedKosSopInstanceUid ?? 'another'}`,
    kept: 'already stored',
  }[imported.outcome];
  return (
    `manifest ${imported.kosSopInstanceUid} ${done}: study ${imported.studyInstanceUid}, ` +
    `${imported.series.length} series, ${imported.instances} instances`
  );
}
