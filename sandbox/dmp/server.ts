import { X509Certificate } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { controlListener } from './control';
import { PatientStatuses } from './dmp-status';
import { ACTIONS, runExchange, type World } from './exchange';
import { FaultSwitch, type Fault } from './faults';
import { readBody } from './read-body';
import { Registry } from './registry';
import { seedReport, type SeededReport } from './seed';
import { FaultAnswer, faultAnswer, readSoapRequest, type SoapAnswer } from './soap-io';

export interface SandboxDmpOptions {
  /** SOAP listener; 0 for a free port. */
  port: number;
  /** Listener without client certificate: documents as JSON, contents, control. 0 or absent for a free port. */
  documentsPort?: number;
  host?: string;
  /** PEM. */
  tls: { key: string; cert: string };
  /** PEM bundle: authorities of the client certificates. */
  clientCa: string;
  /** PEM bundle: authorities of the seals; `clientCa` when absent. */
  sealCa?: string;
  dataDir: string;
  clock?: () => Date;
  /** OU of a legal entity's certificate -> structures it may publish for; any when absent. */
  structures?: Record<string, string[]>;
}

/** One request as it arrived, kept for tests (the last hundred). */
export interface ReceivedMessage {
  action: string;
  contentType: string;
  body: Buffer;
}

export interface SandboxDmp {
  /** Base of the services: `<url>/repository`, `/registry`, `/patients`. */
  url: string;
  documentsUrl: string;
  faults: FaultSwitch;
  patients: PatientStatuses;
  registry: Registry;
  received: ReceivedMessage[];
  /** Registers a report as its hospital's own channel would. */
  addReport(report: SeededReport): string;
  close(): Promise<void>;
}

const certificatesIn = (pem: string): X509Certificate[] =>
  (pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []).map(
    (one) => new X509Certificate(one),
  );

const listen = async (server: Server, port: number, host: string): Promise<number> => {
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, host, resolve));
  return (server.address() as AddressInfo).port;
};

const close = (server: Server): Promise<void> =>
  new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms).unref());

/** The answer of a request, before transport faults are applied to it. */
function answerTo(request: IncomingMessage, body: Buffer, world: World, fault: Fault | undefined): SoapAnswer {
  let messageId: string | undefined;
  try {
    const soap = readSoapRequest(request.headers['content-type'] ?? '', body);
    messageId = soap.messageId;
    const peer = (request.socket as TLSSocket).getPeerX509Certificate();
    if (!peer) throw new FaultAnswer('Sender', 'no client certificate');
    if (fault?.kind === 'soap-fault') throw new FaultAnswer('Receiver', 'told to fail', fault.code);
    return runExchange(world, soap, peer, fault);
  } catch (error) {
    const known =
      error instanceof FaultAnswer
        ? error
        : new FaultAnswer('Receiver', error instanceof Error ? error.name : 'failure');
    return faultAnswer(known, messageId);
  }
}

function send(response: ServerResponse, answer: SoapAnswer, fault: Fault | undefined): void {
  if (fault?.kind === 'drop-after-accept') return void response.destroy();
  if (fault?.kind === 'malformed')
    return void response.writeHead(200, { 'content-type': answer.contentType }).end('<not-an-envelope');
  response.writeHead(answer.status, { 'content-type': answer.contentType, 'content-length': answer.body.length });
  if (fault?.kind !== 'half-answer') return void response.end(answer.body);
  response.write(answer.body.subarray(0, Math.floor(answer.body.length / 2)), () => response.destroy());
}

const actionOf = (body: Buffer): string =>
  /<Action[^>]*>([^<]+)</.exec(body.subarray(0, 20_000).toString('latin1'))?.[1] ?? '';

/** Starts the registry and its two listeners; both stop with `close()`. */
export async function startSandboxDmp(options: SandboxDmpOptions): Promise<SandboxDmp> {
  const host = options.host ?? '127.0.0.1';
  const registry = new Registry(options.dataDir);
  const faults = new FaultSwitch();
  const patients = new PatientStatuses();
  const received: ReceivedMessage[] = [];
  const clock = options.clock ?? (() => new Date());
  const world: World = {
    registry,
    patients,
    clock,
    sealCa: certificatesIn(options.sealCa ?? options.clientCa),
    structures: options.structures,
  };

  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    if (faults.takeVanish()) return void request.socket.destroy();
    const body = await readBody(request);
    const action = actionOf(body);
    received.push({ action, contentType: request.headers['content-type'] ?? '', body });
    if (received.length > 100) received.shift();
    const fault = faults.take(ACTIONS[action]);
    if (fault?.kind === 'slow') await pause(fault.delayMs ?? 1000);
    if (fault?.kind === 'http')
      return void response.writeHead(fault.status ?? 503, { 'content-type': 'text/html' }).end('<html>busy</html>');
    send(response, answerTo(request, body, world, fault), fault);
  };

  const soap = createServer(
    { ...options.tls, ca: options.clientCa, requestCert: true, rejectUnauthorized: true, minVersion: 'TLSv1.2' },
    (request, response) => void serve(request, response).catch(() => response.destroy()),
  );
  const port = await listen(soap, options.port, host);
  const addReport = (report: SeededReport): string => seedReport(registry, report, clock());
  const control = controlListener(options.tls, { registry, faults, patients, addReport });
  const documentsPort = await listen(control, options.documentsPort ?? 0, host);
  return {
    url: `https://localhost:${String(port)}/si-dmp-server/v2/services`,
    documentsUrl: `https://localhost:${String(documentsPort)}/documents`,
    faults,
    patients,
    registry,
    received,
    addReport,
    close: async () => {
      await Promise.all([close(soap), close(control)]);
    },
  };
}
