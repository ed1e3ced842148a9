import { Lab } from '../lab/lab';
import type { Measure } from '../measure';
import { WadoClient } from '../client/wado-client';
import type { GatewayUnderTest } from '../lab/gateway';

export interface Rounds {
  readonly quick: number;
  readonly slow: number;
}

/** Measures that share their runs. */
export interface Group {
  readonly name: string;
  /** Identifiers of its measures, for `--only`. */
  readonly ids: readonly string[];
  run(lab: Lab, rounds: Rounds): Promise<Measure[]>;
}

export function seriesUrl(base: string, { studyInstanceUid, seriesInstanceUid }: Lab['study']): string {
  return `${base}/studies/${studyInstanceUid}/series/${seriesInstanceUid}`;
}

/**
 * A client of the gateway whose token was seen just before, as after the first request of an exchange: a refused request
 * (404) takes it to Pro Santé Connect.
 */
export async function admittedClient(gateway: GatewayUnderTest, studyInstanceUid: string): Promise<WadoClient> {
  const client = new WadoClient(await gateway.credentials(studyInstanceUid));
  await client.series(`${gateway.url}/studies/${studyInstanceUid}/series/2.25.404`).catch(() => undefined);
  return client;
}

/** Client of a reference behind mutual TLS. */
export async function referenceClient(gateway: GatewayUnderTest, studyInstanceUid: string): Promise<WadoClient> {
  const { tls } = await gateway.credentials(studyInstanceUid);
  return new WadoClient({ tls });
}
