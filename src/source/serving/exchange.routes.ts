import type { Exchange, RawRoute } from '../../platform/http';
import { type HealthReport, HealthRegistry } from '../../platform/health';
import { capabilitiesXml } from './capabilities';
import { WadoService } from './wado.service';

export interface ExchangeRouteParts {
  readonly basePath: string;
  readonly wado: WadoService;
  readonly health: HealthRegistry;
}

/**
 * Every route of the exchange listener. All of them are for peers: the TLS layer has checked the certificate and the
 * listener's guard the white list before a route is chosen; each one adds what it needs.
 */
export function exchangeRoutes({ basePath, wado, health }: ExchangeRouteParts): RawRoute[] {
  const studies = `${basePath}/studies`;
  const isBase = (path: string) => path === basePath || path === `${basePath}/`;
  return [
    {
      name: 'wado-rs',
      method: 'GET',
      access: 'peer',
      matches: (path) => path.startsWith(`${studies}/`),
      handle: (exchange) => {
        exchange.response.setHeader('X-Correlation-Id', exchange.correlationId);
        return wado.serve(exchange, exchange.path.slice(basePath.length));
      },
    },
    {
      name: 'capabilities',
      method: 'OPTIONS',
      access: 'peer',
      matches: (path) => path === studies || path === `${studies}/`,
      handle: async (exchange) => {
        answer(exchange, 200, 'application/vnd.sun.wadl+xml', capabilitiesXml(basePath), { Allow: 'GET, OPTIONS' });
      },
    },
    {
      name: 'healthcheck',
      method: 'GET',
      access: 'peer',
      matches: isBase,
      handle: async (exchange) => {
        const up = canServe(await health.recent());
        answer(exchange, up ? 200 : 503, 'application/json', JSON.stringify({ status: up ? 'UP' : 'DOWN' }));
      },
    },
  ];
}

/** What a peer asks: are there images to be had here? The gateway is ready, and of its PACS one at least answers. */
export function canServe(reports: readonly HealthReport[]): boolean {
  const pacs = reports.filter(({ name }) => name.startsWith('pacs-'));
  return HealthRegistry.isReady(reports) && (pacs.length === 0 || pacs.some(({ level }) => level !== 'down'));
}

function answer(
  exchange: Exchange,
  status: number,
  type: string,
  body: string,
  headers: Record<string, string> = {},
): void {
  exchange.response.writeHead(status, {
    'Content-Type': type,
    'Content-Length': Buffer.byteLength(body),
    'Cache-Control': 'no-store',
    'X-Correlation-Id': exchange.correlationId,
    ...headers,
  });
  exchange.response.end(body);
}
