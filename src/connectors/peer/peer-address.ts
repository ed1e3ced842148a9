import { GatewayError } from '../../platform/errors';
import { isUid } from '../../standards/dicom';
import { peerErrors } from './peer.errors';

export interface SeriesAddress {
  /** RetrieveURL of the manifest. */
  readonly retrieveUrl: string;
  readonly studyInstanceUid: string;
  readonly seriesInstanceUid: string;
  /** One instance of the series. */
  readonly sopInstanceUid?: string;
}

const urlCharactersMax = 2_048;

/**
 * The address to ask: https, without credentials, query or fragment, and truly of this series (a manifest could otherwise
 * make us ask a listed gateway for anything).
 * @throws GatewayError `addressInvalid`
 */
export function peerAddress({ retrieveUrl, studyInstanceUid, seriesInstanceUid, sopInstanceUid }: SeriesAddress): URL {
  const invalid = (detail: string) => new GatewayError(peerErrors.addressInvalid, { detail });
  if (retrieveUrl.length > urlCharactersMax || !URL.canParse(retrieveUrl)) throw invalid('not a URL');
  const url = new URL(retrieveUrl);
  if (url.protocol !== 'https:') throw invalid('not https');
  if (url.username || url.password || url.search || url.hash) throw invalid('credentials, query or fragment');
  if (![studyInstanceUid, seriesInstanceUid, ...(sopInstanceUid === undefined ? [] : [sopInstanceUid])].every(isUid)) {
    throw invalid('not a UID');
  }
  url.pathname = url.pathname.replace(/\/+$/, '');
  if (!url.pathname.endsWith(`/studies/${studyInstanceUid}/series/${seriesInstanceUid}`)) {
    throw invalid('not the address of the series');
  }
  if (sopInstanceUid !== undefined) url.pathname += `/instances/${sopInstanceUid}`;
  return url;
}
