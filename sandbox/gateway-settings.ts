import { join } from 'node:path';
import type { Neighbours } from './neighbours';
import { pscClientIds } from './pki';
import type { SandboxPorts } from './ports';
import { exchangeBasePath, PacsFacts } from './ready';

/** Which of the two hospitals of the sandbox: its certificates, its client identifier, its ports. */
export type Site = 'home' | 'remote';

const sites = {
  home: {
    member: 'gateway',
    psc: 'pscClient',
    pscId: pscClientIds.gateway,
    dmp: 'dmpClient',
    seal: 'seal',
    exchange: 'exchange',
    hl7: 'hl7',
    dicom: 'dicom',
    internal: 'internal',
    structure: { id: '1999900001', name: 'CENTRE HOSPITALIER DE DEMONSTRATION' },
  },
  remote: {
    member: 'remote',
    psc: 'remotePscClient',
    pscId: pscClientIds.remote,
    dmp: 'remoteDmpClient',
    seal: 'remoteSeal',
    exchange: 'remoteExchange',
    hl7: 'remoteHl7',
    dicom: 'remoteDicom',
    internal: 'remoteInternal',
    structure: { id: '1999900002', name: 'HOPITAL PAIR DE DEMONSTRATION' },
  },
} as const;

export interface SettingsParts {
  /** Default `home`. */
  readonly site?: Site;
  readonly dataDir: string;
  /** `embedded` or the address of a PostgreSQL. */
  readonly database: string;
  readonly ports: SandboxPorts;
  readonly neighbours: Neighbours;
  readonly pacs: PacsFacts;
}

/** Settings of the sandbox's own gateway: what an operator would write for the same neighbours. */
export function gatewaySettings({
  site = 'home',
  dataDir,
  database,
  ports,
  neighbours,
  pacs,
}: SettingsParts): Record<string, string> {
  const { pki, psc, dmp, whiteList } = neighbours;
  const { members } = pki;
  const own = sites[site];
  const gateway = members[own.member];
  return {
    DRIMBOX_MODE: 'sandbox',
    DRIMBOX_DATA_DIR: join(dataDir, own.member),
    DRIMBOX_DATABASE_URL: database,
    DRIMBOX_INTERNAL_PORT: String(ports[own.internal]),
    DRIMBOX_EXCHANGE_ENABLED: 'true',
    DRIMBOX_EXCHANGE_PORT: String(ports[own.exchange]),
    DRIMBOX_EXCHANGE_BASE_PATH: exchangeBasePath,
    DRIMBOX_EXCHANGE_CERT_FILE: gateway.cert,
    DRIMBOX_EXCHANGE_KEY_FILE: gateway.key,
    DRIMBOX_EXCHANGE_CA_FILES: `${pki.exchangeCa},${pki.exchangeEcCa}`,
    DRIMBOX_PEER_CERT_FILE: gateway.cert,
    DRIMBOX_PEER_KEY_FILE: gateway.key,
    DRIMBOX_PEER_CA_FILES: pki.exchangeCa,
    DRIMBOX_CRL_URLS: ['ACI-EL-ORG', 'ACI-EL-ORG-RACINE', 'ACI-EC-ORG', 'ACI-EC-ORG-RACINE']
      .map((list) => `${neighbours.pkiServer.url}/CRL/${list}.crl`)
      .join(','),
    DRIMBOX_WHITELIST_URL: whiteList.url,
    DRIMBOX_WHITELIST_TLS_CA_FILE: pki.exchangeCa,
    DRIMBOX_WHITELIST_CA_FILES: pki.exchangeCa,
    DRIMBOX_PSC_ISSUER: psc.issuer,
    DRIMBOX_PSC_CLIENT_ID: own.pscId,
    DRIMBOX_PSC_CERT_FILE: members[own.psc].cert,
    DRIMBOX_PSC_KEY_FILE: members[own.psc].key,
    DRIMBOX_PSC_CA_FILES: `${pki.exchangeCa},${pki.portalCa}`,
    DRIMBOX_DMP_URL: dmp.url,
    DRIMBOX_DMP_CA_FILES: pki.exchangeCa,
    DRIMBOX_DMP_STRUCTURES: JSON.stringify([
      {
        mode: 'EG',
        geographic: own.structure,
        fallback: true,
        sector: { code: 'SA01' },
        tls: { certificateFile: members[own.dmp].cert, keyFile: members[own.dmp].key },
        seal: { certificateFile: members[own.seal].cert, keyFile: members[own.seal].key },
      },
    ]),
    DRIMBOX_ATNA_ENABLED: 'true',
    DRIMBOX_ATNA_HOST: 'localhost',
    DRIMBOX_ATNA_PORT: String(ports.syslog),
    DRIMBOX_ATNA_CERT_FILE: members.syslogClient.cert,
    DRIMBOX_ATNA_KEY_FILE: members.syslogClient.key,
    DRIMBOX_ATNA_CA_FILES: pki.exchangeCa,
    DRIMBOX_ATNA_SOURCE_ID: `DRIMbox ${own.structure.name}`,
    DRIMBOX_ATNA_SITE_ID: own.structure.id,
    DRIMBOX_ATNA_POLL_MS: '500',
    DRIMBOX_HL7_ENABLED: 'true',
    DRIMBOX_HL7_PORT: String(ports[own.hl7]),
    DRIMBOX_INTAKE_INS_NATURES: 'nir,nia,nirTest',
    DRIMBOX_CALL_INS_NATURES: 'nir,nia,nirTest',
    DRIMBOX_DICOM_AE_TITLE: 'DRIMBOX',
    DRIMBOX_DICOM_LISTEN: 'sandbox',
    DRIMBOX_DICOM_PORT: String(ports[own.dicom]),
    DRIMBOX_PACS: JSON.stringify([
      { id: 'pacs', kind: 'dimse', host: pacs.host, port: pacs.port, aeTitle: pacs.aeTitle },
    ]),
    DRIMBOX_EXCHANGE_PUBLIC_URL: `https://localhost:${ports[own.exchange]}${exchangeBasePath}`,
    // A newcomer wants to see a report published in seconds: a hospital leaves time for corrections and late images.
    DRIMBOX_PUBLICATION_DELAY_SECONDS: '0',
    DRIMBOX_PUBLICATION_STABLE_SECONDS: '0',
    DRIMBOX_PUBLICATION_IMAGES_RETRY_SECONDS: '5',
    DRIMBOX_PUBLICATION_POLL_MS: '200',
    ...(site === 'home' ? homeSettings(neighbours, ports) : {}),
  };
}

/** What only the hospital where one looks has: the portal, and HL7 over TLS. */
function homeSettings({ pki }: Neighbours, ports: SandboxPorts): Record<string, string> {
  const { gateway, portal } = pki.members;
  return {
    DRIMBOX_HL7_TLS_PORT: String(ports.hl7Tls),
    DRIMBOX_HL7_TLS_CERT_FILE: gateway.cert,
    DRIMBOX_HL7_TLS_KEY_FILE: gateway.key,
    DRIMBOX_HL7_TLS_CA_FILES: pki.exchangeCa,
    DRIMBOX_PORTAL_ENABLED: 'true',
    DRIMBOX_PORTAL_PORT: String(ports.portal),
    DRIMBOX_PORTAL_PUBLIC_URL: `https://localhost:${ports.portal}`,
    DRIMBOX_PORTAL_CERT_FILE: portal.cert,
    DRIMBOX_PORTAL_KEY_FILE: portal.key,
    DRIMBOX_PORTAL_ROLES: JSON.stringify({ '899900000017': ['operator', 'auditor', 'administrator'] }),
  };
}
