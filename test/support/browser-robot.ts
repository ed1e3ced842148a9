import { readFileSync } from 'node:fs';
import supertest from 'supertest';
import type TestAgent from 'supertest/lib/agent';
import type { Sandbox } from '../../sandbox/start-sandbox';
import { LoginRobot } from './psc-bench';

type Portal = Pick<Sandbox, 'neighbours'> & { readonly portalUrl: string };

/** A browser reduced to cookies, at the portal of a gateway that runs as a process of its own. */
export class BrowserRobot {
  readonly agent: TestAgent;
  private readonly ca: Buffer;

  constructor(private readonly portal: Portal) {
    this.ca = readFileSync(portal.neighbours.pki.portalCa);
    this.agent = supertest.agent(portal.portalUrl, { ca: this.ca });
  }

  /** Goes through the login page of Pro Santé Connect. */
  async login(username: string, next = '/'): Promise<void> {
    const away = await this.agent.get('/login').query({ next });
    const robot = new LoginRobot(this.portal.neighbours.psc.issuer, this.ca);
    const query = await robot.login(new URL(away.headers.location ?? ''), username, username);
    await robot.close();
    await this.page(`/login/callback?${query}`);
  }

  page(path: string): supertest.Test {
    return this.agent.get(path).set('Accept', 'text/html');
  }

  /** Sends a form with the mark of this session. */
  async send(
    path: string,
    fields: Readonly<Record<string, string | readonly string[]>> = {},
  ): Promise<supertest.Response> {
    const _csrf = await this.mark();
    return this.agent
      .post(path)
      .type('form')
      .set('Accept', 'text/html')
      .send({ _csrf, ...fields });
  }

  /** Brings a file to an open patient. */
  async bring(path: string, bytes: Buffer): Promise<supertest.Response> {
    const mark = await this.mark();
    return this.agent
      .post(path)
      .set({ 'Content-Type': 'application/octet-stream', 'X-CSRF-Token': mark, Accept: 'application/json' })
      .send(bytes);
  }

  private async mark(): Promise<string> {
    const home = await this.page('/');
    return /name="_csrf" value="([^"]+)"/.exec(home.text)?.[1] ?? '';
  }
}
