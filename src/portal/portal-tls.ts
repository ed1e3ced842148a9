import type { Server } from 'node:https';
import type { INestApplication } from '@nestjs/common';
import type { HttpsOptions } from '@nestjs/common/interfaces/external/https-options.interface';
import type { ConfigOf } from '../platform/config';
import { MaterialSource, PkiService, TlsMaterial } from '../platform/pki';
import type { portalConfig } from './portal.config';

type PortalConfig = ConfigOf<typeof portalConfig>;

/** Key and certificate that browsers see: PEM, possibly encrypted, or one PKCS#12. */
export function portalMaterial(config: PortalConfig): MaterialSource {
  const { certificateFile, keyFile, pkcs12File, keyPassphraseFile: passphraseFile } = config;
  return { name: 'portal', certificateFile, keyFile, pkcs12File, passphraseFile, anchorFiles: [] };
}

/** What the server is made with: TLS 1.2 and 1.3, no renegotiation. The application does not exist yet. */
export async function portalTls(config: PortalConfig): Promise<HttpsOptions> {
  const material = await TlsMaterial.load(portalMaterial(config), { use: 'webServer', pollMs: 0 });
  // Nest hands these to node:https as they are.
  return material.contextOptions();
}

/** From now on the portal takes renewed files without a restart, and health tells when its certificate is near its end. */
export async function followPortalFiles(app: INestApplication, config: PortalConfig): Promise<void> {
  const material = await app.get(PkiService, { strict: false }).material(portalMaterial(config), { use: 'webServer' });
  material.bindServer(app.getHttpServer() as Server);
}
