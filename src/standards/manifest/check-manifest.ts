import type { IssuedIdentifier, Manifest, ManifestStudy } from './manifest';
import { manifestLimits } from './read-manifest';
import { isUid } from './uid';

/** Why a manifest cannot be written. */
export type ManifestFault =
  | 'no-instances'
  | 'invalid-uid'
  | 'duplicate-instance'
  | 'too-many-references'
  | 'no-ins'
  | 'accession-number'
  | 'placer-order-number'
  | 'retrieve-address'
  | 'date'
  | 'mado-incomplete';

const accessionLengthMax = 16;
const orderLengthMax = 64;
const urlLengthMax = 2048;

/** First fault of a manifest about to be written, named without its value. */
export function manifestFault(manifest: Manifest): ManifestFault | undefined {
  if (!manifest.patient.ins?.matricule || !isUid(manifest.patient.ins.oid)) return 'no-ins';
  if (!/^\d{8}$/.test(manifest.createdDate) || !/^\d{6}$/.test(manifest.createdTime)) return 'date';
  if (!isUid(manifest.sopInstanceUid) || !isUid(manifest.seriesInstanceUid)) return 'invalid-uid';
  const instances = new Set<string>();
  for (const study of manifest.studies) {
    const fault = studyFault(study, instances);
    if (fault) return fault;
  }
  if (instances.size > manifestLimits.referencesMax) return 'too-many-references';
  return instances.size === 0 ? 'no-instances' : undefined;
}

function studyFault(study: ManifestStudy, instances: Set<string>): ManifestFault | undefined {
  if (!isUid(study.studyInstanceUid)) return 'invalid-uid';
  if (study.requests.some((request) => !fits(request.accession, accessionLengthMax))) return 'accession-number';
  if (study.requests.some((request) => !fits(request.placerOrder, orderLengthMax))) return 'placer-order-number';
  for (const series of study.series) {
    if (!isUid(series.seriesInstanceUid)) return 'invalid-uid';
    if (series.retrieveLocationUid !== undefined && !isUid(series.retrieveLocationUid)) return 'invalid-uid';
    if (series.retrieveUrl === undefined && series.retrieveLocationUid === undefined) return 'retrieve-address';
    if (series.retrieveUrl !== undefined && !isRetrieveUrl(series.retrieveUrl)) return 'retrieve-address';
    for (const instance of series.instances) {
      if (!isUid(instance.sopInstanceUid) || !isUid(instance.sopClassUid)) return 'invalid-uid';
      if (instances.has(instance.sopInstanceUid)) return 'duplicate-instance';
      instances.add(instance.sopInstanceUid);
      const marks = instance.keyImages ?? [];
      if (!marks.every((mark) => isUid(mark.sopInstanceUid) && isUid(mark.seriesInstanceUid))) return 'invalid-uid';
    }
  }
  return undefined;
}

function fits(identifier: IssuedIdentifier | undefined, lengthMax: number): boolean {
  if (!identifier) return true;
  if (identifier.issuerOid !== undefined && !isUid(identifier.issuerOid)) return false;
  return identifier.value.length <= lengthMax && !/[\p{Cc}\\]/u.test(identifier.value);
}

/** UR allows no space but trailing ones (PS3.5 table 6.2-1); the address is one of WADO-RS, so HTTP. */
function isRetrieveUrl(url: string): boolean {
  return url.length <= urlLengthMax && /^https?:\/\/[\x21-\x7e]+$/.test(url);
}

/** What IHE MADO makes mandatory beside (Rev. 1.1, 6.X.2): what a search or a display without images needs. */
export function madoFault(manifest: Manifest): ManifestFault | undefined {
  const known = [manifest.manufacturer, manifest.institution, manifest.timezoneOffset, manifest.targetRegions?.length];
  const complete = manifest.studies.every(
    ({ date, time, series }) => date && time && series.every(({ modality }) => modality),
  );
  return complete && known.every(Boolean) ? undefined : 'mado-incomplete';
}
