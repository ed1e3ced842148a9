import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import supertest from 'supertest';
import type TestAgent from 'supertest/lib/agent';
import { Agent } from 'undici';
import { gatewaySettings } from '../../sandbox/gateway-settings';
import { Neighbours, startNeighbours } from '../../sandbox/neighbours';
import { SandboxPorts, sandboxPorts } from '../../sandbox/ports';
import { AppModule, configSlices } from '../../src/app.module';
import { loadConfig } from '../../src/platform/config';
import { configureLogging } from '../../src/platform/logging';
import { setupPortal } from '../../src/portal';
import { LoginRobot } from './psc-bench';

/** The whole gateway in this process, on the embedded database, among the sandbox's neighbours (without a PACS). */
export interface PortalBench {
  readonly app: NestExpressApplication;
  readonly neighbours: Neighbours;
  readonly ports: SandboxPorts;
  /** Address of the portal, as browsers use it. */
  readonly url: string;
  /** Lines of the log so far. */
  readonly log: readonly string[];
  /** A browser reduced to cookies, not logged in. */
  visitor(): TestAgent;
  /** One that went through the login page of Pro Santé Connect. */
  loggedIn(username: string, next?: string): Promise<TestAgent>;
  /** Logs this browser in; gives the answer to its return from Pro Santé Connect. */
  login(agent: TestAgent, username: string, next?: string): Promise<supertest.Response>;
  close(): Promise<void>;
}

/** The form mark in a page that the agent may see. */
export async function formMark(agent: TestAgent): Promise<string> {
  const page = await agent.get('/').set('Accept', 'text/html');
  return /name="_csrf" value="([^"]+)"/.exec(page.text)?.[1] ?? '';
}

/** @param settings further settings of the gateway; they win. `undefined` leaves one out. */
export async function startPortalBench(
  settings: Readonly<Record<string, string | undefined>> = {},
): Promise<PortalBench> {
  const dataDir = mkdtempSync(join(tmpdir(), 'drimbox-portal-'));
  const ports = await sandboxPorts(0);
  const neighbours = await startNeighbours(dataDir, ports);
  const pacs = { kind: 'external', host: '127.0.0.1', port: ports.pacs, aeTitle: 'PACS' };
  const environment = {
    ...gatewaySettings({ dataDir, database: 'embedded', ports, neighbours, pacs }),
    DRIMBOX_PORTAL_LOGINS_PER_MINUTE: '10000',
    ...settings,
  };
  const log: string[] = [];
  configureLogging({ level: 'info', destination: { write: (line: string) => void log.push(line) } });
  const config = loadConfig(configSlices, environment, { production: false });
  const { portal } = neighbours.pki.members;
  const httpsOptions = { cert: readFileSync(portal.cert), key: readFileSync(portal.key) };
  const app = await NestFactory.create<NestExpressApplication>(AppModule.of(config), {
    logger: false,
    abortOnError: false,
    bodyParser: false,
    httpsOptions,
  });
  setupPortal(app);
  await app.listen(ports.portal, '127.0.0.1');
  const ca = readFileSync(neighbours.pki.portalCa);
  const visitor = () => supertest.agent(`https://localhost:${ports.portal}`, { ca });
  const login: PortalBench['login'] = async (agent, username, next = '/') => {
    const away = await agent.get('/login').query({ next });
    const robot = new LoginRobot(neighbours.psc.issuer, ca);
    const query = await robot.login(new URL(away.headers.location ?? ''), username, username);
    await robot.close();
    return agent.get(`/login/callback?${query}`).set('Accept', 'text/html');
  };
  return {
    app,
    neighbours,
    ports,
    url: `https://localhost:${ports.portal}`,
    log,
    visitor,
    login,
    loggedIn: async (username, next) => {
      const agent = visitor();
      await login(agent, username, next);
      return agent;
    },
    close: async () => {
      await app.close();
      await neighbours.stop();
      if (existsSync(dataDir)) rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

/** An HTTP client that trusts the portal. */
export function portalClient(bench: PortalBench): Agent {
  return new Agent({ connect: { ca: readFileSync(bench.neighbours.pki.portalCa) } });
}
