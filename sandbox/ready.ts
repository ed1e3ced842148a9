import type { LoadedStudy } from './load-studies';
import type { Neighbours } from './neighbours';
import type { MemberFiles } from './pki';
import type { SandboxPorts } from './ports';

export const exchangeBasePath = '/drimbox/rs';

export interface PacsFacts {
  readonly kind: string;
  readonly host: string;
  readonly port: number;
  readonly aeTitle: string;
  readonly dicomweb?: string;
}

export interface ReadyParts {
  readonly ports: SandboxPorts;
  readonly neighbours: Neighbours;
  readonly pacs: PacsFacts;
  readonly studies: readonly (LoadedStudy & { kosSopInstanceUid: string })[];
  /** Studies of the other hospital, when it was started. */
  readonly remoteStudies?: ReadyParts['studies'];
}

const files = ({ cert, key, dn }: MemberFiles) => ({ cert, key, dn });

function studyOf(study: ReadyParts['studies'][number]) {
  const { studyInstanceUid, accessionNumber, kosSopInstanceUid, objects, patient } = study;
  const seriesInstanceUids = [...new Set(objects.map((object) => object.seriesInstanceUid))];
  return {
    studyInstanceUid,
    accessionNumber,
    kosSopInstanceUid,
    seriesInstanceUids,
    instances: objects.length,
    patient,
  };
}

/** The `ready.json` of the contract. */
export function readyFacts({ ports, neighbours, pacs, studies, remoteStudies }: ReadyParts) {
  const { pki, psc, dmp, whiteList, risPage, syslog } = neighbours;
  const { listed, unlisted, revoked, expired, foreign } = pki.members;
  const portal = `https://localhost:${ports.portal}`;
  return {
    portal: { url: portal, contextualCall: `${portal}/contextual-call`, risPage: risPage.url },
    source: {
      url: `https://localhost:${ports.exchange}${exchangeBasePath}`,
      viewer: `${portal}/IHEInvokeImageDisplay`,
    },
    hl7: { host: '127.0.0.1', port: ports.hl7, tlsPort: ports.hl7Tls },
    dicom: { host: '127.0.0.1', port: ports.dicom, aeTitle: 'DRIMBOX' },
    pacs,
    dmp: { url: dmp.url, documents: dmp.documentsUrl },
    psc: {
      issuer: psc.issuer,
      clientId: 'drimbox-demonstration',
      users: psc.users.map(({ username, password, rpps }) => ({ username, password, rpps })),
      accessToken: `${psc.tokenAddress}${psc.users[0]?.username ?? ''}`,
    },
    whiteList: { url: whiteList.url },
    syslog: { received: syslog.received },
    portalCa: pki.portalCa,
    exchangeCa: pki.exchangeCa,
    peers: {
      listed: files(listed),
      unlisted: files(unlisted),
      revoked: files(revoked),
      expired: files(expired),
      foreign: files(foreign),
    },
    studies: studies.map(studyOf),
    remote: remoteStudies && {
      source: { url: `https://localhost:${ports.remoteExchange}${exchangeBasePath}` },
      studies: remoteStudies.map(studyOf),
    },
    metrics: `http://127.0.0.1:${ports.internal}/metrics`,
    health: `http://127.0.0.1:${ports.internal}/health`,
  };
}

export type ReadyFacts = ReturnType<typeof readyFacts>;
