import { ConnectionOptions } from 'node:tls';
import { PkiService, TlsMaterial } from '../../platform/pki';
import { materialOf, PacsTlsFiles } from './pacs.config';

/** Loads and follows key material; `PkiService` does. */
export type MaterialLoader = Pick<PkiService, 'material'>;

/** Options of a TLS connection as they are at its beginning. */
export type TlsOptionsNow = () => ConnectionOptions;

/** TLS towards one PACS: its authorities, and our certificate when it wants one. */
export async function clientTls(name: string, files: PacsTlsFiles, pki: MaterialLoader): Promise<TlsOptionsNow> {
  const hasPair = files.cert !== undefined || files.pkcs12 !== undefined;
  const use = hasPair ? 'client' : 'anchorsOnly';
  const material = await pki.material(materialOf(name, files), { use, isJudgedByPeer: true });
  const expected = files.serverName === undefined ? {} : { servername: files.serverName };
  return () => ({ ...material.contextOptions(), ...expected, rejectUnauthorized: true });
}

/** TLS of our listener. Callers are asked for a certificate of the authorities. */
export function listenerTls(files: PacsTlsFiles, pki: MaterialLoader): Promise<TlsMaterial> {
  return pki.material(materialOf('dicom', files), { use: 'serverAndClient', isJudgedByPeer: true });
}
