import type { KeyKind, LeafUse, SubjectName } from './authority';

/** Which sandbox authority signs a certificate. `foreign` copies the names of `exchange`: only its keys differ. */
export type AuthorityName = 'exchange' | 'exchangeEc' | 'portal' | 'foreign';

export type Member = {
  authority: AuthorityName;
  subject: SubjectName;
  use: LeafUse;
  key: KeyKind;
  names?: string[];
  /** Days around now; the default is a certificate issued 30 days ago for three years. */
  validDays?: { from: number; to: number };
  /** Revoked from the start. */
  revoked?: true;
  /** Also written as PKCS#12 (AES) and legacy PKCS#12 (3DES); RSA keys only. */
  pkcs12?: true;
};

const local = ['localhost', '127.0.0.1', '::1'];
const home = { organisation: 'CENTRE HOSPITALIER DE DEMONSTRATION', state: 'Paris (75)', unit: '999900000000019' };
const remote = { organisation: 'CLINIQUE PAIRE DE DEMONSTRATION', state: 'Rhône (69)', unit: '999900000000027' };
const peer = { organisation: 'HÔPITAL D’ESSAI DES PAIRS', state: "Côte-d'Or (21)", unit: '999900000000035' };
const agency = { organisation: 'AGENCE DU NUMERIQUE EN SANTE', state: 'Paris (75)', unit: '318751275100020' };

function named(commonName: string, owner: { organisation: string; state: string; unit: string }): SubjectName {
  return { commonName, organisation: owner.organisation, units: [owner.unit], state: owner.state };
}

const gatewayNames = (host: string): string[] => [...local, host, 'db1.test', 'db2.test'];

/** OAuth client identifiers of the two gateways at the sandbox's Pro Santé Connect: the CN of their ORG_AUTH_CLI certificate. */
export const pscClientIds = { gateway: 'drimbox-demonstration', remote: 'drimbox-paire' } as const;

/** Every end certificate of the sandbox; the key is the base name of its files. */
export const members = {
  /** The gateway towards other gateways: server of the exchange listener and client of the others. */
  gateway: {
    authority: 'exchange',
    subject: named('db1.test.mesimagesmedicales.fr', home),
    use: 'serverAndClient',
    key: 'rsa',
    names: gatewayNames('db1.test.mesimagesmedicales.fr'),
    pkcs12: true,
  },
  gatewayEc: {
    authority: 'exchangeEc',
    subject: named('db1.test.mesimagesmedicales.fr', home),
    use: 'serverAndClient',
    key: 'ec',
    names: gatewayNames('db1.test.mesimagesmedicales.fr'),
  },
  /** A second hospital's gateway. */
  remote: {
    authority: 'exchange',
    subject: named('db2.test.mesimagesmedicales.fr', remote),
    use: 'serverAndClient',
    key: 'rsa',
    names: gatewayNames('db2.test.mesimagesmedicales.fr'),
    pkcs12: true,
  },
  /** ORG_AUTH_CLI towards Pro Santé Connect: CN is the client identifier, OU the structure. */
  pscClient: {
    authority: 'exchange',
    subject: named(pscClientIds.gateway, home),
    use: 'client',
    key: 'rsa',
    pkcs12: true,
  },
  remotePscClient: { authority: 'exchange', subject: named(pscClientIds.remote, remote), use: 'client', key: 'ec' },
  /** ORG_AUTH_CLI towards the DMP. */
  dmpClient: {
    authority: 'exchange',
    subject: named('DRIMbox', home),
    use: 'client',
    key: 'rsa',
    pkcs12: true,
  },
  remoteDmpClient: { authority: 'exchange', subject: named('DRIMbox', remote), use: 'client', key: 'ec' },
  /** ORG_SIGN: seals the VIHF and the submission sets (XAdES). */
  seal: { authority: 'exchange', subject: named('DRIMbox', home), use: 'seal', key: 'rsa', pkcs12: true },
  remoteSeal: { authority: 'exchange', subject: named('DRIMbox', remote), use: 'seal', key: 'rsa' },
  /** Signer of the white list, subject as on the real list. */
  whiteListSigner: { authority: 'exchange', subject: named('Liste Blanche DRIM-M', agency), use: 'seal', key: 'rsa' },
  syslogClient: { authority: 'exchange', subject: named('DRIMbox audit', home), use: 'client', key: 'ec' },
  risClient: { authority: 'exchange', subject: named('RIS de demonstration', home), use: 'client', key: 'ec' },
  /** The neighbours' servers. */
  dmpServer: {
    authority: 'exchange',
    subject: named('dmp.test', agency),
    use: 'server',
    key: 'ec',
    names: [...local, 'dmp.test'],
  },
  pscServer: {
    authority: 'exchange',
    subject: named('psc.test', agency),
    use: 'server',
    key: 'ec',
    names: [...local, 'psc.test'],
  },
  whiteListServer: {
    authority: 'exchange',
    subject: named('listeblanche.test', agency),
    use: 'server',
    key: 'ec',
    names: local,
  },
  syslogServer: {
    authority: 'exchange',
    subject: named('syslog.test', home),
    use: 'server',
    key: 'ec',
    names: [...local, 'syslog.test'],
  },
  pacsServer: {
    authority: 'exchange',
    subject: named('pacs.test', home),
    use: 'server',
    key: 'ec',
    names: [...local, 'pacs.test'],
  },
  /** Peers to try the exchange listener with. The accents and the apostrophe of `listed` are on purpose. */
  listed: {
    authority: 'exchange',
    subject: named('db3.test.mesimagesmedicales.fr', peer),
    use: 'serverAndClient',
    key: 'rsa',
    names: local,
  },
  listedEc: {
    authority: 'exchangeEc',
    subject: named('db3.test.mesimagesmedicales.fr', peer),
    use: 'serverAndClient',
    key: 'ec',
    names: local,
  },
  unlisted: {
    authority: 'exchange',
    subject: named('db4.test.mesimagesmedicales.fr', peer),
    use: 'serverAndClient',
    key: 'ec',
    names: local,
  },
  revoked: {
    authority: 'exchange',
    subject: named('db3.test.mesimagesmedicales.fr', peer),
    use: 'serverAndClient',
    key: 'ec',
    names: local,
    revoked: true,
  },
  expired: {
    authority: 'exchange',
    subject: named('db3.test.mesimagesmedicales.fr', peer),
    use: 'serverAndClient',
    key: 'ec',
    names: local,
    validDays: { from: -1100, to: -1 },
  },
  /** Same subject as `listed`, same issuer name, other authority. */
  foreign: {
    authority: 'foreign',
    subject: named('db3.test.mesimagesmedicales.fr', peer),
    use: 'serverAndClient',
    key: 'ec',
    names: local,
  },
  /** What browsers see. */
  portal: {
    authority: 'portal',
    subject: { commonName: 'localhost', organisation: home.organisation, state: home.state },
    use: 'server',
    key: 'ec',
    names: [...local, 'portail.test', 'vi1.test.mesimagesmedicales.fr'],
  },
} satisfies Record<string, Member>;

export type MemberName = keyof typeof members;

export const memberNames = Object.keys(members) as MemberName[];

/** The member with its optional fields visible to the type checker. */
export function memberOf(name: MemberName): Member {
  return members[name];
}
