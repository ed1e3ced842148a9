import { join } from 'node:path';
import type { Neighbours } from './neighbours';
import { pscClientIds } from './pki';
import type { SandboxPorts } from './ports';
import { exchangeBasePath, PacsFacts } from './ready';

export interface SettingsParts {
  readonly dataDir: string;
  /** `embedded` or the address of a PostgreSQL. */
  readonly database: string;
  readonly ports: SandboxPorts;
  readonly neighbours: Neighbours;
  readonly pacs: PacsFacts;
}

/** Settings of the sandbox's own gateway: what an operator would write for the same neighbours. */
export function gatewaySettings({ dataDir, database, ports, neighbours, pacs }: SettingsParts): Record<string, string> {
  const { pki, psc, dmp, whiteList } = neighbours;
  const { members } = pki;
  return {
    DRIMBOX_MODE: 'sandbox',
    DRIMBOX_DATA_DIR: join(dataDir, 'gateway'),
    DRIMBOX_DATABASE_URL: database,
    DRIMBOX_INTERNAL_PORT: String(ports.internal),
    DRIMBOX_EXCHANGE_ENABLED: 'true',
    DRIMBOX_EXCHANGE_PORT: String(ports.exchange),
    DRIMBOX_EXCHANGE_BASE_PATH: exchangeBasePath,
    DRIMBOX_EXCHANGE_CERT_FILE: members.gateway.cert,
    DRIMBOX_EXCHANGE_KEY_FILE: members.gateway.key,
    DRIMBOX_EXCHANGE_CA_FILES: `${pki.exchangeCa},${pki.exchangeEcCa}`,
    DRIMBOX_CRL_URLS: ['ACI-EL-ORG', 'ACI-EL-ORG-RACINE', 'ACI-EC-ORG', 'ACI-EC-ORG-RACINE']
      .map((list) => `${neighbours.pkiServer.url}/CRL/${list}.crl`)
      .join(','),
    DRIMBOX_WHITELIST_URL: whiteList.url,
    DRIMBOX_WHITELIST_TLS_CA_FILE: pki.exchangeCa,
    DRIMBOX_WHITELIST_CA_FILES: pki.exchangeCa,
    DRIMBOX_PSC_ISSUER: psc.issuer,
    DRIMBOX_PSC_CLIENT_ID: pscClientIds.gateway,
    DRIMBOX_PSC_CERT_FILE: members.pscClient.cert,
    DRIMBOX_PSC_KEY_FILE: members.pscClient.key,
    DRIMBOX_PSC_CA_FILES: `${pki.exchangeCa},${pki.portalCa}`,
    DRIMBOX_DMP_URL: dmp.url,
    DRIMBOX_DMP_CA_FILES: pki.exchangeCa,
    DRIMBOX_DMP_STRUCTURES: JSON.stringify([
      {
        mode: 'EG',
        geographic: { id: '1999900001', name: 'CENTRE HOSPITALIER DE DEMONSTRATION' },
        fallback: true,
        sector: { code: 'SA01' },
        tls: { certificateFile: members.dmpClient.cert, keyFile: members.dmpClient.key },
        seal: { certificateFile: members.seal.cert, keyFile: members.seal.key },
      },
    ]),
    DRIMBOX_HL7_ENABLED: 'true',
    DRIMBOX_HL7_PORT: String(ports.hl7),
    DRIMBOX_HL7_TLS_PORT: String(ports.hl7Tls),
    DRIMBOX_HL7_TLS_CERT_FILE: members.gateway.cert,
    DRIMBOX_HL7_TLS_KEY_FILE: members.gateway.key,
    DRIMBOX_HL7_TLS_CA_FILES: pki.exchangeCa,
    DRIMBOX_INTAKE_INS_NATURES: 'nir,nia,nirTest',
    DRIMBOX_DICOM_AE_TITLE: 'DRIMBOX',
    DRIMBOX_DICOM_LISTEN: 'sandbox',
    DRIMBOX_DICOM_PORT: String(ports.dicom),
    DRIMBOX_PACS: JSON.stringify([
      { id: 'pacs', kind: 'dimse', host: pacs.host, port: pacs.port, aeTitle: pacs.aeTitle },
    ]),
    DRIMBOX_PORTAL_ENABLED: 'true',
    DRIMBOX_PORTAL_PORT: String(ports.portal),
    DRIMBOX_PORTAL_PUBLIC_URL: `https://localhost:${ports.portal}`,
    DRIMBOX_PORTAL_CERT_FILE: members.portal.cert,
    DRIMBOX_PORTAL_KEY_FILE: members.portal.key,
    DRIMBOX_PORTAL_ROLES: JSON.stringify({ '899900000017': ['operator', 'auditor', 'administrator'] }),
  };
}
