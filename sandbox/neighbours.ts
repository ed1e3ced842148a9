import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { startSandboxDmp, SandboxDmp } from './dmp';
import { createSandboxPki, MemberFiles, PkiServer, pscClientIds, SandboxPki, startPkiServer } from './pki';
import { demoPatients } from './demo-data';
import { SandboxPorts } from './ports';
import { SandboxPsc, startSandboxPsc } from './psc';
import { RisPage, startRisPage } from './ris';
import { SandboxSyslog, startSandboxSyslog } from './syslog';
import { ListSigner, startWhiteListServer, WhiteListServer } from './whitelist';

/** Every national neighbour, each speaking its real protocol on 127.0.0.1. */
export interface Neighbours {
  readonly pki: SandboxPki;
  readonly pkiServer: PkiServer;
  readonly whiteList: WhiteListServer;
  readonly psc: SandboxPsc;
  readonly dmp: SandboxDmp;
  readonly risPage: RisPage;
  readonly syslog: SandboxSyslog;
  stop(): Promise<void>;
}

const tlsOf = (member: MemberFiles) => ({
  cert: readFileSync(member.cert, 'utf8'),
  key: readFileSync(member.key, 'utf8'),
});

function signerOf(member: MemberFiles): ListSigner {
  const pems =
    readFileSync(member.cert, 'utf8').match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  const [certificate, ...chain] = pems.map((pem) => new X509Certificate(pem).raw);
  if (!certificate) throw new Error('the signer of the white list has no certificate');
  return { key: createPrivateKey(readFileSync(member.key)), certificate, chain };
}

function listed(pki: SandboxPki) {
  const { gateway, remote, listed: peer } = pki.members;
  return [
    {
      db: 'db1.test.mesimagesmedicales.fr',
      vi: 'vi1.test.mesimagesmedicales.fr',
      denomination: 'DRIMbox de demonstration',
      dn: gateway.dn,
    },
    // The consumer compares the host of a manifest's addresses with the list: on one machine that host is localhost.
    { db: 'localhost', vi: 'localhost', denomination: 'DRIMbox paire', dn: remote.dn },
    { db: 'db3.test.mesimagesmedicales.fr', denomination: 'Pair de test', dn: peer.dn },
  ];
}

/** What a gateway's portal declares at Pro Santé Connect. */
function portalAddresses(port: number) {
  const portal = `https://localhost:${port}`;
  return {
    redirectUris: [`${portal}/login/callback`],
    postLogoutRedirectUris: [`${portal}/`],
    backchannelLogoutUri: `${portal}/login/backchannel-logout`,
  };
}

/** Starts them all; the certificates are made first, or reused when the data folder has valid ones. */
export async function startNeighbours(dataDir: string, ports: SandboxPorts): Promise<Neighbours> {
  const pkiDir = join(dataDir, 'pki');
  const pkiServer = await startPkiServer({ dir: pkiDir, port: ports.pki });
  const pki = await createSandboxPki({ dir: pkiDir, baseUrl: pkiServer.url });
  const { members } = pki;
  const clientCa = readFileSync(pki.exchangeCa, 'utf8');
  const [whiteList, psc, dmp, risPage, syslog] = await Promise.all([
    startWhiteListServer({
      port: ports.whiteList,
      tls: tlsOf(members.whiteListServer),
      signer: signerOf(members.whiteListSigner),
      gateways: listed(pki),
    }),
    startSandboxPsc({
      port: ports.psc,
      hostName: 'localhost',
      // Browsers come here too: with the portal's certificate one authority is enough for them.
      tls: tlsOf(members.portal),
      clientCa: [clientCa],
      clients: [
        {
          clientId: pscClientIds.gateway,
          subjectDn: members.pscClient.dn,
          certificatePem: readFileSync(members.pscClient.cert, 'utf8'),
          ...portalAddresses(ports.portal),
        },
        {
          clientId: pscClientIds.remote,
          subjectDn: members.remotePscClient.dn,
          certificatePem: readFileSync(members.remotePscClient.cert, 'utf8'),
          ...portalAddresses(ports.remotePortal),
        },
      ],
      logoutCa: readFileSync(pki.portalCa, 'utf8'),
    }),
    startSandboxDmp({
      port: ports.dmp,
      documentsPort: ports.dmpDocuments,
      tls: tlsOf(members.dmpServer),
      clientCa,
      dataDir: join(dataDir, 'dmp'),
    }),
    startRisPage({
      port: ports.risPage,
      tls: tlsOf(members.portal),
      contextualCall: `https://localhost:${ports.portal}/contextual-call`,
      patients: [
        { ...demoPatients.thorax, appointment: 'Scanner thoracique de contrôle' },
        { ...demoPatients.head, appointment: 'IRM cérébrale' },
        { ...demoPatients.abdomen, appointment: 'Échographie abdominale' },
      ],
    }),
    startSandboxSyslog({
      port: ports.syslog,
      messagesPort: ports.syslogMessages,
      tls: tlsOf(members.syslogServer),
      clientCa,
    }),
  ]);
  const stop = async () => {
    await Promise.allSettled([
      whiteList.close(),
      psc.close(),
      dmp.close(),
      risPage.close(),
      syslog.close(),
      pkiServer.close(),
    ]);
  };
  return { pki, pkiServer, whiteList, psc, dmp, risPage, syslog, stop };
}
