import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Agent, Dispatcher, fetch } from 'undici';
import { createSandboxPki, pscClientIds, SandboxPki } from '../../sandbox/pki';
import { SandboxPsc, startSandboxPsc } from '../../sandbox/psc';
import { PscProvider } from '../../src/connectors/psc';
import { TlsMaterial } from '../../src/platform/pki';

/** A sandbox Pro Santé Connect over TLS, and a gateway's way to it. */
export interface PscBench {
  readonly pki: SandboxPki;
  readonly psc: SandboxPsc;
  readonly material: TlsMaterial;
  readonly agent: Dispatcher;
  readonly provider: PscProvider;
  readonly redirectUrl: string;
  /** A second provider for the same gateway, showing this member's certificate. */
  providerAs(member: 'remotePscClient' | 'foreign', clientId?: string): Promise<PscProvider>;
  close(): Promise<void>;
}

export async function startPscBench(
  options: { accessTokenSeconds?: number; backchannelLogoutUri?: string; timeoutMs?: number } = {},
): Promise<PscBench> {
  const dir = await mkdtemp(join(tmpdir(), 'psc-bench-'));
  const pki = await createSandboxPki({ dir, fast: true });
  const redirectUrl = 'https://portail.test/psc/callback';
  const ca = await readFile(pki.exchangeCa);
  const { pscClient, remotePscClient, pscServer } = pki.members;
  const psc = await startSandboxPsc({
    tls: { cert: await readFile(pscServer.cert), key: await readFile(pscServer.key) },
    clientCa: [ca],
    logoutCa: await readFile(pki.portalCa, 'utf8'),
    accessTokenSeconds: options.accessTokenSeconds,
    clients: [
      {
        clientId: pscClientIds.gateway,
        subjectDn: pscClient.dn,
        certificatePem: await readFile(pscClient.cert, 'utf8'),
        redirectUris: [redirectUrl],
        postLogoutRedirectUris: ['https://portail.test/'],
        backchannelLogoutUri: options.backchannelLogoutUri,
      },
      { clientId: pscClientIds.remote, subjectDn: remotePscClient.dn, redirectUris: [redirectUrl] },
    ],
  });
  const closers: (() => Promise<unknown> | void)[] = [() => psc.close()];
  const timeoutMs = options.timeoutMs ?? 30_000;
  const providerWith = async (member: 'pscClient' | 'remotePscClient' | 'foreign', clientId: string) => {
    const files = pki.members[member];
    const anchorFiles = [pki.exchangeCa, ...(member === 'foreign' ? [pki.foreignCa] : [])];
    const material = await TlsMaterial.load(
      { name: member, certificateFile: files.cert, keyFile: files.key, anchorFiles },
      { use: 'client', pollMs: 0 },
    );
    const agent = material.createAgent();
    closers.push(
      () => agent.destroy(),
      () => material.close(),
    );
    return {
      material,
      agent,
      provider: new PscProvider({ issuer: psc.issuer, clientId, dispatcher: agent, timeoutMs }),
    };
  };
  const own = await providerWith('pscClient', pscClientIds.gateway);
  return {
    pki,
    psc,
    redirectUrl,
    ...own,
    providerAs: async (member, clientId = pscClientIds.gateway) => (await providerWith(member, clientId)).provider,
    async close() {
      for (const end of closers.reverse()) await end();
      await rm(dir, { recursive: true });
    },
  };
}

/** A browser reduced to redirects, cookies and one form: follows the login and gives back the callback's query string. */
export class LoginRobot {
  private readonly cookies = new Map<string, string>();
  private readonly agent: Agent;

  constructor(
    private readonly origin: string,
    ca: Buffer,
  ) {
    this.agent = new Agent({ connect: { ca } });
  }

  async login(start: URL, username: string, password: string): Promise<string> {
    const arrived = await this.follow(await this.go(start.href));
    if (typeof arrived === 'string') return arrived;
    const action = /action="([^"]+)"/.exec(await arrived.text())?.[1];
    if (!action) throw new Error(`no login form: status ${arrived.status}`);
    const answer = await this.go(new URL(action, this.origin).href, new URLSearchParams({ username, password }));
    if (answer.status === 401) return 'wrong';
    const left = await this.follow(answer);
    if (typeof left !== 'string') throw new Error(`the login did not leave: status ${left.status}`);
    return left;
  }

  /** Follows redirects until a page of the provider, or until one leaves it: then the query string it leaves with. */
  async follow(first: Awaited<ReturnType<typeof fetch>>): Promise<string | Awaited<ReturnType<typeof fetch>>> {
    let answer = first;
    for (let hop = 0; hop < 8; hop++) {
      const location = answer.headers.get('location');
      if (!location) return answer;
      const next = new URL(location, this.origin);
      if (next.origin !== this.origin) return next.search.slice(1);
      answer = await this.go(next.href);
    }
    throw new Error('too many redirects');
  }

  async go(url: string, form?: URLSearchParams) {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const answer = await fetch(url, {
      method: form ? 'POST' : 'GET',
      body: form,
      redirect: 'manual',
      headers: { cookie },
      dispatcher: this.agent,
    });
    for (const line of answer.headers.getSetCookie()) {
      const [pair] = line.split(';', 1);
      const at = (pair ?? '').indexOf('=');
      this.cookies.set((pair ?? '').slice(0, at), (pair ?? '').slice(at + 1));
    }
    return answer;
  }

  close(): Promise<void> {
    return this.agent.destroy();
  }
}
