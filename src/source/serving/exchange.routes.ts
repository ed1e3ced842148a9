import { GatewayError } from '../../platform/errors';
import type { Exchange, RawRoute } from '../../platform/http';
import { HealthRegistry } from '../../platform/health';
import { parseWadoPath } from '../../standards/dicomweb';
import { capabilitiesXml } from './capabilities';
import { AdmissionService } from './admission/admission.service';
import { servingErrors } from './serving.errors';
import { WadoService } from './wado.service';

export interface ExchangeRouteParts {
  readonly basePath: string;
  readonly wado: WadoService;
  readonly admission: AdmissionService;
  readonly health: HealthRegistry;
}

/** Every route of the exchange listener. All of them are for peers: certificate, then white list, then what each one adds. */
export function exchangeRoutes({ basePath, wado, admission, health }: ExchangeRouteParts): RawRoute[] {
  const studies = `${basePath}/studies`;
  const isBase = (path: string) => path === basePath || path === `${basePath}/`;
  return [
    {
      name: 'wado-rs',
      method: 'GET',
      access: 'peer',
      matches: (path) => path.startsWith(`${studies}/`),
      handle: (exchange) => serveResource(exchange, basePath, wado),
    },
    {
      name: 'capabilities',
      method: 'OPTIONS',
      access: 'peer',
      matches: (path) => path === studies || path === `${studies}/`,
      handle: async (exchange) => {
        admission.checkPeer(exchange);
        answer(exchange, 200, 'application/vnd.sun.wadl+xml', capabilitiesXml(basePath), { Allow: 'GET, OPTIONS' });
      },
    },
    {
      name: 'healthcheck',
      method: 'GET',
      access: 'peer',
      matches: isBase,
      handle: async (exchange) => {
        admission.checkPeer(exchange);
        const ready = HealthRegistry.isReady(await health.report());
        answer(exchange, ready ? 200 : 503, 'application/json', JSON.stringify({ status: ready ? 'UP' : 'DOWN' }));
      },
    },
  ];
}

async function serveResource(exchange: Exchange, basePath: string, wado: WadoService): Promise<void> {
  const resource = parseWadoPath(exchange.path.slice(basePath.length));
  if (!resource.ok) throw new GatewayError(servingErrors.pathInvalid, { detail: resource.reason });
  exchange.response.setHeader('X-Correlation-Id', exchange.correlationId);
  await wado.serve(exchange, resource.value);
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
